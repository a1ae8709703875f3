"""What is checked of a search before and after it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hydra import initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from hydra.utils import execution_whitelist
from omegaconf import OmegaConf
from train import TRUSTED

from tests.commands import ROOT
from tunesmith.search.plan import Plan, make_plan
from tunesmith.search.probe import accepts
from tunesmith.search.settings import Settings


@pytest.mark.parametrize(
    ("search", "changes", "accepted"),
    [
        ("mlp", {}, True),
        ("mlp", {"model.n_nodes": "int(interval(1,64))"}, True),
        ("mlp", {"model.n_nodes": "int(interval(0,64))"}, False),
        ("mlp", {"optimizer": "adam"}, True),
        ("mlp", {"optimizer.lr": "interval(-0.1,0.1)"}, False),
        ("lightgbm", {"model.num_leaves": "tag(log,int(interval(2,64)))"}, True),
        ("lightgbm", {"model.num_leaves": "tag(log,int(interval(1,64)))"}, False),
        ("lightgbm", {"model.linear_tree": "true"}, True),
        ("lightgbm", {"model.feature_fraction": "interval(0.5,1.5)"}, False),
    ],
)
def test_advice_beyond_what_the_objective_takes_is_known(
    search: str, changes: dict[str, str], accepted: bool
) -> None:
    with planned(f"hparams_search={search}") as (plan, loader):
        assert accepts(plan, loader, changes) is accepted


@pytest.mark.parametrize(
    ("typed", "held"),
    [
        ("{x: 2, k: a}", {"x": 2, "k": "a"}),
        ('\'{"x": 2, "k": "a"}\'', {"x": 2, "k": "a"}),
        ("null", {}),
        ("{}", {}),
    ],
)
def test_what_stands_in_the_params_is_held_however_it_is_written(
    typed: str, held: dict[str, object]
) -> None:
    with planned("hparams_search=function", f"objective.params={typed}") as (plan, _):
        assert plan.held == held


@contextmanager
def planned(*arguments: str) -> Iterator[tuple[Plan, ConfigLoader]]:
    """The plan of a search, and what composes its configs."""
    with initialize_config_dir(str(ROOT / "conf")), execution_whitelist(TRUSTED):
        loader = GlobalHydra.instance().config_loader()
        config = loader.load_configuration("train", list(arguments), run_mode=RunMode.MULTIRUN)
        settings = {str(k): v for k, v in config.hydra.sweeper.items() if k != "_target_"}
        node = config.hydra.sweeper.params
        params = None if node is None else OmegaConf.to_container(node)
        read = Settings.of({**settings, "params": params})
        yield make_plan(config, settings=read, arguments=arguments, loader=loader), loader
