"""What is checked of a search before and after it."""

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from hydra.utils import execution_whitelist
from omegaconf import OmegaConf
from train import TRUSTED

from tests.commands import ROOT
from tunesmith.search.plan import make_plan
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
    with initialize_config_dir(str(ROOT / "conf")), execution_whitelist(TRUSTED):
        loader = GlobalHydra.instance().config_loader()
        arguments = [f"hparams_search={search}"]
        config = loader.load_configuration("train", arguments, run_mode=RunMode.MULTIRUN)
        settings = {str(key): value for key, value in config.hydra.sweeper.items()}
        params = OmegaConf.to_container(config.hydra.sweeper.params)
        read = Settings.of({**settings, "params": params})
        plan = make_plan(config, settings=read, arguments=arguments, loader=loader)
        assert accepts(plan, loader, changes) is accepted
