"""Record each trial where it runs as a job, whatever the app's main does."""

from collections.abc import Sequence
from contextlib import chdir
from functools import wraps
from typing import Any

import optuna
from hydra.types import TaskFunction
from omegaconf import DictConfig
from optuna import TrialPruned

from tunesmith.commands import repeat_run, run_job
from tunesmith.context import Context, job_context, offered, trial_name, trial_tags
from tunesmith.paths import started_in
from tunesmith.study import (
    BadValue,
    Diverged,
    Pruned,
    StudyRecord,
    TrialRecord,
    read_values,
    trial_numbered,
)
from tunesmith.tracking import Run, RunState, Tracking


def recorded(
    task: TaskFunction, *, tracking: Tracking, metrics: Sequence[str], is_of_any_app: bool
) -> TaskFunction:
    """Return the app's main so that a trial knows its folder and its run in the tracking store.

    A main that records more takes the run over; any other's gets parameters, values and state.

    Args:
        task: The app's main.
        tracking: What opens runs.
        metrics: What the values are called.
        is_of_any_app: The app's overrides repeat a trial, since what Hydra keeps of a config tells
            nothing of types, and has the name of many an app's own.

    """

    @wraps(task)
    def run_task(cfg: DictConfig) -> Any:
        context = job_context()
        trial = context.trial
        assert trial is not None  # Only a worker's jobs are wrapped.
        TrialRecord.write(trial, folder=str(context.paths.folder))
        repeat = _repeat_by_overrides(trial) if is_of_any_app else repeat_run(context.paths)
        run = _open_run(trial, context, tracking, repeat=repeat)
        state = RunState.FAIL
        values: dict[str, float] = {}
        with offered(run) as offer:
            try:
                result = task(cfg)
                state, values = _outcome(result, metrics)
                return result
            except TrialPruned as pruned:
                # As an outcome: what a job raises, Hydra writes into its log as a failure.
                state = RunState.PRUNED
                return Pruned(str(pruned), diverged=isinstance(pruned, Diverged))
            except (KeyboardInterrupt, SystemExit):
                state = RunState.INTERRUPTED
                raise
            finally:
                if not offer.is_taken:
                    run.log_params(trial.params)
                    run.log_summary(values)
                    run.finish(state)

    return run_task


def _repeat_by_overrides(trial: optuna.Trial) -> str | None:
    overrides = TrialRecord.of(trial_numbered(trial.study, trial.number)).overrides
    return None if overrides is None else run_job(overrides)


def _open_run(
    trial: optuna.Trial, context: Context, tracking: Tracking, *, repeat: str | None
) -> Run:
    with chdir(started_in()):  # A relative address of the store is meant from there.
        run = tracking.start_run(
            trial_name(trial),
            tags=trial_tags(trial, context.paths, repeat=repeat),
            parent_id=StudyRecord.of(trial.study).run_id,
        )
    if run.id is not None:
        TrialRecord.write(trial, run_id=run.id)
    return run


def _outcome(result: Any, metrics: Sequence[str]) -> tuple[RunState, dict[str, float]]:
    if isinstance(result, Pruned):
        return RunState.PRUNED, {}
    try:
        values = read_values(result, n_directions=len(metrics))
    except BadValue:
        return RunState.FAIL, {}
    return RunState.COMPLETE, dict(zip(metrics, values, strict=True))
