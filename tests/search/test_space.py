"""Hydra's override grammar as a search space."""

import math
import re
from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from tunesmith.errors import InvalidConfig
from tunesmith.search.space import parse_space

ENDLESS = (math.inf, -math.inf, math.nan)
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
    with pytest.raises(InvalidConfig, match=r"try n(=interval| with LOW above 0)"):
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
        ("model.n_layers", 2.0, True),
        *((name, value, False) for name in ("model.n_layers", "optimizer.lr") for value in ENDLESS),
        ("optimizer.lr", 1e-3, True),
        ("optimizer.lr", "fast", False),
        ("optimizer", "adam", True),
        ("optimizer", "adamw", False),
    ],
)
def test_a_value_is_inside_or_outside(name: str, value: Any, inside: bool) -> None:
    space = parse_space(PARAMS, [])
    if inside:
        assert space.kept(name, value) == value
    else:
        with pytest.raises(ValueError, match=str(value)):
            space.kept(name, value)


@pytest.mark.parametrize(
    ("sweep", "default"),
    [
        ("[1],[2]", [True]),
        ("[true],[2]", [1]),
        ("[1],[2]", [1.0]),
        ("[[0]],[2]", [[False]]),
        ("{a:1},{a:2}", {"a": True}),
        ("{a:[0,1]},{a:2}", {"a": [0, True]}),
        ("{1:x},{2:x}", {True: "x"}),
    ],
)
def test_a_default_of_another_type_is_outside(sweep: str, default: Any) -> None:
    with pytest.raises(ValueError, match=re.escape(str(default))):
        parse_space({}, [f"k=choice({sweep})"]).kept("k", default)


def test_a_default_dict_in_another_order_is_inside() -> None:
    space = parse_space({}, ["k=choice({a:1,b:nan},{a:2})"])
    assert space.kept("k", {"b": math.nan, "a": 1}) == "{a:1,b:nan}"


def test_a_value_and_a_sweep_of_one_dict_both_count() -> None:
    space = parse_space({}, ["+net={x:1}", "++net=choice({a:1},{a:2})"])
    assert space.fixed == ("+net={x:1}",)
    assert space.overrides({"++net": "{a:2}"}) == ["+net={x:1}", "++net={a:2}"]


LISTS = "objective.hidden=[8,8],[16]"


def test_a_list_is_kept_as_its_text_and_means_the_list() -> None:
    space = parse_space({}, [LISTS])
    assert space.distributions["objective.hidden"].choices == ("[8,8]", "[16]")  # type: ignore[attr-defined]
    assert space.kept("objective.hidden", [16]) == "[16]"
    assert space.value("objective.hidden", "[8,8]") == [8, 8]
    assert space.override("objective.hidden", "[8,8]") == "objective.hidden=[8,8]"


@pytest.mark.parametrize(
    "sweep", ["choice(1,true,1.0)", "choice(a,a)", "[1],'[1]'", "choice(2,2.0)"]
)
def test_choices_that_are_the_same_to_optuna_are_refused(sweep: str) -> None:
    with pytest.raises(InvalidConfig, match="the same choice to Optuna; try k="):
        parse_space({}, [f"k={sweep}"])


def test_a_logarithmic_range_from_zero_says_so() -> None:
    with pytest.raises(InvalidConfig, match="with LOW above 0"):
        parse_space({}, ["lr=tag(log,interval(0,0.1))"])


@pytest.mark.filterwarnings("ignore:extend_list:UserWarning")
def test_overrides_keep_their_order_and_only_dimensions_are_replaced() -> None:
    params = {"lr": "interval(0,1)", "depth": 3, "width": "choice(1,2)"}
    typed = ["+net={x:1}", "net.x=choice(5,6)", "+net={y:2}", "tags=extend_list(a)", "width=8"]
    space = parse_space(params, [*typed, "tags=extend_list(b)"])
    assert list(space.distributions) == ["lr", "net.x"]
    assert space.overrides({"lr": 0.5, "net.x": 6}) == [
        *("lr=0.5", "depth=3", "+net={x:1}", "net.x=6", "+net={y:2}"),
        *("tags=extend_list(a)", "width=8", "tags=extend_list(b)"),
    ]
