from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import hydra
from fit import fit
from hydra.core.config_store import ConfigStore
from omegaconf import MISSING


class Kind(Enum):
    CONVEX = "convex"
    FLAT = "flat"


@dataclass
class Model:
    width: int = 1


@dataclass
class Deep(Model):
    depth: int = 3


@dataclass
class Config:
    defaults: list[Any] = field(default_factory=lambda: ["_self_", {"model": "shallow"}])
    model: Model = MISSING
    x: float = 1.0
    kind: Kind = Kind.CONVEX
    data: Path = Path("data.csv")


store = ConfigStore.instance()
store.store(name="main", node=Config)
store.store(group="model", name="shallow", node=Model)
store.store(group="model", name="deep", node=Deep)


@hydra.main(version_base="1.3", config_path=None, config_name="main")
def main(cfg: Config) -> float:
    assert isinstance(cfg.kind, Kind)
    assert isinstance(cfg.data, Path)
    return fit(cfg.x, offset=cfg.model.width)


if __name__ == "__main__":
    main()
