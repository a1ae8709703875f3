"""Plan a search in this process, without computing anything."""

from collections.abc import Iterator
from contextlib import contextmanager

from hydra import initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from hydra.utils import execution_whitelist
from omegaconf import OmegaConf
from train import TRUSTED

from tests.commands import ROOT
from tunesmith.search.plan import Plan, make_plan
from tunesmith.search.settings import read_settings


@contextmanager
def planned(*arguments: str) -> Iterator[tuple[Plan, ConfigLoader]]:
    """Give the plan of `python train.py -m` with these arguments, and what composes configs."""
    with initialize_config_dir(str(ROOT / "conf")), execution_whitelist(TRUSTED):
        loader = GlobalHydra.instance().config_loader()
        config = loader.load_configuration("train", list(arguments), run_mode=RunMode.MULTIRUN)
        settings = {str(key): value for key, value in config.hydra.sweeper.items()}
        del settings["_target_"], settings["_recursive_"]
        node = config.hydra.sweeper.params
        params = None if node is None else OmegaConf.to_container(node)
        read = read_settings(config, {**settings, "params": params})
        task = list(config.hydra.overrides.task)
        yield make_plan(config, settings=read, arguments=task, loader=loader), loader
