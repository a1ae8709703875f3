"""Work on one study, in this process or by several workers."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import optuna

from tunesmith.search.console import LiveLine
from tunesmith.search.job import run_as_job
from tunesmith.search.recording import recorded
from tunesmith.search.saved_config import is_of_any_app
from tunesmith.search.session import Session
from tunesmith.search.stop import SignalGuard
from tunesmith.search.worker_environment import is_orphan
from tunesmith.search.workers import SEARCH_FAILED, Workers
from tunesmith.study import (
    SearchFailed,
    Stagnation,
    StopReason,
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
    line = LiveLine(stage.study, n_trials=stage.n_trials, console=session.console)

    def on_change(study: optuna.Study) -> None:
        line.update(study)
        stage.watch(study)

    with SignalGuard() as stop, line:
        if session.plan.settings.n_jobs > 1:
            _have_workers_do(stage, session, stop=stop, on_change=on_change)
            interrupted = stop.requested
        else:
            ended = work(stage, session, stop=stop, on_change=on_change)
            interrupted = ended is StopReason.INTERRUPTED
    if interrupted:
        raise SearchInterrupted


def work_for_parent(stage: Stage, session: Session) -> None:
    """Work on a stage as one of a parent's worker processes; exit with SEARCH_FAILED for good."""
    with SignalGuard() as stop:
        try:
            work(stage, session, stop=stop, on_change=lambda _: None)
        except SearchFailed as error:
            print(error, flush=True)
            sys.exit(SEARCH_FAILED)


def work(
    stage: Stage,
    session: Session,
    *,
    stop: SignalGuard,
    on_change: Callable[[optuna.Study], None],
) -> StopReason:
    """Compute trials in this process until the stage has its own, and return why it ended.

    Raises SearchFailed if going on does not help.
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
        should_stop=lambda: stop.requested or is_orphan(),
    )


def _have_workers_do(
    stage: Stage,
    session: Session,
    *,
    stop: SignalGuard,
    on_change: Callable[[optuna.Study], None],
) -> None:
    settings, study = session.plan.settings, stage.study
    workers = Workers(
        stage=stage.name,
        n_jobs=settings.n_jobs,
        n_trials=stage.n_trials,
        paths=session.plan.paths,
        timeout=stage.timeout,
        n_finished=lambda: n_finished(study),
    )
    workers.supervise(on_poll=lambda: on_change(study), should_stop=lambda: stop.requested)
    # What a killed worker left is queued again, for the next time.
    recover_dead_trials(study, max_retries=settings.max_retries)
