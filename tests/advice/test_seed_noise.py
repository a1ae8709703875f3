import optuna
import pytest

from tunesmith.advice import Advice, advise
from tunesmith.study import Candidate, Confirmation


def noise(*candidates: Candidate, direction: str = "minimize") -> list[Advice]:
    study = optuna.create_study(direction=direction)
    confirmation = Confirmation(
        candidates, winner=candidates[0].label, baseline=candidates[-1].label
    )
    return [a for a in advise(study, confirmation=confirmation) if a.rule == "noise"]


BASELINE = Candidate("baseline", [5.0, 5.1, 4.9])


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_leaders_closer_than_their_noise_have_no_ranking(direction: str) -> None:
    first, second = Candidate("trial 1", [1.0, 1.4, 0.6]), Candidate("trial 2", [1.1, 1.5, 0.7])
    (advice,) = noise(first, second, BASELINE, direction=direction)
    assert "ranking" in advice.sentence
    assert "trial 1" in advice.evidence


def test_leaders_further_apart_than_their_noise_do() -> None:
    assert not noise(
        Candidate("trial 1", [1.0, 1.01, 0.99]), Candidate("trial 2", [2.0, 2.01, 1.99]), BASELINE
    )


def test_without_repeats_nothing_is_said() -> None:
    assert not noise(Candidate("trial 1", [1.0]), Candidate("trial 2", [1.1]), BASELINE)
    assert advise(optuna.create_study()) == []


def test_the_gap_is_search_value_minus_mean() -> None:
    candidate = Candidate("trial 1", [1.0, 3.0], search_value=0.5, test_values=[2.0])
    assert (candidate.mean, candidate.optimism, candidate.test_mean) == (2.0, 1.5, 2.0)
    assert candidate.deviation == pytest.approx(2**0.5)
    assert candidate.test_deviation == 0.0


def test_a_winner_that_is_no_candidate_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one of"):
        Confirmation([BASELINE], winner="trial 9")
