import random
from collections.abc import Sequence
from typing import Any

import optuna
import pytest
from optuna.terminator import BestValueStagnationEvaluator, Terminator
from optuna.trial import TrialState, create_trial

from tests.study.searches import new_study
from tunesmith.errors import InvalidArgument
from tunesmith.study import (
    Stagnation,
    StopReason,
    StudyRecord,
    Verdict,
    run_worker,
    suppress_class_warnings,
)

INF = float("inf")
SEQUENCES = [
    # The article's search, its best values first improving quickly, then rarely.
    [0.9, 0.4, 0.4, 0.38, 0.5, 0.2, 0.21, 0.3, 0.2, 0.25, 0.19, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
    [1.0] * 17,
    [float(n) for n in range(17)],
    [float(-n) for n in range(17)],
    [random.Random(seed).gauss(0, 1) for seed in range(17)],
    [3.0, INF, 2.0, -INF, 2.0, 2.5, 1.0, 4.0, 4.0, 4.0],
]


def fill(study: optuna.Study, values: Sequence[float]) -> None:
    for value in values:
        study.add_trial(create_trial(value=value))


def stops_at(rule: Stagnation, values: Sequence[float], direction: str) -> int | None:
    """Return after how many trials the rule stops a search that finds these values."""
    for n_trials in range(len(values) + 1):
        study = optuna.create_study(direction=direction)
        fill(study, values[:n_trials])
        if rule.is_due(study, study.trials):
            return n_trials
    return None


def optuna_stops_at(
    values: Sequence[float], direction: str, *, n_stagnant: int, n_min: int
) -> int | None:
    with suppress_class_warnings():
        terminator = Terminator(BestValueStagnationEvaluator(n_stagnant), min_n_trials=n_min)
    for n_trials in range(len(values) + 1):
        study = optuna.create_study(direction=direction)
        fill(study, values[:n_trials])
        if terminator.should_terminate(study):
            return n_trials
    return None


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize("values", SEQUENCES[:-1])
@pytest.mark.parametrize(("n_stagnant", "n_min"), [(0, 1), (1, 4), (2, 3), (3, 1), (5, 12)])
def test_a_search_stops_where_optunas_terminator_stopped_it(
    values: list[float], direction: str, n_stagnant: int, n_min: int
) -> None:
    theirs = optuna_stops_at(values, direction, n_stagnant=n_stagnant, n_min=n_min)
    assert stops_at(Stagnation(n_stagnant, n_min), values, direction) == theirs


@pytest.mark.parametrize(
    ("values", "direction", "n_trials"),
    [
        # Three after the best one are one too many.
        ([5.0, 1.0, 2.0, 2.0, 2.0], "minimize", 5),
        ([1.0, 5.0, 2.0, 2.0, 2.0], "maximize", 5),
        # An equal value is no better one.
        ([1.0, 1.0, 1.0, 1.0], "minimize", 4),
        ([5.0, 1.0, 2.0, 2.0, 0.5, 2.0, 2.0], "minimize", None),
        # At least four.
        ([1.0, 2.0, 2.0], "minimize", None),
        # What is not finite is no better value.
        ([1.0, 2.0, -INF, 2.0], "minimize", 4),
        ([INF, INF, INF, INF, INF], "minimize", None),
        ([], "minimize", None),
    ],
)
def test_the_stopping_point(values: list[float], direction: str, n_trials: int | None) -> None:
    assert stops_at(Stagnation(2, 4), values, direction) == n_trials


def test_only_complete_and_feasible_trials_are_counted_and_compared() -> None:
    study = optuna.create_study()
    fill(study, [1.0, 2.0])
    for state in (TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING):
        study.add_trial(create_trial(state=state))
    rule = Stagnation(1, 2)
    assert not rule.is_due(study, study.trials)
    study.add_trial(create_trial(value=0.0, system_attrs={"constraints": [1.0]}))
    assert rule.is_due(study, study.trials)
    words = "the last 2 of 3 complete trials brought no better value than trial 0"
    assert rule.verdict(study) == words


def test_the_verdict_is_kept_for_every_worker_with_the_same_rule(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/db"
    rule = Stagnation(max_stagnation_trials=2, min_n_trials=1)
    study = new_study(url)
    ended = run_worker(study, lambda trial: float(trial.number), n_trials=50, termination=rule)
    assert ended == StopReason.TERMINATED
    assert len(study.trials) == 4
    other = new_study(url)
    same = Stagnation(max_stagnation_trials=2, min_n_trials=1)
    assert StudyRecord.of(other).verdict == Verdict(rule.name, rule.verdict(study) or "")
    assert run_worker(other, lambda _: 1.0, n_trials=50, termination=same) == StopReason.TERMINATED
    assert len(other.trials) == 4
    # Another rule judges anew, and no rule goes on.
    assert Stagnation(3, 1).verdict(other) is None
    assert run_worker(other, lambda _: 1.0, n_trials=6) == StopReason.FINISHED


def test_a_verdict_of_release_0_1_0_is_that_of_the_same_rule() -> None:
    name = (
        "_target_: optuna.terminator.Terminator\nimprovement_evaluator:\n  _target_: "
        "optuna.terminator.BestValueStagnationEvaluator\n  max_stagnation_trials: 30\n"
        "min_n_trials: 20\n"
    )
    study = optuna.create_study()
    StudyRecord.write_verdict(study, Verdict(by=name, reason="too little left to gain"))
    assert Stagnation().verdict(study) == "too little left to gain"
    assert Stagnation(max_stagnation_trials=29).verdict(study) is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            {"max_stagnation_trials": -1},
            "max_stagnation_trials must be an integer of at least 0, got -1; "
            "try max_stagnation_trials=30",
        ),
        (
            {"max_stagnation_trials": 2.5},
            "max_stagnation_trials must be an integer of at least 0, got 2.5; "
            "try max_stagnation_trials=30",
        ),
        (
            {"min_n_trials": 0},
            "min_n_trials must be an integer of at least 1, got 0; try min_n_trials=20",
        ),
        (
            {"min_n_trials": None},
            "min_n_trials must be an integer of at least 1, got None; try min_n_trials=20",
        ),
    ],
)
def test_a_bad_argument_is_one_clear_line(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        Stagnation(**arguments)
    assert str(caught.value) == words
