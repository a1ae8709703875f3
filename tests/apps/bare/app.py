import hydra
from fit import fit
from omegaconf import DictConfig


@hydra.main(version_base=None, config_path=None)
def main(cfg: DictConfig) -> float:
    return fit(cfg.x)


if __name__ == "__main__":
    main()
