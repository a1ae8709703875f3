"""One study to be worked on, in this process or by several workers."""

from collections.abc import Callable
from dataclasses import dataclass

import optuna
from hydra.plugins.launcher import Launcher
from rich.console import Console

from tunesmith.search.code_version import code_version
from tunesmith.search.console import LiveLine
from tunesmith.search.job import TrialJob
from tunesmith.search.messages import n_finished
from tunesmith.search.plan import Plan
from tunesmith.search.stop import SignalGuard
from tunesmith.search.worker_environment import is_orphan
from tunesmith.search.workers import Workers
from tunesmith.study import StopReason, Termination, recover_dead_trials, run_worker


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
    termination: Termination | None = None


def run_stage(
    stage: Stage, plan: Plan, *, make_launcher: Callable[[], Launcher], console: Console
) -> None:
    """Work here, or have workers do it, and show how it goes.

    Raises SearchInterrupted if the user asked for it, SearchFailed or WorkersFailed if it is not
    worth going on with.
    """
    n_jobs, study = plan.settings["n_jobs"], stage.study
    line = LiveLine(study, n_trials=stage.n_trials, console=console)
    with SignalGuard() as stop, line:
        if n_jobs == 1:
            ended = work(stage, plan, make_launcher=make_launcher, stop=stop, on_change=line.update)
            if ended is StopReason.INTERRUPTED:
                raise SearchInterrupted
            return
        workers = Workers(
            stage=stage.name,
            n_jobs=n_jobs,
            n_trials=stage.n_trials,
            logs=plan.folder / "workers",
            timeout=stage.timeout,
            n_finished=lambda: n_finished(study),
        )
        workers.run(on_poll=lambda: line.update(study), should_stop=lambda: stop.requested)
        # What a killed worker left is queued again, for the next time.
        recover_dead_trials(study, max_retries=plan.settings["max_retries"])
        if stop.requested:
            raise SearchInterrupted


def work(
    stage: Stage,
    plan: Plan,
    *,
    make_launcher: Callable[[], Launcher],
    stop: SignalGuard,
    on_change: Callable[[optuna.Study], None],
) -> StopReason:
    """Run trials in this process until the stage has its own, and say why it ended.

    Raises SearchFailed if it is not worth going on with.
    """
    settings = plan.settings
    job = TrialJob(
        launcher=make_launcher(),
        overrides_of=stage.overrides_of,
        stop=stop,
        code=code_version(),
    )
    return run_worker(
        stage.study,
        job,
        n_trials=stage.n_trials,
        max_retries=settings["max_retries"],
        max_failure_rate=settings["max_failure_rate"],
        timeout=stage.timeout,
        termination=stage.termination,
        queued_only=stage.queued_only,
        on_change=on_change,
        should_stop=lambda: stop.requested or is_orphan(),
    )
