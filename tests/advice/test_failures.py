from typing import Any

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from tests.studies import AB, RATE, UNIT, add, random_rows
from tunesmith.advice import Advice, advise

SPACE = {"kind": AB, "lr": RATE, "x": UNIT}


def study_where(fails: Any, state: TrialState = TrialState.FAIL, **attrs: Any) -> optuna.Study:
    study = optuna.create_study()
    for row in random_rows(SPACE, 100):
        is_bad = fails(row)
        study.add_trial(
            create_trial(
                params=row,
                distributions=SPACE,
                state=state if is_bad else TrialState.COMPLETE,
                value=None if is_bad else row["x"],
                user_attrs=attrs if is_bad else {},
            )
        )
    return study


def failures(study: optuna.Study) -> list[Advice]:
    return [a for a in advise(study) if a.rule == "failures"]


def test_failures_are_counted_and_located() -> None:
    (advice,) = failures(study_where(lambda row: row["kind"] == "b" and row["lr"] > 1e-3))
    assert "kind=b" in advice.sentence
    assert "lr >= 0.00" in advice.sentence
    assert "no reason given" in advice.evidence


def test_diverged_trials_that_were_pruned_with_a_reason_count() -> None:
    marks = {"reason": "loss is nan", "diverged": True}
    (advice,) = failures(study_where(lambda row: row["lr"] > 1e-2, TrialState.PRUNED, **marks))
    assert "most often: loss is nan" in advice.evidence


def test_diverged_trials_of_release_0_1_0_count() -> None:
    reason = "diverged: the training loss is nan at epoch 3"
    study = study_where(lambda row: row["lr"] > 1e-2, TrialState.PRUNED, reason=reason)
    assert failures(study)


@pytest.mark.parametrize("reason", ["hopeless", "the loss is not finite", "pruned at epoch 3", 7])
def test_a_user_s_own_reason_to_prune_is_no_failure(reason: object) -> None:
    assert not failures(study_where(lambda row: row["lr"] > 1e-2, TrialState.PRUNED, reason=reason))


def test_trials_that_the_pruner_stopped_are_no_failures() -> None:
    assert not failures(study_where(lambda row: row["lr"] > 1e-2, TrialState.PRUNED))


def test_failures_without_a_pattern_are_not_located() -> None:
    numbers = iter(range(100))
    (advice,) = failures(study_where(lambda _: next(numbers) % 4 == 0))
    assert "all over the space" in advice.sentence


def test_a_few_failures_are_not_worth_a_word() -> None:
    numbers = iter(range(100))
    assert not failures(study_where(lambda _: next(numbers) < 4))


def test_surplus_and_requeued_attempts_are_no_failures() -> None:
    study = study_where(lambda _: False)
    for attrs in [{"fail_kind": "surplus"}, {"fail_kind": "interrupted"}] * 10:
        add(study, TrialState.FAIL, **attrs)
    for _ in range(10):
        add(study, TrialState.FAIL, fail_kind="died", fail_retried=True)
    assert not failures(study)
