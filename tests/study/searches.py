"""Searches for the tests, also as processes of their own that can be killed."""

import multiprocessing
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.process import BaseProcess
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from tunesmith.study import (
    SlotSampler,
    StopReason,
    create_or_resume_study,
    is_finished,
    open_storage,
    run_worker,
    slots,
)

optuna.logging.set_verbosity(optuna.logging.ERROR)

Objective = Callable[[optuna.Trial], Any]


def make_sampler(kind: str, seed: int | None) -> BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return {
            "tpe": partial(optuna.samplers.TPESampler, n_startup_trials=4),
            "random": optuna.samplers.RandomSampler,
            "gp": partial(optuna.samplers.GPSampler, n_startup_trials=4),
            "nsgaii": partial(optuna.samplers.NSGAIISampler, population_size=4),
            "cmaes": partial(optuna.samplers.CmaEsSampler, n_startup_trials=2, popsize=4),
            "qmc": partial(optuna.samplers.QMCSampler, qmc_type="halton"),
            "grid": partial(optuna.samplers.GridSampler, GRID),
            "brute": optuna.samplers.BruteForceSampler,
        }[kind](seed=seed)


GRID = {"x": [0.0, 0.5, 1.0], "y": [0.0, 0.25, 0.5, 1.0]}


def bowl(trial: optuna.Trial) -> float:
    """Report five falling values, as a training would; pruners stop the bad ones."""
    x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
    value = (x - 0.3) ** 2 + (y - 0.7) ** 2
    for step in range(5):
        trial.report(value + 1 / (1 + step), step)
        if trial.should_prune():
            raise optuna.TrialPruned(f"at step {step}")
    return value


def slow_bowl(trial: optuna.Trial, *, pause: float) -> float:
    time.sleep(pause)
    return bowl(trial)


def new_study(
    url: str | None,
    *,
    sampler: str = "random",
    seed: int | None = 1,
    pruner: optuna.pruners.BasePruner | None = None,
    name: str = "search",
    **storage: Any,
) -> optuna.Study:
    return create_or_resume_study(
        name,
        storage=open_storage(url, **storage),
        directions=["minimize"],
        sampler=SlotSampler(partial(make_sampler, sampler), seed),
        pruner=pruner,
    )


def work(
    url: str,
    *,
    n_trials: int,
    objective: Objective = bowl,
    sampler: str = "random",
    seed: int | None = 1,
    storage: dict[str, Any] | None = None,
    **worker: Any,
) -> StopReason:
    study = new_study(url, sampler=sampler, seed=seed, **(storage or {}))
    return run_worker(study, objective, n_trials=n_trials, **worker)


def start(target: Callable[..., Any], *args: Any, **kwargs: Any) -> BaseProcess:
    """Start a function of a module in a fresh process."""
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=target, args=args, kwargs=kwargs, daemon=True)
    process.start()
    return process


@contextmanager
def workers(n: int, url: str, **kwargs: Any) -> Iterator[list[BaseProcess]]:
    """Start n workers; whatever happens, none of them outlives the block."""
    processes = [start(work, url, **kwargs) for _ in range(n)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.join()


def wait_for(condition: Callable[[], bool], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def in_state(study: optuna.Study, *states: TrialState) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=states)


def by_slot(trials: list[FrozenTrial]) -> dict[int, tuple]:
    found = slots(trials)
    return {
        found[t.number]: (t.params, t.values, t.state, t.intermediate_values)
        for t in trials
        if is_finished(t)
    }


def assert_same(url: str, other: str, *, n_trials: int) -> None:
    ours, theirs = by_slot(new_study(url).trials), by_slot(new_study(other).trials)
    assert ours == theirs
    assert len(ours) == n_trials
