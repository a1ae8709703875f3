import hydra
from fit import fit
from omegaconf import DictConfig


@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg: DictConfig) -> tuple[float, float]:
    return fit(cfg.x), abs(cfg.x)


if __name__ == "__main__":
    main()
