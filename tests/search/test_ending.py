"""A search that ends before its total says why, and how to go on: terminator and time limit."""

from pathlib import Path

import optuna
import pytest
import yaml

from tests.commands import read_trials, refuse, succeed
from tunesmith.search.worker_environment import time_left

QUADRATIC = ("-m", "hparams_search=quadratic", "hydra.sweeper.study_name=s", "tracking=none")
TERMINATOR = "hydra.sweeper.terminator"
STAGNATION = (
    "refit=false",
    "hydra/sweeper/terminator=stagnation",
    f"{TERMINATOR}.min_n_trials=3",
    f"{TERMINATOR}.max_stagnation_trials=2",
)


def n_trials(root: Path) -> int:
    """How many trials the study has."""
    return len(read_trials(f"sqlite:///{root}/optuna.db"))


def longest_stagnation(values: list[float]) -> int:
    """How many trials there are since the best one."""
    return len(values) - 1 - values.index(min(values))


def test_the_terminator_ends_a_search_which_goes_on_without_it(tmp_path: Path) -> None:
    printed = succeed(*QUADRATIC, *STAGNATION, root=tmp_path)
    trials = read_trials(f"sqlite:///{tmp_path}/optuna.db")
    # It ended as soon as the rule held, and not before.
    values = [float(trial.value or 0.0) for trial in trials]
    assert longest_stagnation(values) == 3
    assert f"Stopped early after {len(trials)} of 100 trials: the last 3 of" in printed
    assert "To continue, add hydra/sweeper/terminator=none." in printed
    results = tmp_path / "searches" / "s" / "optimization_results.yaml"
    assert yaml.safe_load(results.read_text())["best_value"] == min(values)

    again = succeed(*QUADRATIC, *STAGNATION, root=tmp_path)
    assert f"Study s was stopped early after {len(trials)} of 100 trials (best value" in again
    assert "To continue, add hydra/sweeper/terminator=none; to start over, set" in again
    assert "Warning" not in again
    assert n_trials(tmp_path) == len(trials)
    more = str(len(trials) + 2)
    succeed(*QUADRATIC, "refit=false", f"hydra.sweeper.n_trials={more}", root=tmp_path)
    assert n_trials(tmp_path) == int(more)


def test_one_worker_s_verdict_ends_them_all_and_is_kept(tmp_path: Path) -> None:
    printed = succeed(*QUADRATIC, *STAGNATION, "hydra.sweeper.n_jobs=2", root=tmp_path)
    # At most one trial was under way elsewhere.
    assert n_trials(tmp_path) < 100
    assert "brought no better value than" in printed
    storage = optuna.storages.RDBStorage(f"sqlite:///{tmp_path}/optuna.db")
    verdict = optuna.load_study(study_name="s", storage=storage).user_attrs["terminated"]
    storage.remove_session()
    storage.engine.dispose()
    assert verdict["reason"] in printed.replace("\n", " ")
    assert "max_stagnation_trials=2" in verdict["by"]


@pytest.mark.slow
def test_a_search_that_another_rule_stopped_goes_on_with_one_line(tmp_path: Path) -> None:
    succeed(*QUADRATIC, *STAGNATION, root=tmp_path)
    before = n_trials(tmp_path)
    # As release 0.1.0 left it, whose terminators were Optuna's.
    storage = optuna.storages.RDBStorage(f"sqlite:///{tmp_path}/optuna.db")
    study = optuna.load_study(study_name="s", storage=storage)
    study.set_user_attr("terminated", {"by": "emmr", "reason": "too little left to gain"})
    storage.remove_session()
    storage.engine.dispose()
    other = (*STAGNATION[:-1], f"{TERMINATOR}.max_stagnation_trials=50")
    total = f"hydra.sweeper.n_trials={before + 2}"
    printed = succeed(*QUADRATIC, *other, total, root=tmp_path)
    assert "study s, which another rule stopped early: too little left to gain." in printed
    assert n_trials(tmp_path) == before + 2


# Workers take some seconds to start.
@pytest.mark.parametrize(
    ("n_jobs", "timeout"), [(1, 2), pytest.param(2, 20, marks=pytest.mark.slow)]
)
def test_a_time_limit_ends_a_search_which_the_same_command_continues(
    tmp_path: Path, n_jobs: int, timeout: int
) -> None:
    arguments = (
        *(*QUADRATIC, "refit=false", "hydra.sweeper.n_trials=100000"),
        *(f"hydra.sweeper.timeout={timeout}", f"hydra.sweeper.n_jobs={n_jobs}"),
    )
    printed = succeed(*arguments, root=tmp_path)
    first = n_trials(tmp_path)
    ended = (
        f"Stopped early after {first} of 100000 trials: the time limit of {timeout} s was reached"
    )
    assert f"{ended}; run the same command to continue." in printed
    assert (tmp_path / "searches" / "s" / "best.yaml").exists()
    succeed(*arguments, root=tmp_path)
    assert n_trials(tmp_path) > first


def test_a_time_limit_before_the_first_result_is_no_error(tmp_path: Path) -> None:
    printed = succeed(*QUADRATIC, "hydra.sweeper.timeout=1e-6", root=tmp_path)
    assert "Stopped early after 0 of 100 trials: the time limit of 1e-06 s was" in printed


def test_a_replaced_worker_has_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    assert time_left(60.0) == 60.0
    monkeypatch.setenv("TUNESMITH_WORKER", "0")
    monkeypatch.setenv("TUNESMITH_DEADLINE", "0")
    assert time_left(60.0) == 0.0
    assert time_left(None) is None


@pytest.mark.parametrize(
    ("argument", "came", "way_out"),
    [
        ("hydra/sweeper/terminator=stagnate", "stagnate", "hydra/sweeper/terminator=stagnation"),
        (f"{TERMINATOR}._target_=mine.Rule", "mine.Rule", "TRUSTED in train.py"),
        ("hydra/sweeper/terminator=emmr", "emmr", "hydra/sweeper/terminator=stagnation"),
        ("hydra/sweeper/terminator=regret_bound", "Optuna drops", "terminator=stagnation"),
        (
            f"{TERMINATOR}._target_=optuna.terminator.Terminator",
            "optuna.terminator.Terminator",
            "hydra/sweeper/terminator=stagnation",
        ),
        (f"{TERMINATOR}._target_=optuna.Rule", "optuna.Rule", "hydra/sweeper/terminator=none"),
        ("hydra.sweeper.pruner.percentile=101", "101", "hydra/sweeper/pruner=none"),
        ("hydra.sweeper.timeout=0", "got 0", "hydra.sweeper.timeout=3600"),
        ("hydra.sweeper.timeout=nan", "got nan", "hydra.sweeper.timeout=3600"),
        ("hydra.sweeper.timeout=long", "must be a number, got long", "hydra.sweeper.timeout=3600"),
    ],
)
def test_a_bad_ending_is_one_clear_line(
    tmp_path: Path, argument: str, came: str, way_out: str
) -> None:
    said = refuse(*QUADRATIC, argument, root=tmp_path / "outputs")
    assert came in said
    assert way_out in said
