"""Hydra's override grammar as a search space."""

from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from tunesmith.errors import InvalidConfig
from tunesmith.search.space import parse_space

PARAMS = {
    "model.n_layers": "int(interval(1,4))",
    "optimizer.lr": "tag(log,interval(1e-5,1e-1))",
    "optimizer": "choice(sgd,adam)",
    "n": "range(1,4)",
}


def test_the_grammar_gives_the_distributions_it_says() -> None:
    assert parse_space(PARAMS, []).distributions == {
        "model.n_layers": IntDistribution(1, 4),
        "optimizer.lr": FloatDistribution(1e-5, 1e-1, log=True),
        "optimizer": CategoricalDistribution(["sgd", "adam"]),
        "n": IntDistribution(1, 3),
    }


def test_the_command_line_wins_over_the_file() -> None:
    space = parse_space(PARAMS, ["optimizer=adam", "n=choice(7,9)", "+extra=choice(1,2)", "~data"])
    assert set(space.distributions) == {"model.n_layers", "optimizer.lr", "n", "+extra"}
    assert space.distributions["n"] == CategoricalDistribution([7, 9])
    assert space.fixed == ("optimizer=adam", "~data")


@pytest.mark.parametrize(
    "line", ["n=interval(4,1)", "n=range(3,3)", "n=tag(log,interval(0,1))", "n=int(interval(9,2))"]
)
def test_an_empty_or_reversed_range_is_refused(line: str) -> None:
    with pytest.raises(InvalidConfig, match="try n=interval"):
        parse_space({}, [line])


def test_the_ends_of_a_space_are_all_bounds_and_choices() -> None:
    ends = list(parse_space(PARAMS, []).ends())
    assert ends == [
        ("model.n_layers", 1),
        ("model.n_layers", 4),
        ("optimizer.lr", 1e-5),
        ("optimizer.lr", 1e-1),
        ("optimizer", "sgd"),
        ("optimizer", "adam"),
        ("n", 1),
        ("n", 3),
    ]


@pytest.mark.parametrize(
    ("name", "value", "inside"),
    [
        ("model.n_layers", 4, True),
        ("model.n_layers", 5, False),
        ("model.n_layers", True, False),
        ("optimizer.lr", 1e-3, True),
        ("optimizer.lr", "fast", False),
        ("optimizer", "adam", True),
        ("optimizer", "adamw", False),
    ],
)
def test_a_value_is_inside_or_outside(name: str, value: Any, inside: bool) -> None:
    assert parse_space(PARAMS, []).contains(name, value) is inside
