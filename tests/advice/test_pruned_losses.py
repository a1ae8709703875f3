"""Advice from searches that prune: most of their trials have no final value."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optuna
import pytest
from optuna.distributions import BaseDistribution
from optuna.trial import TrialState, create_trial

from tests.studies import AB, DIVERGED, RATE, UNIT, Values, pruned_search
from tunesmith.advice import Advice, advise
from tunesmith.advice.sample import Sample, sample_of


def ranked(*stopped: Mapping[int, float], direction: str = "minimize", **attrs: Any) -> Sample:
    """Ten COMPLETE trials 1 ... 10, at step 5 ten times as bad, and then `stopped` ones."""
    sign = 1 if direction == "minimize" else -1
    study = optuna.create_study(direction=direction)
    for value in range(1, 11):
        course = {5: sign * 10.0 * value, 9: sign * float(value)}
        study.add_trial(create_trial(value=sign * value, intermediate_values=course))
    for course in stopped:
        study.add_trial(
            create_trial(
                state=TrialState.PRUNED,
                intermediate_values={step: sign * value for step, value in course.items()},
                user_attrs=attrs,
            )
        )
    return sample_of(study)


def estimates(sample: Sample) -> list[float]:
    pairs = zip(sample.trials, sample.losses, strict=True)
    pruned = [(t.number, loss) for t, loss in pairs if t.state == TrialState.PRUNED]
    return [float(loss) for _, loss in sorted(pruned)]


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize(
    ("course", "estimate"),
    [
        ({5: 75.0}, 7.5),
        ({2: 999.0, 5: 80.0}, 8.0),
        # The nearest step that the others reported.
        ({4: 90.0}, 9.0),
        ({5: 1e9}, 10.0),
        # Better than all of them when it was stopped: still none of the six best.
        ({5: 1.0}, 6.0),
    ],
)
def test_a_pruned_trial_keeps_its_rank(
    course: Mapping[int, float], estimate: float, direction: str
) -> None:
    assert estimates(ranked(course, direction=direction)) == pytest.approx([estimate])


def test_trials_stopped_later_tell_what_earlier_ones_come_to() -> None:
    # At step 2 the worst is the first of these two, so that the second was the last but one.
    assert estimates(ranked({2: 200.0, 5: 95.0}, {2: 100.0})) == pytest.approx([9.5, 9.5])
    assert estimates(ranked({2: 100.0})) == pytest.approx([10.0])


def test_the_best_trials_are_complete() -> None:
    sample = ranked(*[{5: 1.0}] * 5)
    assert {t.state for t in sample.trials[:6]} == {TrialState.COMPLETE}


@pytest.mark.parametrize("course", [{}, {5: math.nan}, {5: math.inf}])
def test_a_pruned_trial_without_a_value_has_no_rank(course: Mapping[int, float]) -> None:
    sample = ranked(course)
    assert not estimates(sample)
    assert len(sample.pruned) == 1


def test_a_diverged_trial_has_no_rank_whatever_it_was_before() -> None:
    assert not estimates(ranked({5: 15.0}, **DIVERGED))
    assert estimates(ranked({5: 75.0}, reason="pruned at step 5"))


def test_nothing_is_estimated_from_five_complete_trials() -> None:
    study = optuna.create_study()
    for value in range(5):
        study.add_trial(create_trial(value=value, intermediate_values={1: value}))
    study.add_trial(create_trial(state=TrialState.PRUNED, intermediate_values={1: 2.0}))
    assert not estimates(sample_of(study))


SPACE: dict[str, BaseDistribution] = {"x": UNIT, "lr": RATE, "kind": AB}


def bowl(x: float, *, rival: float = 0.0) -> Callable[[Values], float]:
    def value(row: Values) -> float:
        off = (row["x"] - x) / 3, math.log10(row["lr"] / 1e-3)
        return off[0] ** 2 + off[1] ** 2 + rival * (row["kind"] == "b")

    return value


def changes(study: optuna.Study, rule: str) -> dict[str, str]:
    return {k: v for a in advise(study) if a.rule == rule for k, v in a.changes.items()}


@pytest.mark.parametrize("seed", range(4))
def test_an_optimum_beyond_the_box_is_seen_through_pruning(seed: int) -> None:
    study = pruned_search(bowl(13.0), SPACE, seed=seed)
    assert sum(t.state == TrialState.PRUNED for t in study.trials) > 30
    assert changes(study, "widen").keys() == {"x"}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("inside", [2.0, 5.0, 8.5])
def test_an_optimum_in_the_box_widens_nothing(inside: float, seed: int) -> None:
    assert not changes(pruned_search(bowl(inside), SPACE, seed=seed), "widen")


def fixed_kinds(rival: float) -> list[str | None]:
    studies = [pruned_search(bowl(5.0, rival=rival), SPACE, seed=seed) for seed in range(6)]
    return [changes(study, "fix-choice").get("kind") for study in studies]


def test_a_bad_choice_is_dropped() -> None:
    # Now and then TPE tries it too rarely to tell.
    kinds = fixed_kinds(rival=3.0)
    assert set(kinds) <= {"a", None}
    assert kinds.count("a") >= 4


def test_an_equal_choice_is_kept() -> None:
    # By the rule's own measure luck may deceive in one of fifty.
    assert fixed_kinds(rival=0.0).count(None) >= 5


def test_evidence_says_that_pruned_trials_were_ranked() -> None:
    study = pruned_search(lambda row: bowl(13.0)(row) * (1 + row["x"] % 0.5), SPACE)
    pieces = [a for a in advise(study) if a.changes]
    assert pieces
    assert all("pruned trials rank by their last values" in a.evidence for a in pieces)


def test_pruned_trials_without_values_cannot_make_up_for_complete_ones() -> None:
    study = pruned_search(bowl(13.0), SPACE)
    mute = optuna.create_study()
    complete = [t for t in study.trials if t.state == TrialState.COMPLETE][:20]
    pruned = [t for t in study.trials if t.state == TrialState.PRUNED]
    for t in (*complete, *pruned):
        mute.add_trial(
            create_trial(
                params=t.params,
                distributions=t.distributions,
                state=t.state,
                value=t.value if t.state == TrialState.COMPLETE else None,
            )
        )
    assert not [a for a in advise(mute) if a.changes]
    assert [a for a in advise(study) if a.changes]


def late(values: Sequence[float], *, pruned: float) -> list[Advice]:
    """A search whose every second trial is stopped at `pruned`, before any value."""
    study = optuna.create_study()
    for value in values:
        study.add_trial(create_trial(value=value, intermediate_values={1: value + 1, 9: value}))
        study.add_trial(create_trial(state=TrialState.PRUNED, intermediate_values={1: pruned}))
    return [a for a in advise(study) if a.rule in ("fewer-trials", "go-on")]


def test_a_best_is_a_measured_one() -> None:
    # However good the pruned ones looked, the measured values fell to the end.
    (advice,) = late([10.0 - 0.09 * i for i in range(50)], pruned=-5.0)
    assert (advice.rule, advice.n_trials) == ("go-on", 200)
