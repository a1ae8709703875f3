"""The shape of a Lightning template, without Lightning."""

import logging
from pathlib import Path
from typing import Any

import hydra
from fit import fit
from hydra.utils import instantiate
from omegaconf import DictConfig

log = logging.getLogger(__name__)


class Net:
    def __init__(self, lr: float, net: Any) -> None:
        self.lr, self.net = lr, net


class CSVLogger:
    def __init__(self, save_dir: str, name: str) -> None:
        self.folder = Path(save_dir) / name
        self.folder.mkdir(parents=True, exist_ok=True)

    def log(self, text: str) -> None:
        with (self.folder / "metrics.csv").open("a") as file:
            file.write(f"{text}\n")


def train(cfg: DictConfig) -> dict[str, float]:
    assert (Path(cfg.data.data_dir) / "points.csv").is_file()
    model = instantiate(cfg.model)
    loggers = [instantiate(one) for one in (cfg.get("logger") or {}).values()]
    loss = fit(model.lr, offset=model.net.width)
    for logger in loggers:
        logger.log(f"loss,{loss}")
    return {"val/loss": loss, "val/acc_best": 1 / (1 + loss)}


@hydra.main(version_base="1.3", config_path="configs", config_name="train")
def main(cfg: DictConfig) -> float | None:
    metrics = train(cfg)
    if not cfg.get("optimized_metric"):
        return None
    return metrics[cfg.optimized_metric]


if __name__ == "__main__":
    main()
