"""The configs that trials get are those that Hydra composes, node by node."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import optuna
import pytest
from hydra import initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import DictConfig, Node, OmegaConf

from tests.commands import ROOT
from tests.search.plans import planned
from tunesmith.search.compose import remembering
from tunesmith.search.job import trial_overrides
from tunesmith.search.probe import compose_ends

SEARCHES = sorted(path.stem for path in (ROOT / "conf" / "hparams_search").glob("[!_]*.yaml"))
# What these need lies in the user's own files.
MORE = {
    "function": ["objective.file=mine.py"],
    "table": ["data.path=t.csv", "data.target=y"],
}
OPTIONS = sorted(
    f"{path.parent.name}={path.stem}"
    for path in (ROOT / "conf").glob("*/[!_]*.yaml")
    if path.parent.name not in ("hparams_search", "debug")
)


def difference(one: Any, other: Any, path: str = "") -> str | None:
    """Return where two nodes differ in kind, value, flags or types, None where they do nowhere."""
    if type(one) is not type(other):
        return f"{path}: {type(one)} is not {type(other)}"
    if not isinstance(one, Node):
        return None if one == other else f"{path}: {one!r} is not {other!r}"
    if vars(one._metadata) != vars(other._metadata):
        return f"{path}: {vars(one._metadata)} is not {vars(other._metadata)}"
    content, others = one._value(), other._value()
    if not isinstance(content, dict | list) or type(content) is not type(others):
        return difference(content, others, path)
    if isinstance(content, list):
        content, others = dict(enumerate(content)), dict(enumerate(others))
    if list(content) != list(others):
        return f"{path}: {list(content)} is not {list(others)}"
    for key, child in content.items():
        if child._get_parent() is not one or others[key]._get_parent() is not other:
            return f"{path}.{key} has another parent"
        if found := difference(child, others[key], f"{path}.{key}"):
            return found
    return None


@contextmanager
def loaded(*arguments: str) -> Iterator[tuple[ConfigLoader, ConfigLoader, DictConfig]]:
    """Give Hydra's loader, ours, and the multirun config of a command line."""
    with initialize_config_dir(str(ROOT / "conf")):
        hydra = GlobalHydra.instance().config_loader()
        config = hydra.load_configuration("train", [*arguments], run_mode=RunMode.MULTIRUN)
        yield hydra, remembering(hydra, config), config


@pytest.fixture
def composed_by_hydra(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Give the overrides of what is left to Hydra's own loader from now on."""
    asked: list[list[str]] = []
    compose = ConfigLoaderImpl.load_sweep_config

    def ask(self: ConfigLoaderImpl, config: DictConfig, overrides: list[str]) -> DictConfig:
        asked.append(overrides)
        return compose(self, config, overrides)

    monkeypatch.setattr(ConfigLoaderImpl, "load_sweep_config", ask)
    return asked


@pytest.mark.parametrize("search", SEARCHES)
def test_all_trials_of_a_search(search: str, composed_by_hydra: list[list[str]]) -> None:
    arguments = [f"hparams_search={search}", *MORE.get(search, []), "seed=3"]
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    with planned(*arguments) as (plan, hydra):
        ours = remembering(hydra, plan.config)
        overrides_of = partial(
            trial_overrides,
            space=plan.space,
            config=plan.config,
            drawn_key=plan.drawn_key,
            extend=None,
            extra=["n_threads=1"],
        )
        drawn = [overrides_of(study.ask()) for _ in range(12)]
        found = [ours.load_sweep_config(plan.config, overrides) for overrides in drawn]
        assert len(composed_by_hydra) < len(drawn)
        for overrides, config in zip(drawn, found, strict=True):
            expected = hydra.load_sweep_config(plan.config, overrides)
            assert difference(expected, config) is None
            del expected.hydra, config.hydra
            assert OmegaConf.to_yaml(expected) == OmegaConf.to_yaml(config)


@pytest.mark.parametrize("search", SEARCHES)
def test_the_ends_of_a_space_with_the_rest_at_default(search: str) -> None:
    with planned(f"hparams_search={search}", *MORE.get(search, [])) as (plan, hydra):
        ends = list(plan.space.ends())
        found = list(compose_ends(plan, hydra))
        assert len(found) == len(ends)
        for end, config in zip(ends, found, strict=True):
            expected = hydra.load_sweep_config(plan.config, plan.space.overrides(dict([end])))
            del expected.hydra, config.hydra
            assert OmegaConf.to_yaml(expected) == OmegaConf.to_yaml(config)


def test_the_ends_of_numbers_are_composed_once(composed_by_hydra: list[list[str]]) -> None:
    with planned("hparams_search=mlp") as (plan, hydra):
        composed_by_hydra.clear()
        list(compose_ends(plan, hydra))
    # One for the three numbers, and each of the two optimizers.
    assert len(composed_by_hydra) == 3


@pytest.mark.parametrize("option", OPTIONS)
def test_all_options(option: str, composed_by_hydra: list[list[str]]) -> None:
    with loaded() as (hydra, ours, config):
        for seed in (1, 2, 3):
            overrides = [option, f"seed={seed}", "paths.output_root=other"]
            found = ours.load_sweep_config(config, overrides)
            del composed_by_hydra[1:]
            assert difference(hydra.load_sweep_config(config, overrides), found) is None
        assert composed_by_hydra[0] == [option, "seed=1", "paths.output_root=other"]


PAIRS = {
    "numbers": (["optimizer.lr=0.1", "seed=1"], ["optimizer.lr=1", "seed=2"], 1),
    "kinds": (["data.batch_size=8"], ["data.batch_size=full"], 1),
    "a flag": (["refit=true"], ["refit=false"], 1),
    "an added key": (["+model.extra=1"], ["+model.extra=2"], 1),
    "a forced key": (["++model.n_layers=1"], ["++model.n_layers=2"], 1),
    "a quoted text": (["tags=a", "seed='1 2'"], ["tags=a", "seed='3, 4'"], 1),
    "another number in a group's option": (
        ["optimizer=sgd", "optimizer.lr=0.1"],
        ["optimizer=sgd", "optimizer.lr=0.2"],
        1,
    ),
    "a key of a trainer": (["trainer.max_epochs=3"], ["trainer.max_epochs=4"], 1),
    "another option": (["optimizer=sgd"], ["optimizer=adam"], 2),
    "null and a number": (["seed=null"], ["seed=1"], 2),
    "lists": (["tags=[a]"], ["tags=[b]"], 2),
    "a section": (["optimizer={lr:0.1}"], ["optimizer={lr:0.2}"], 2),
    "a section over a number": (
        ["optimizer.lr=0.1", "optimizer={lr:0.3}"],
        ["optimizer.lr=0.2", "optimizer={lr:0.3}"],
        2,
    ),
    "a section after a blank, over a number": (
        ["optimizer=sgd", "optimizer.lr=0.1", "optimizer= {lr:0.3}"],
        ["optimizer=sgd", "optimizer.lr=0.2", "optimizer= {lr:0.3}"],
        2,
    ),
    "the same key twice": (["seed=1", "seed=5"], ["seed=2", "seed=5"], 2),
    "an interpolation": (["seed=${repeat}"], ["seed=${refit}"], 2),
    "a missing value": (["seed=1"], ["seed='???'"], 2),
    "Hydra's own": (["hydra.job.name=a"], ["hydra.job.name=b"], 2),
    "a key taken away": (["~model.activation"], ["~optimizer.lr"], 2),
    "another key": (["seed=1"], ["repeat=1"], 2),
    "another order": (["seed=1", "repeat=2"], ["repeat=2", "seed=1"], 2),
}


@pytest.mark.parametrize(("first", "second", "by_hydra"), PAIRS.values(), ids=PAIRS)
def test_what_a_second_job_changes(
    first: list[str], second: list[str], by_hydra: int, composed_by_hydra: list[list[str]]
) -> None:
    with loaded() as (hydra, ours, config):
        try:
            ours.load_sweep_config(config, first)
            found = ours.load_sweep_config(config, second)
        finally:
            assert len(composed_by_hydra) == by_hydra
        assert difference(hydra.load_sweep_config(config, second), found) is None


def test_copies_do_not_share_what_a_job_changes() -> None:
    with loaded() as (hydra, ours, config):
        for _ in range(3):
            found = ours.load_sweep_config(config, ["seed=1"])
            assert difference(hydra.load_sweep_config(config, ["seed=1"]), found) is None
            found.seed = 7
            found.hydra.job.num = 3


def test_a_wrong_value_gives_hydras_own_error() -> None:
    overrides = ["model.n_layers=1"], ["model.n_layer=2"], ["+model.n_layers=3"]
    with loaded() as (hydra, ours, config):
        ours.load_sweep_config(config, overrides[0])
        for wrong in overrides[1:]:
            with pytest.raises(Exception, match="model") as expected:
                hydra.load_sweep_config(config, wrong)
            with pytest.raises(type(expected.value)) as found:
                ours.load_sweep_config(config, wrong)
            assert str(found.value) == str(expected.value)
