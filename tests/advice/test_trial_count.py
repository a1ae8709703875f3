from collections.abc import Sequence

import optuna
import pytest
from optuna.trial import TrialState

from tests.studies import UNIT, add, make
from tunesmith.advice import Advice, advise


def study_of(values: Sequence[float], direction: str = "minimize") -> optuna.Study:
    sign = 1 if direction == "minimize" else -1
    rows = [{"x": float(i % 10)} for i in range(len(values))]
    course = iter(values)
    return make({"x": UNIT}, lambda _: sign * next(course), rows, direction=direction)


def trial_advice(study: optuna.Study) -> list[Advice]:
    return [a for a in advise(study) if a.rule in ("fewer-trials", "go-on")]


EARLY = (
    [10.0 + i % 3 for i in range(10)] + [0.01, 0.02] + [0.01 + 0.001 * (i % 30) for i in range(88)]
)
LATE = [10.0 - 0.09 * i for i in range(100)]


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_a_best_that_came_early_asks_for_fewer_trials(direction: str) -> None:
    (advice,) = trial_advice(study_of(EARLY, direction))
    assert (advice.rule, advice.n_trials) == ("fewer-trials", 30)


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_a_best_that_still_moves_asks_for_more(direction: str) -> None:
    (advice,) = trial_advice(study_of(LATE, direction))
    assert (advice.rule, advice.n_trials) == ("go-on", 200)


@pytest.mark.parametrize(
    "values",
    [EARLY[:30], LATE[:30], [1.0] * 100, []],
    ids=["early but few", "late but few", "ties", "empty"],
)
def test_thin_evidence_says_nothing(values: Sequence[float]) -> None:
    assert trial_advice(study_of(values)) == []


def test_pruned_trials_count_as_trials_without_a_best() -> None:
    study = study_of(EARLY[:40])
    for _ in range(60):
        add(study, TrialState.PRUNED)
    (advice,) = trial_advice(study)
    assert advice.rule == "fewer-trials"


def test_a_best_that_hardly_any_later_trial_was_measured_against_proves_nothing() -> None:
    study = study_of(EARLY[:18])
    for _ in range(60):
        add(study, TrialState.PRUNED)
    assert trial_advice(study) == []


def test_a_best_that_fell_a_thousandfold_later_did_not_come_early() -> None:
    early = [100.0] * 10
    near = [*early, *[0.002] * 86, 0.0018, 0.0016, 0.0012, 0.001]
    assert [a.rule for a in trial_advice(study_of(near))] == ["fewer-trials"]
    falling = [*early, *[1.0] * 86, 0.5, 0.1, 0.01, 0.001]
    assert [a.rule for a in trial_advice(study_of(falling))] == ["go-on"]
