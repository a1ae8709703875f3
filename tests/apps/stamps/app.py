import hydra
from fit import fit
from omegaconf import DictConfig


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> float:
    return fit(cfg.x)


if __name__ == "__main__":
    main()
