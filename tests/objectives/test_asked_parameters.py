"""Which parameters a function of a trial asks for is read from its source."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import BaseTrial

from tunesmith.objectives.asked_parameters import asked_parameters


def plain(t: BaseTrial) -> float:
    x, y = t.suggest_float("x", 0, 1), t.suggest_int(name="y", low=0, high=1)
    with Path("f").open() as file:
        z = t.suggest_float("z", 0, float(file.read()))
    return x + y + z + t.suggest_float("x", 0, 1)


def branching(trial: BaseTrial) -> float:
    kind = trial.suggest_categorical("kind", ["a", "b"])
    if kind == "a":
        trial.suggest_float("of_a", 0, 1)
    for i in range(2):
        trial.suggest_float(f"of_{i}", 0, 1)
    last = trial.suggest_float("last", 0, 1) if kind else trial.suggest_float("other", 0, 1)
    return last + trial.suggest_float("sum", 0, 1)


def ending(trial: BaseTrial) -> float:
    x = trial.suggest_float("x", 0, 1)
    if x > 0.5:
        return x
    return trial.suggest_float("y", 0, 1)


def inner(trial: BaseTrial) -> float:
    def ask() -> float:
        return trial.suggest_float("x", 0, 1)

    return ask()


class Called:
    """Has no source as a function."""

    def __call__(self, trial: BaseTrial) -> float:
        return trial.suggest_float("x", 0, 1)


@pytest.mark.parametrize(
    ("function", "asked"),
    [
        (plain, ["x", "y", "z"]),
        (branching, ["kind", "sum"]),
        (ending, ["x"]),
        (inner, []),
        (Called(), []),
        (len, []),
        (lambda trial: trial.suggest_float("x", 0, 1), []),
    ],
)
def test_what_is_asked_in_every_call_is_known(
    function: Callable[..., Any], asked: list[str]
) -> None:
    assert asked_parameters(function) == asked
