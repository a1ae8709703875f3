"""Work on one study, in this process or by several workers."""

import contextlib
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import optuna
from hydra.errors import InstantiationException
from omegaconf import OmegaConf
from optuna.trial import TrialState

from tunesmith.config import resolve_function
from tunesmith.freed_memory import collect_as_usual
from tunesmith.search.console import Progress
from tunesmith.search.job import run_as_job
from tunesmith.search.launched import LaunchedWorkers, is_launched
from tunesmith.search.plan import Plan
from tunesmith.search.recording import recorded
from tunesmith.search.saved_config import is_of_any_app
from tunesmith.search.session import Session
from tunesmith.search.stop import SignalGuard
from tunesmith.search.worker_environment import (
    told_to_workers,
    visible_gpus,
    worker_environment,
)
from tunesmith.search.workers import LocalWorkers, WorkerPool
from tunesmith.study import (
    FailurePolicy,
    Stagnation,
    StopReason,
    is_exhausted,
    is_finished,
    n_finished,
    recover_dead_trials,
    run_worker,
)


class SearchInterrupted(Exception):  # noqa: N818 - it is no error
    """The user asked to stop."""


@dataclass(frozen=True)
class Stage:
    """One study to be worked on: the search's own, or the one that confirms its best trials."""

    name: str
    study: optuna.Study
    n_trials: int
    overrides_of: Callable[[optuna.Trial], list[str]]
    # What its trials are called: only "trials" compete with each other.
    unit: str = "trials"
    queued_only: bool = False
    timeout: float | None = None
    termination: Stagnation | None = None
    # Told of each change; what it raises ends the stage.
    watch: Callable[[optuna.Study], None] = lambda _: None


def complete_stage(stage: Stage, session: Session) -> None:
    """Work until the stage has its trials, here or by worker processes, and show how it goes.

    Raises SearchInterrupted if the user asked for it, SearchFailed or WorkersFailed if going on
    does not help.
    """
    n_jobs = session.plan.settings.n_jobs
    with SignalGuard() as stop, shown(stage, session, n_jobs=n_jobs) as on_change:
        if n_jobs > 1 or is_launched(session.plan.config):
            _have_workers_do(stage, session, stop=stop, on_change=on_change)
            interrupted = stop.requested
        else:
            ended = work(
                stage, session, stop=stop, on_change=on_change, should_stop=lambda: stop.requested
            )
            interrupted = ended is StopReason.INTERRUPTED
    if interrupted:
        raise SearchInterrupted


@contextlib.contextmanager
def shown(
    stage: Stage, session: Session, *, n_jobs: int
) -> Iterator[Callable[[optuna.Study], None]]:
    """Show inside the block how a stage goes; give what is to be called when trials change."""
    progress = Progress(
        stage.study,
        n_trials=stage.n_trials,
        n_jobs=n_jobs,
        console=session.console,
        timeout=stage.timeout,
        unit=stage.unit,
    )

    def on_change(study: optuna.Study) -> None:
        progress.update(study)
        stage.watch(study)

    with progress:
        yield on_change


def work(
    stage: Stage,
    session: Session,
    *,
    stop: SignalGuard,
    on_change: Callable[[optuna.Study], None],
    should_stop: Callable[[], bool],
) -> StopReason:
    """Compute trials in this process until the stage has its own, and return why it ended.

    Raises SearchFailed if going on does not help.

    Args:
        stage: The study, and what is wanted of it.
        session: The command's work on the search.
        stop: What interrupts a trial.
        on_change: Called when trials changed state.
        should_stop: Asked before each trial, and while waiting.

    """
    settings = session.plan.settings
    task = recorded(
        session.task_function,
        tracking=session.tracking,
        metrics=settings.metrics,
        is_of_any_app=is_of_any_app(session.plan),
    )
    job = partial(
        run_as_job,
        launcher=session.make_launcher(task),
        overrides_of=stage.overrides_of,
        keeps_drawn=session.plan.drawn_key is not None,
        sweep_dir=session.plan.config.hydra.sweep.dir,
        stop=stop,
    )
    _import_objective(session.plan)
    collect_as_usual()
    return run_worker(
        stage.study,
        job,
        n_trials=stage.n_trials,
        max_retries=settings.max_retries,
        max_failure_rate=settings.max_failure_rate,
        timeout=stage.timeout,
        termination=stage.termination,
        queued_only=stage.queued_only,
        on_change=on_change,
        should_stop=should_stop,
    )


def _import_objective(plan: Plan) -> None:
    """Import what trials run, which a worker has not yet, while Python collects seldom."""
    target = OmegaConf.select(plan.base, "objective._target_")
    if target is not None:
        # What cannot be imported fails the trials that ask for it.
        with contextlib.suppress(InstantiationException):
            resolve_function(target)


def _have_workers_do(
    stage: Stage,
    session: Session,
    *,
    stop: SignalGuard,
    on_change: Callable[[optuna.Study], None],
) -> None:
    plan, study = session.plan, stage.study
    policy = FailurePolicy(plan.settings.max_failure_rate, stage.n_trials, since=datetime.now())

    def on_poll() -> None:
        on_change(study)
        if is_launched(plan.config):
            # Whoever waits for a job in a queue does not hear what the workers say at their end.
            policy.check(study.get_trials(deepcopy=False))

    _pool(stage, session).supervise(on_poll=on_poll, should_stop=lambda: stop.requested)
    # What a killed worker left is queued again, for the next time.
    recover_dead_trials(study, max_retries=plan.settings.max_retries)


def _pool(stage: Stage, session: Session) -> WorkerPool:
    plan, study = session.plan, stage.study
    told = told_to_workers(stage.name, timeout=stage.timeout)
    if is_launched(plan.config):
        return LaunchedWorkers(
            session,
            study,
            told=told,
            n_left=lambda: stage.n_trials - n_finished(study),
            is_over=_over_from_now(stage),
        )
    n_jobs, gpus = plan.settings.n_jobs, visible_gpus(os.environ)
    return LocalWorkers(
        command=sys.orig_argv,
        environments={
            number: worker_environment(number, n_jobs=n_jobs, gpus=gpus) | told
            for number in range(n_jobs)
        },
        log_of=plan.paths.worker_log,
        is_done=lambda: n_finished(study) >= stage.n_trials,
        progress=lambda: n_finished(study),
    )


def _over_from_now(stage: Stage) -> Callable[[], bool]:
    """Return what tells whether workers have nothing left to do on a stage that begins now."""
    deadline = math.inf if stage.timeout is None else time.monotonic() + stage.timeout

    def is_over() -> bool:
        trials = stage.study.get_trials(deepcopy=False)
        states = {trial.state for trial in trials}
        if stage.queued_only:
            return not states & {TrialState.WAITING, TrialState.RUNNING}
        if sum(map(is_finished, trials)) >= stage.n_trials:
            return True
        if TrialState.RUNNING in states:
            return False
        stopped = stage.termination is not None and stage.termination.verdict(stage.study)
        exhausted = is_exhausted(stage.study) and TrialState.WAITING not in states
        return bool(stopped) or exhausted or time.monotonic() >= deadline

    return is_over
