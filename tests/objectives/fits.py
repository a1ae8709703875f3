"""Compose a config and fit it in this process."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.utils import execution_whitelist
from omegaconf import DictConfig, open_dict
from train import TRUSTED

from tests.commands import ROOT

Compose = Callable[..., DictConfig]


def fit(cfg: DictConfig) -> dict[str, float]:
    """Compute the config as a single run does, without a record."""
    from tunesmith.context import entered, job_context
    from tunesmith.objectives import Lightning

    with entered(job_context()):
        return Lightning().evaluate(cfg)


@pytest.fixture
def composed(tmp_path: Path) -> Iterator[Compose]:
    """Compose a config as Hydra does for a run, without running it."""

    def composed_(*overrides: str) -> DictConfig:
        cfg = compose("train", overrides=list(overrides), return_hydra_config=True)
        with open_dict(cfg):
            cfg.hydra.runtime.output_dir = str(tmp_path)
        HydraConfig.instance().set_config(cfg)
        return cfg

    with initialize_config_dir(str(ROOT / "conf")), execution_whitelist(TRUSTED):
        yield composed_
    HydraConfig.instance().cfg = None
