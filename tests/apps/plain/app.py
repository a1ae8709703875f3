import hydra
from fit import fit
from omegaconf import DictConfig


@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg: DictConfig) -> float:
    return fit(cfg.x, offset=cfg.model.width + cfg.y)


if __name__ == "__main__":
    main()
