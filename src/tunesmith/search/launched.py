"""Workers that an engine runs: each job of a Hydra launcher is one worker of the study.

The study is what all of them share. A launcher waits for its jobs in their order, may never learn
that one died, and may end early; so its end is only a reason to look at the study.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import optuna
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig
from optuna.trial import TrialState
from sqlalchemy.engine import make_url

from tunesmith.errors import InvalidConfig
from tunesmith.extras import extra_of, install_extra, missing
from tunesmith.full_disk import full_disk, say_to_continue
from tunesmith.overrides import write_override
from tunesmith.paths import SearchPaths
from tunesmith.process import ProcessId
from tunesmith.search.launched_worker import LaunchedWorker
from tunesmith.search.plan import Plan
from tunesmith.search.session import Session
from tunesmith.search.worker_environment import TOKEN
from tunesmith.search.workers import MAX_DEATHS_PER_JOB, POLL_S, WorkersFailed
from tunesmith.study import StudyRecord, recover_dead_trials
from tunesmith.versions import HAS_WHITELISTS

_BASIC = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"
# How long the engine may take to end its jobs once the search is over.
_LAST_WORDS_S = 20.0
# How long workers may take to begin where the launcher has ended already.
_START_S = 60.0
_LONGEST_REASON = 300


def is_launched(config: DictConfig) -> bool:
    """Return whether the user chose a launcher other than Hydra's own: it runs the workers."""
    return bool(config.hydra.launcher.get("_target_", _BASIC) != _BASIC)


def check_launcher(plan: Plan) -> None:
    """Raise InvalidConfig for a launcher that cannot run the workers of this search."""
    if not is_launched(plan.config):
        return
    launcher, name = plan.config.hydra.launcher, plan.config.hydra.runtime.choices["hydra/launcher"]
    package = ".".join(launcher._target_.split(".")[:2])
    if (extra := extra_of(package)) is not None and missing(extra):
        # The extra would bring Hydra 1.4.
        plugin = f"pip install {package.partition('.')[2].replace('_', '-')}"
        raise InvalidConfig(
            f"hydra/launcher={name} is not installed; type "
            f"{install_extra(extra) if HAS_WHITELISTS else plugin}"
        )
    if launcher.get("tasks_per_node") not in (None, 1):
        raise InvalidConfig(
            f"hydra.launcher.tasks_per_node must be 1, got {launcher.tasks_per_node}: each job is "
            f"one worker; try hydra.sweeper.n_jobs={launcher.tasks_per_node}"
        )
    storage = plan.settings.storage
    if storage is None:
        raise InvalidConfig(
            f"hydra/launcher={name} needs a study that its workers share, and storage=memory is "
            "none; try storage=sqlite on one machine, or storage=postgresql"
        )
    if make_url(storage).get_backend_name() == "sqlite" and not _stays_here(launcher):
        raise InvalidConfig(
            f"hydra/launcher={name} runs workers on other machines, for which a SQLite file is "
            "no safe store; try storage=postgresql (in an app of yours: hydra.sweeper.storage=URL)"
        )


def _stays_here(launcher: DictConfig) -> bool:
    kind = launcher._target_.rpartition(".")[2]
    if "ray" in launcher:
        return bool(launcher.ray.init.get("address") == "local")
    return kind in ("JoblibLauncher", "LocalLauncher")


class LaunchedWorkers:
    """The workers of a stage that a Hydra launcher starts, and starts again if they are lost.

    Args:
        session: The command's work on the search.
        study: What the workers work on.
        told: What each worker is told in its environment.
        n_left: Returns how many trials the study still lacks.
        is_over: Tells whether the workers have nothing left to do.

    """

    def __init__(
        self,
        session: Session,
        study: optuna.Study,
        *,
        told: dict[str, str],
        n_left: Callable[[], int],
        is_over: Callable[[], bool],
    ) -> None:
        self._study = study
        self._n_jobs = session.plan.settings.n_jobs
        self._max_retries = session.plan.settings.max_retries
        self._n_left = n_left
        self._is_over = is_over
        # Of all commands that ever have workers launched for this study, this one's.
        self._token = ProcessId.current().to_str()
        self._make_launcher = partial(_launcher, session, told | {TOKEN: self._token})
        self._overrides = _overrides_of_workers(session.plan)
        self._is_replaced_by_engine = "ray" in session.plan.config.hydra.launcher
        self._paths = session.plan.paths
        self._launches: list[threading.Thread] = []
        self._errors: list[BaseException] = []
        self._next = 0
        self._left = 0
        self._lacked = n_left()
        self._in_vain = 0
        self._was_at_work = False
        self._seen = time.monotonic()

    def supervise(self, *, on_poll: Callable[[], None], should_stop: Callable[[], bool]) -> None:
        """Start the workers and wait until they are done or `should_stop`; then stop those left.

        Raises WorkersFailed if the launcher cannot start any, or they get on no more.
        """
        if self._is_over():
            return
        self._paths.workers.mkdir(parents=True, exist_ok=True)
        self._next = _first_free(self._paths)
        self._launch(min(self._n_jobs, max(1, self._n_left())))
        try:
            while not (should_stop() or self._is_over()):
                time.sleep(POLL_S)
                on_poll()
                self._replace_left()
                self._launch_again()
        finally:
            StudyRecord.write(self._study, stopped=self._token)
            until = time.monotonic() + _LAST_WORDS_S
            while self._is_launching() and time.monotonic() < until:
                time.sleep(POLL_S)

    def _launch(self, count: int) -> None:
        numbers = range(self._next, self._next + count)
        self._next += count
        # A daemon: some launchers wait for ever for what has died.
        thread = threading.Thread(target=self._run_launcher, args=(numbers,), daemon=True)
        self._launches.append(thread)
        self._seen = time.monotonic()
        thread.start()

    def _run_launcher(self, numbers: range) -> None:
        # On a cluster without accounting it warns again and again that it learns of no end.
        logging.getLogger("submitit").addFilter(_is_error)
        try:
            jobs = [[*self._overrides, *_places(self._paths, number)] for number in numbers]
            for job in self._make_launcher().launch(jobs, numbers[0]):
                _ = job.return_value
        except BaseException as error:
            self._errors.append(error)

    def _is_launching(self) -> bool:
        return any(thread.is_alive() for thread in self._launches)

    def _replace_left(self) -> None:
        """Start another worker for each one that its engine ended, unless the engine does."""
        if self._is_replaced_by_engine:
            return
        left = len(StudyRecord.of(self._study).left(self._token))
        lost, self._left = left - self._left, left
        if lost:
            self._was_at_work = True
            self._replace(lost)

    def _launch_again(self) -> None:
        """Start workers anew if the launcher came to an end before the study."""
        if self._is_launching() or self._is_over():
            return
        if self._are_at_work():
            # A launcher that fails with one job knows nothing of the others.
            if self._errors:
                self._errors.clear()
                self._replace(1)
            return
        if not self._errors and time.monotonic() < self._seen + _START_S:
            return
        failed = next((e for e in self._errors if isinstance(e, WorkersFailed)), None)
        if failed is not None:
            raise failed
        if not self._was_at_work:
            raise WorkersFailed(_said(self._errors, self._paths.workers))
        self._replace(self._n_jobs)
        self._errors.clear()

    def _are_at_work(self) -> bool:
        """Return whether a trial is running: its process is alive as far as one can tell."""
        recover_dead_trials(self._study, max_retries=self._max_retries)
        running = self._study.get_trials(deepcopy=False, states=[TrialState.RUNNING])
        if running or self._n_left() < self._lacked:
            self._was_at_work, self._seen = True, time.monotonic()
        return bool(running)

    def _replace(self, lost: int) -> None:
        """Start as many workers as were lost; raise WorkersFailed if those get on no more."""
        lacked = self._n_left()
        self._in_vain = 0 if lacked < self._lacked else self._in_vain + lost
        self._lacked = lacked
        if self._in_vain > MAX_DEATHS_PER_JOB * self._n_jobs:
            raise WorkersFailed(_said(self._errors, self._paths.workers))
        self._launch(min(lost, max(1, lacked)))


def _launcher(session: Session, told: dict[str, str]) -> Launcher:
    worker = LaunchedWorker(
        command=(sys.executable, *sys.orig_argv[1:]),
        cwd=str(Path.cwd()),
        paths=_absolute(session.plan.paths),
        told=told,
        n_jobs=session.plan.settings.n_jobs,
    )
    return Plugins.instance().instantiate_launcher(
        config=session.plan.config,
        hydra_context=session.hydra_context,
        task_function=worker,
    )


def _absolute(paths: SearchPaths) -> SearchPaths:
    return SearchPaths(paths.folder.absolute(), paths.output_subdir)


def _overrides_of_workers(plan: Plan) -> list[str]:
    """Return what a worker's own job is composed with: as a trial, but for what a job leaves."""
    callbacks = plan.config.hydra.get("callbacks") or {}
    return [
        *plan.space.fixed,
        *(f"~hydra.callbacks.{name}" for name in callbacks),
        "hydra.job.chdir=false",
        "hydra.output_subdir=null",
        write_override("hydra.sweep.dir", str(plan.paths.folder.absolute())),
    ]


def _places(paths: SearchPaths, number: int) -> Sequence[str]:
    folder = paths.worker_log(number).with_suffix("").relative_to(paths.folder)
    return [write_override("hydra.sweep.subdir", folder.as_posix())]


def _first_free(paths: SearchPaths) -> int:
    """Return the lowest number that no worker of this folder has: a log belongs to one of them."""
    known = [int(path.stem) for path in paths.workers.glob("*") if path.stem.isdecimal()]
    return max(known, default=-1) + 1


def _is_error(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR


def _said(errors: Sequence[BaseException], folder: Path) -> str:
    if not errors:
        return "the launcher's workers ended before the study had its trials"
    if (full := full_disk(errors[-1], place=str(folder))) is not None:
        return say_to_continue(full)
    # Engines that fail say most at the end.
    said = " ".join(str(errors[-1]).split())[-_LONGEST_REASON:]
    return f"the launcher could not run the workers: {type(errors[-1]).__name__}: {said}"
