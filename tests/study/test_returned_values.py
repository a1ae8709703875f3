"""What an objective may return: as plain Optuna takes it."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from tests.study.searches import new_study
from tunesmith.study import create_or_resume_study, open_storage, run_worker, summarize

INF, NAN = float("inf"), float("nan")
# Of one direction or of two; what both take, each takes in its own way.
RETURNED: list[Any] = [
    *(1.5, [1.0, 2.0], 3, True, INF, -INF, NAN, None),
    *([1.0], (2.0,), [INF], [NAN], [None], [], [1.0, 2.0], (1.0, INF), [1.0, None], [1.0, NAN]),
    *(np.float32(1.5), np.int64(3), np.array(2.5), np.array([1.0, 2.0]), [np.float64(1), 2]),
    *(Decimal("1.5"), Fraction(1, 2), range(1), range(2), b"3", 1j, {1.0}, {"a": 1.0}, object()),
    *("abc", ""),
]
# Optuna takes a text for a list of characters, and then stops with an AssertionError of its own;
# an integer beyond the floats alike.
TEXTS: list[tuple[Any, float | None]] = [
    ("3.2", 3.2),
    ("3", 3.0),
    (" -1e3\n", -1000.0),
    ("inf", INF),
    ("nan", None),
    (["3.2"], 3.2),
    (10**400, None),
]


@pytest.mark.parametrize("storage", ["memory", "sqlite"])
@pytest.mark.parametrize("n_directions", [1, 2])
def test_every_value_has_the_outcome_that_plain_optuna_gives_it(
    tmp_path: Any, storage: str, n_directions: int
) -> None:
    directions = ["minimize"] * n_directions
    plain = optuna.create_study(directions=directions)
    plain.optimize(lambda trial: RETURNED[trial.number], n_trials=len(RETURNED))
    ours = create_or_resume_study(
        "s",
        storage=open_storage(None if storage == "memory" else f"sqlite:///{tmp_path}/db"),
        directions=directions,  # type: ignore[arg-type]
        sampler=optuna.samplers.RandomSampler(),
    )
    run_worker(
        ours,
        lambda trial: RETURNED[trial.number],
        n_trials=1000,
        max_failure_rate=1.0,
        should_stop=lambda: sum(t.state.is_finished() for t in ours.trials) == len(RETURNED),
    )
    expected = [(trial.state, trial.values) for trial in plain.trials]
    assert [(t.state, t.values) for t in ours.trials] == expected
    assert {TrialState.COMPLETE, TrialState.FAIL} == {state for state, _ in expected}


@pytest.mark.parametrize(("returned", "value"), TEXTS)
def test_a_text_is_what_float_reads_in_it(returned: Any, value: float | None) -> None:
    study = new_study(None)
    run_worker(study, lambda trial: 0.0 if trial.number else returned, n_trials=1)
    assert study.trials[0].value == value
    assert study.trials[0].state == (TrialState.FAIL if value is None else TrialState.COMPLETE)


@pytest.mark.filterwarnings("ignore:Clip non-finite values")
@pytest.mark.parametrize("kind", ["tpe", "random", "gp", "nsgaii", "cmaes"])
def test_infinite_values_reach_the_sampler_and_count_but_are_never_the_best(kind: str) -> None:
    study = new_study(None, sampler=kind)

    def objective(trial: optuna.Trial) -> float:
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        return -INF if trial.number == 1 else INF if x + y < 1 else x * y

    run_worker(study, objective, n_trials=12)
    found = summarize(study)
    assert found.states == {"complete": 12}
    assert found.best is not None
    assert found.best.value == min(t.value for t in study.trials if abs(t.value or 0.0) < INF)
