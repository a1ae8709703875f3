import threading
from functools import partial

import optuna
import pytest

from tests.study.searches import GRID, assert_same, bowl, by_slot, make_sampler, new_study
from tunesmith.study import (
    SlotSampler,
    StopReason,
    TrialInterrupted,
    is_finished,
    run_worker,
    slots,
)
from tunesmith.study.retry import Retry


class Killed(BaseException):
    """Ends everything at once, as SIGKILL does."""


class Guillotine:
    """Let a number of database calls through, then kill whoever calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: float = float("inf")
        self.calls = 0
        call_retried = Retry.call

        def counted(retry: Retry, call, *, database: str):
            if threading.current_thread() is threading.main_thread():
                self.calls += 1
                if self.calls > self.left:
                    raise Killed
            return call_retried(retry, call, database=database)

        monkeypatch.setattr(Retry, "call", counted)

    def search(self, url: str, *, kill_after: float, n_trials: int, **kwargs) -> bool:
        """Return True if the search was killed after so many calls to the database."""
        self.calls, self.left = 0, kill_after
        study = new_study(url, **kwargs)
        try:
            run_worker(study, bowl, n_trials=n_trials, max_retries=10**6)
        except Killed:
            return True
        except UnboundLocalError as error:
            # So does Optuna trip when it is killed while it tells.
            if not isinstance(error.__context__, Killed):
                raise
            return True
        finally:
            self.left = float("inf")
        return False


def halving() -> optuna.pruners.BasePruner:
    return optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2)


def grid_objective(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", 0, 1, step=0.5)
    return x + trial.suggest_categorical("y", GRID["y"])


@pytest.fixture
def guillotine(monkeypatch: pytest.MonkeyPatch) -> Guillotine:
    return Guillotine(monkeypatch)


def test_a_retry_has_the_slot_of_its_original() -> None:
    study = new_study(None)
    for number, original in [(0, None), (1, None), (2, 0), (3, None), (4, 0)]:
        attrs = {} if original is None else {"failed_trial": original}
        study.add_trial(optuna.trial.create_trial(value=0.0, system_attrs=attrs))
        assert study.trials[-1].number == number
    assert slots(study.trials) == {0: 0, 1: 1, 2: 0, 3: 2, 4: 0}
    for looked_at in range(6):
        known = slots(study.trials[:looked_at])
        assert slots(study.trials[looked_at:], known) == slots(study.trials)


def test_a_retry_of_nobody_is_a_fresh_trial() -> None:
    study = new_study(None)
    for original in (7, "0", None, [1]):
        attrs = {"failed_trial": original}
        study.add_trial(optuna.trial.create_trial(value=0.0, system_attrs=attrs))
    assert slots(study.trials) == {0: 0, 1: 1, 2: 2, 3: 3}


SEEDED = ["tpe", "random", "gp", "nsgaii", "cmaes"]


@pytest.mark.parametrize("kind", ["tpe", "random", "nsgaii", "cmaes"])
def test_a_search_killed_again_and_again_has_the_points_of_one_that_never_was(
    kind: str, tmp_path, guillotine: Guillotine
) -> None:
    n_trials = 9
    pruner = partial(optuna.pruners.MedianPruner, n_startup_trials=3)
    search = partial(guillotine.search, sampler=kind, n_trials=n_trials)
    assert not search(f"sqlite:///{tmp_path}/whole", kill_after=float("inf"), pruner=pruner())
    url = f"sqlite:///{tmp_path}/killed"
    kills = 0
    while search(url, kill_after=47 + 20 * kills, pruner=pruner()):
        kills += 1
    assert kills >= 2
    assert_same(url, f"sqlite:///{tmp_path}/whole", n_trials=n_trials)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*SEEDED, "grid"])
@pytest.mark.parametrize(
    "pruner", [optuna.pruners.MedianPruner, halving], ids=["median", "halving"]
)
def test_a_search_killed_once_anywhere_has_the_points_of_one_that_never_was(
    kind: str, pruner, tmp_path, guillotine: Guillotine
) -> None:
    search = partial(guillotine.search, sampler=kind, n_trials=12)
    assert not search(f"sqlite:///{tmp_path}/whole", kill_after=float("inf"), pruner=pruner())
    per_trial = guillotine.calls // 12
    for kill_after in range(8 * per_trial, 10 * per_trial, per_trial // 5):
        url = f"sqlite:///{tmp_path}/{kill_after}"
        assert search(url, kill_after=kill_after, pruner=pruner())
        assert not search(url, kill_after=float("inf"), pruner=pruner())
        assert_same(url, f"sqlite:///{tmp_path}/whole", n_trials=12)


def test_a_search_without_a_seed_draws_one_that_all_its_workers_share(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/db"
    first, second = new_study(url, seed=None), new_study(url, seed=None)
    run_worker(first, bowl, n_trials=1)
    run_worker(second, bowl, n_trials=2)
    assert first.sampler._seed == second.sampler._seed
    other = new_study(url, seed=None, name="other")
    run_worker(other, bowl, n_trials=1)
    assert other.trials[0].params != first.trials[0].params


def test_the_same_search_on_an_empty_store_has_the_same_points(tmp_path) -> None:
    studies = [new_study(None, sampler="tpe"), new_study(f"sqlite:///{tmp_path}/db", sampler="tpe")]
    for study in studies:
        run_worker(study, bowl, n_trials=12)
    assert by_slot(studies[0].trials) == by_slot(studies[1].trials)


@pytest.mark.parametrize("kind", ["grid", "brute"])
def test_a_worker_stops_when_every_point_was_tried(kind: str) -> None:
    study = new_study(None, sampler=kind)
    stop = run_worker(study, grid_objective, n_trials=100)
    assert stop == StopReason.EXHAUSTED
    assert len({tuple(t.params.items()) for t in study.trials}) == len(study.trials) == 12
    assert run_worker(study, grid_objective, n_trials=100) == StopReason.EXHAUSTED
    assert len(study.trials) == 12


def test_a_failed_attempt_takes_no_point_of_the_grid() -> None:
    study = new_study(None, sampler="grid")
    died = {3, 7}

    def objective(trial: optuna.Trial) -> float:
        value = grid_objective(trial)
        if trial.number in died:
            raise TrialInterrupted
        return value

    while run_worker(study, objective, n_trials=12) == StopReason.INTERRUPTED:
        pass
    finished = [t for t in study.trials if is_finished(t)]
    assert len({tuple(t.params.items()) for t in finished}) == 12


def test_qmc_walks_one_sequence() -> None:
    study, whole = new_study(None, sampler="qmc"), new_study(None, sampler="qmc")
    for n_trials in (3, 7):
        study.sampler = new_study(None, sampler="qmc").sampler
        run_worker(study, bowl, n_trials=n_trials)
    run_worker(whole, bowl, n_trials=7)
    assert by_slot(study.trials) == by_slot(whole.trials)
    assert len({t.params["x"] for t in study.trials}) == 7


def test_hyperband_works_with_slots() -> None:
    study = new_study(None, sampler="tpe", pruner=optuna.pruners.HyperbandPruner(max_resource=5))
    assert run_worker(study, bowl, n_trials=15) == StopReason.FINISHED


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="got -1; try seed=0"):
        SlotSampler(partial(make_sampler, "tpe"), -1)
