"""Keep several workers at work on this machine: the same command line again for each job."""

import os
import subprocess
import sys
import time
from collections.abc import Callable

from tunesmith.paths import SearchPaths
from tunesmith.search.worker_environment import (
    DEADLINE,
    STAGE,
    deadline,
    visible_gpus,
    worker_environment,
)

# A worker exits with it when going on does not help its study: it is not replaced.
SEARCH_FAILED = 3
POLL_S = 0.5
# Workers that die so often without a finished trial between will not finish any.
MAX_DEATHS_PER_JOB = 5


class WorkersFailed(ValueError):  # noqa: N818 - names what happened
    """The workers will finish no more trials; the message is the last line that one printed."""


class Workers:
    """`n_jobs` worker processes that are kept at work until all have ended well.

    A worker that dies, by a signal or an error of its own, is replaced while the study lacks one
    of its `n_trials`; `n_finished` counts those it has, by which workers that only die are told
    from those that get on.
    """

    def __init__(
        self,
        *,
        stage: str,
        n_jobs: int,
        n_trials: int,
        timeout: float | None,
        paths: SearchPaths,
        n_finished: Callable[[], int],
    ) -> None:
        self._told = {STAGE: stage, DEADLINE: deadline(timeout)}
        self._n_jobs = n_jobs
        self._n_trials = n_trials
        self._paths = paths
        self._n_finished = n_finished
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._deaths = 0
        self._finished = -1

    def supervise(self, *, on_poll: Callable[[], None], should_stop: Callable[[], bool]) -> None:
        """Start the workers and wait until they are done or `should_stop`; leaves none behind.

        Raises WorkersFailed if they give up, or die without finishing trials.
        """
        self._paths.workers.mkdir(parents=True, exist_ok=True)
        try:
            for index in range(self._n_jobs):
                self._start(index)
            while self._processes and not should_stop():
                time.sleep(POLL_S)
                on_poll()
                self._replace_dead()
        finally:
            for process in self._processes.values():
                process.terminate()
            for process in self._processes.values():
                process.wait()

    def _start(self, index: int) -> None:
        environment = worker_environment(index, n_jobs=self._n_jobs, gpus=visible_gpus(os.environ))
        with self._paths.worker_log(index).open("ab") as log:
            self._processes[index] = subprocess.Popen(
                sys.orig_argv,
                env=environment | self._told,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the parent, which asks them to stop.
            )

    def _replace_dead(self) -> None:
        ended = {i: code for i, p in self._processes.items() if (code := p.poll()) is not None}
        for index, code in ended.items():
            del self._processes[index]
            finished = self._n_finished()
            if code != 0 and finished < self._n_trials:
                self._count_death(code, index, finished)
                self._start(index)

    def _count_death(self, code: int, index: int, finished: int) -> None:
        self._deaths = self._deaths + 1 if finished == self._finished else 1
        self._finished = finished
        if code == SEARCH_FAILED or self._deaths > MAX_DEATHS_PER_JOB * self._n_jobs:
            lines = self._paths.worker_log(index).read_text(errors="replace").strip().splitlines()
            raise WorkersFailed(lines[-1] if lines else f"worker {index} ended with code {code}")
