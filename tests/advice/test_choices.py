import optuna
import pytest
from optuna.distributions import CategoricalDistribution

from tests.studies import AB, UNIT, make, random_rows, searched
from tunesmith.advice import advise


def changes(study: optuna.Study, rule: str) -> dict[str, str]:
    return {k: v for a in advise(study) if a.rule == rule for k, v in a.changes.items()}


def test_a_choice_that_all_good_trials_share_is_fixed() -> None:
    space = {"x": UNIT, "kind": AB}
    study = make(space, lambda row: row["x"] + 5 * (row["kind"] == "a"), random_rows(space, 60))
    assert changes(study, "fix-choice") == {"kind": "b"}


def test_a_choice_that_does_not_matter_is_no_leader() -> None:
    space = {"x": UNIT, "kind": AB}
    assert not changes(make(space, lambda row: row["x"], random_rows(space, 60)), "fix-choice")


def test_a_choice_whose_rivals_were_hardly_tried_is_not_fixed() -> None:
    space = {"x": UNIT, "kind": AB}
    rows = [{**row, "kind": "a"} for row in random_rows(space, 57)]
    rows += [{**row, "kind": "b"} for row in random_rows(space, 3, seed=1)]
    study = make(space, lambda row: row["x"] + 5 * (row["kind"] == "b"), rows)
    assert not changes(study, "fix-choice")


def test_a_space_of_choices_only_is_understood() -> None:
    kinds = CategoricalDistribution(["a", "b", "c", 4])
    space = {"kind": kinds, "other": AB}
    rows = random_rows(space, 80)
    study = make(space, lambda row: float(row["kind"] != "c") + 0.1 * (row["other"] == "a"), rows)
    assert changes(study, "fix-choice") == {"kind": "c", "other": "b"}


def test_equal_choices_are_both_kept() -> None:
    space = {"kind": AB}
    assert not changes(make(space, lambda row: 1.0, random_rows(space, 60)), "fix-choice")


@pytest.mark.parametrize("seed", range(3))
def test_a_parameter_without_effect_is_fixed_at_the_winner(seed: int) -> None:
    space = {"x": UNIT, "idle": UNIT, "kind": AB}
    rows = random_rows(space, 80, seed=seed)
    study = make(space, lambda row: (row["x"] - 4) ** 2, rows)
    fixed = changes(study, "fix-unimportant")
    assert "x" not in fixed
    assert float(fixed["idle"]) == pytest.approx(study.best_params["idle"], rel=0.01)
    assert fixed["kind"] == study.best_params["kind"]


@pytest.mark.parametrize("seed", range(3))
def test_a_parameter_with_an_effect_is_not_called_idle(seed: int) -> None:
    def objective(trial: optuna.Trial) -> float:
        x, y = trial.suggest_float("x", 0, 10), trial.suggest_float("y", 0, 10)
        return (x - 4) ** 2 + 0.3 * (y - 5) ** 2

    assert not changes(searched(objective, seed=seed), "fix-unimportant")


def test_the_only_parameter_is_never_fixed() -> None:
    study = searched(lambda t: (t.suggest_float("x", 0, 10) - 4) ** 2)
    assert not changes(study, "fix-unimportant")
