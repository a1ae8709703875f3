from pathlib import Path

import hydra
from fit import fit
from hydra.utils import get_original_cwd
from omegaconf import DictConfig


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> float:
    assert Path(cfg.out).resolve() == Path.cwd()
    assert (Path(get_original_cwd()) / "app.py").is_file()
    loss = fit(cfg.x)
    Path("loss.txt").write_text(str(loss))
    return loss


if __name__ == "__main__":
    main()
