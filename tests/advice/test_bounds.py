import math
import shlex
from collections.abc import Callable, Mapping

import optuna
import pytest
from optuna.distributions import FloatDistribution

from tests.studies import AB, RATE, UNIT, make, random_rows, searched
from tunesmith.advice import Advice, advise

Objective = Callable[[optuna.Trial], float]


def ranges(study: optuna.Study, rule: str) -> dict[str, str]:
    return {k: v for a in advise(study) if a.rule == rule for k, v in a.changes.items()}


def bowl(x: float, *, low: float = 0.0, high: float = 10.0) -> Objective:
    def objective(trial: optuna.Trial) -> float:
        return (trial.suggest_float("x", low, high) - x) ** 2 + trial.suggest_float("y", -1, 1) ** 2

    return objective


@pytest.mark.parametrize("seed", range(3))
def test_an_optimum_above_the_box_widens_upwards(seed: int) -> None:
    assert ranges(searched(bowl(13.0), seed=seed), "widen")["x"].endswith(",16.0)")


@pytest.mark.parametrize("seed", range(3))
def test_an_optimum_below_the_box_widens_downwards(seed: int) -> None:
    study = searched(bowl(-14.0, low=-10.0), seed=seed)
    assert ranges(study, "widen")["x"].startswith("interval(-22.0,")


@pytest.mark.parametrize("inside", [1.5, 5.0, 8.5, 9.2])
@pytest.mark.parametrize("seed", range(3))
def test_an_optimum_in_the_box_widens_nothing(inside: float, seed: int) -> None:
    assert not ranges(searched(bowl(inside), seed=seed), "widen")


def test_a_narrowed_range_holds_the_optimum() -> None:
    for seed in range(5):
        (value,) = {
            v for k, v in ranges(searched(bowl(3.0), seed=seed), "narrow").items() if k == "x"
        }
        low, high = map(float, value.removeprefix("interval(").removesuffix(")").split(","))
        assert 0 <= low < 3.0 < high < 10


def test_a_log_scale_widens_by_a_factor() -> None:
    def objective(trial: optuna.Trial) -> float:
        return abs(math.log10(trial.suggest_float("lr", 1e-5, 1e-1, log=True)) - 0.5)

    assert ranges(searched(objective), "widen")["lr"].endswith(",1.0))")


def test_maximisation_is_read_the_right_way_round() -> None:
    def objective(trial: optuna.Trial) -> float:
        return -((trial.suggest_float("x", 0, 10) - 13) ** 2)

    assert ranges(searched(objective, direction="maximize"), "widen")["x"].endswith(",16.0)")
    assert not ranges(searched(lambda t: -objective(t), direction="maximize"), "widen")


@pytest.mark.parametrize(
    ("dist", "sign"),
    [
        (FloatDistribution(0.0, 10.0), 1),
        (FloatDistribution(0.0, 1.0), 1),
        (FloatDistribution(0.5, 1.0), -1),
    ],
)
def test_a_natural_end_of_a_range_is_not_widened(dist: FloatDistribution, sign: int) -> None:
    def objective(trial: optuna.Trial) -> float:
        return sign * trial.suggest_float("x", dist.low, dist.high)

    assert not ranges(searched(objective), "widen")


def test_one_layer_is_the_least_there_is() -> None:
    assert not ranges(searched(lambda t: t.suggest_int("n_layers", 1, 8)), "widen")


def silent(study: optuna.Study) -> list[Advice]:
    return [a for a in advise(study) if a.changes]


def test_few_trials_say_nothing() -> None:
    assert not silent(searched(bowl(13.0), trials=20))


def test_ties_say_nothing() -> None:
    space = {"x": UNIT, "kind": AB}
    assert not silent(make(space, lambda row: 1.0, random_rows(space, 80)))


def test_two_levels_of_ties_say_nothing_wrong() -> None:
    space = {"x": UNIT}
    study = make(space, lambda row: float(row["x"] < 5), random_rows(space, 80))
    assert not ranges(study, "widen")


@pytest.mark.parametrize("seed", range(5))
def test_pure_noise_widens_and_fixes_nothing(seed: int) -> None:
    space = {"x": UNIT, "lr": RATE, "kind": AB}
    rows = random_rows(space, 80, seed=seed)
    study = make(space, lambda row: hash((seed, row["x"])) % 1009 / 1009, rows)
    assert not [a for a in silent(study) if a.rule in ("widen", "fix-choice", "fix-unimportant")]


def test_a_conditional_parameter_gets_no_advice() -> None:
    def objective(trial: optuna.Trial) -> float:
        if trial.suggest_categorical("kind", ["a", "b"]) == "a":
            return trial.suggest_float("only_a", 0, 10)
        return 5 + trial.suggest_float("only_b", 0, 10)

    changed = {name for a in advise(searched(objective)) for name in a.changes}
    assert changed <= {"kind"}


def test_a_range_that_changed_during_the_study_gets_no_advice() -> None:
    study = searched(bowl(13.0))
    study.optimize(bowl(13.0, high=11.0), n_trials=5)
    assert "x" not in ranges(study, "widen")


def test_several_objectives_get_no_advice_on_the_space() -> None:
    study = optuna.create_study(directions=["minimize", "maximize"])
    study.optimize(lambda t: (t.suggest_float("x", 0, 1), t.suggest_float("y", 0, 1)), n_trials=60)
    assert advise(study) == []


def test_infinite_values_do_not_disturb() -> None:
    study = searched(bowl(13.0))
    study.add_trial(
        optuna.trial.create_trial(
            params={"x": 1.0, "y": 0.0},
            distributions={"x": UNIT, "y": FloatDistribution(-1, 1)},
            value=math.inf,
        )
    )
    assert "x" in ranges(study, "widen")


def test_a_parameter_gets_one_sentence_that_can_be_typed() -> None:
    (piece,) = (a for a in advise(searched(bowl(13.0))) if "x" in a.changes)
    override = f"x={piece.changes['x']}"
    assert piece.sentence.endswith(f", {shlex.quote(override)}")
    assert "crowd against the upper bound of x" in piece.sentence
    assert "never use it below" in piece.sentence


def test_a_bound_that_is_not_accepted_stays_where_it_is() -> None:
    study = searched(bowl(13.0))
    seen: list[str] = []

    def accepts(changes: Mapping[str, str]) -> bool:
        seen.append(changes.get("x", ""))
        return not changes.get("x", "").endswith(",16.0)")

    (piece,) = (a for a in advise(study, accepts=accepts) if "x" in a.changes)
    assert any(value.endswith(",16.0)") for value in seen)
    assert (piece.rule, piece.changes["x"].endswith(",10.0)")) == ("narrow", True)
    assert piece.changes["x"] in piece.sentence
