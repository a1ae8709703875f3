"""How numbers are written for reading."""

import pytest

from tunesmith.report import Compared
from tunesmith.report.wording import beside, confirmed, gap_text, spread
from tunesmith.study import Candidate, Confirmation


@pytest.mark.parametrize(
    ("mean", "deviation", "written"),
    [
        (3474.3, 110.4, "3474 ± 110"),
        (0.963812, 0.0065, "0.9638 ± 0.0065"),
        (12.3456, 1.0, "12.3 ± 1.0"),
        (0.5, 2.5, "0.5 ± 2.5"),
        (1.23456e-9, 4.3e-11, "(1.235 ± 0.043)e-09"),
        (5.25e12, 3.1e10, "(5.250 ± 0.031)e+12"),
        (1.5, 0.0, "1.5 ± 0"),
        (float("inf"), 1.0, "inf ± 1"),
    ],
)
def test_a_mean_has_the_digits_that_its_deviation_leaves(
    mean: float, deviation: float, written: str
) -> None:
    assert spread(mean, deviation) == written


def test_the_winner_is_told_among_models_that_nobody_tuned() -> None:
    winner = Compared("the winner, trial 3", 0.2, 0.25, is_winner=True)
    mean = Compared("the mean", 0.9, 0.8)
    assert beside([winner, mean], "val/rmse") == (
        "rmse on the test rows, the best first: the winner, trial 3 0.25, the mean 0.8."
    )
    lost = beside([mean, winner], "val/rmse")
    assert lost.endswith("The search found nothing better than the mean.")
    untested = [Compared("the winner, trial 3", 0.2, None, is_winner=True), mean]
    assert beside(untested, "val/rmse").startswith("rmse on the validation rows, the best first: ")


@pytest.mark.parametrize(("values", "written"), [([1.0, 1.0], "0"), ([0.1 * 3] * 3, "0")])
def test_a_gap_of_nothing_has_no_sign(values: list[float], written: str) -> None:
    search_value = round(values[0], 12)
    assert gap_text(Candidate("trial 2", values, 2, search_value, sign=-1)) == written


@pytest.mark.parametrize(
    ("search_value", "sign", "said"),
    [
        (0.9887, 1, "the search flattered it by 0.011"),
        (1.0113, 1, "the search did not flatter it"),
        (1.0113, -1, "the search flattered it by 0.011"),
        (0.9887, -1, "the search did not flatter it"),
        (1.0, 1, "the search did not flatter it"),
    ],
)
def test_the_gap_says_its_direction(search_value: float, sign: float, said: str) -> None:
    winner = Candidate("trial 3", [0.99, 1.0, 1.01], 3, search_value, sign=sign)
    assert f"{said}." in confirmed(Confirmation([winner], "trial 3"), "val/mse")


def test_a_winner_that_is_the_baseline_is_told_once() -> None:
    baseline = Candidate("baseline", [1.0, 1.2], 0, 1.0, [1.3, 1.5])
    said = confirmed(Confirmation([baseline], "baseline", "baseline"), "val/mse")
    assert said.count("On test, baseline reaches") == 1
