from collections.abc import Mapping

import optuna
from optuna.trial import create_trial

from tunesmith.study import SEED, TRIAL, StudyRecord, read_confirmation

NUMBER = optuna.distributions.IntDistribution(0, 1000)


def fit(
    confirm: optuna.Study,
    trial: int,
    seed: int,
    value: float,
    *,
    code: Mapping[str, str] | None = None,
) -> None:
    confirm.add_trial(
        create_trial(
            params={TRIAL: trial, SEED: seed},
            distributions={TRIAL: NUMBER, SEED: NUMBER},
            value=value,
            user_attrs={"code": dict(code or {})},
        )
    )


def searched(direction: str = "minimize") -> optuna.Study:
    study = optuna.create_study(direction=direction)
    for value in (4.0, 1.0, 2.0):
        study.add_trial(create_trial(value=value))
    StudyRecord.write(study, metric="val/mse")
    return study


def test_the_winner_has_the_best_mean_of_those_with_the_most_seeds() -> None:
    search, confirm = searched(), optuna.create_study()
    StudyRecord.write(confirm, candidates=[1, 2, 0], baseline_trial=0)
    for trial, values in ((1, [3.0]), (2, [5.0, 6.0]), (0, [8.0, 9.0])):
        for seed, value in enumerate(values):
            fit(confirm, trial, seed, value)
    fit(confirm, 2, 0, 99.0)  # Two machines queued the same point: the first fit counts.
    StudyRecord.write_test(confirm, 2, {"test/mse": 7.0})
    found = read_confirmation(search, confirm)
    assert found is not None
    assert (found.winner, found.baseline) == ("trial 2", "baseline")
    assert [list(c.values) for c in found.candidates] == [[3.0], [5.0, 6.0], [8.0, 9.0]]
    assert found["trial 2"].search_value == 2.0
    assert found["trial 2"].test_mean == 7.0


def test_a_fit_of_later_code_takes_the_place_of_an_earlier_one() -> None:
    search, confirm = searched(), optuna.create_study()
    StudyRecord.write(confirm, candidates=[1])
    for value, code in ((5.0, "old"), (3.0, "new"), (99.0, "new")):
        fit(confirm, 1, 0, value, code={"model": code})
    found = read_confirmation(search, confirm)
    assert found is not None
    assert list(found["trial 1"].values) == [3.0]


def test_a_study_of_others_confirms_nothing() -> None:
    search, confirm = searched(), optuna.create_study()
    assert read_confirmation(search, confirm) is None
    confirm.add_trial(create_trial(value=1.0))
    fit(confirm, 77, 0, 1.0)
    confirm.set_user_attr("candidates", ["1", None])
    assert read_confirmation(search, confirm) is None
    confirm.set_user_attr("candidates", [77])
    assert read_confirmation(search, confirm) is None
