"""What is checked of a search before and after it."""

import pytest

from tests.search.plans import planned
from tunesmith.errors import InvalidConfig
from tunesmith.search.probe import accepts, probe


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
    "arguments",
    [
        ("hydra.sweeper.direction=maximize",),
        ("metric.direction=maximize", "hydra.sweeper.direction=minimize"),
        ("hydra.sweeper.direction=[minimize,minimize]",),
    ],
)
def test_two_directions_are_refused_and_both_named(arguments: tuple[str, ...]) -> None:
    with (
        pytest.raises(InvalidConfig) as refusal,
        planned("hparams_search=quadratic", *arguments) as (plan, loader),
    ):
        probe(plan, loader)
    said = str(refusal.value)
    assert "hydra.sweeper.direction=" in said
    assert "metric.direction=m" in said
    assert "try metric.direction=" in said or "try 'metric.direction=" in said


@pytest.mark.parametrize("others", [(), ("hydra.sweeper.direction=maximize",)])
def test_the_direction_is_that_of_the_metric(others: tuple[str, ...]) -> None:
    arguments = ("hparams_search=quadratic", "metric.direction=maximize", *others)
    with planned(*arguments) as (plan, loader):
        probe(plan, loader)
        assert plan.settings.directions == ["maximize"]


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
