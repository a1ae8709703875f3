"""Keep worker processes at work on this machine: a command line again for each of them."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tunesmith.full_disk import DiskFull, say_to_continue

# A worker exits with it when going on does not help its study: it is not replaced.
SEARCH_FAILED = 3
# It exits with this one where there is no space to write to, perhaps not even in its log.
DISK_FULL = 4
POLL_S = 0.5
# Workers that die so often without getting on between will not get on.
MAX_DEATHS_PER_JOB = 5


class WorkersFailed(ValueError):  # noqa: N818 - names what happened
    """The workers will finish no more trials; the message is the last line that one printed."""


class WorkerPool(Protocol):
    """What keeps the workers of a stage at work, on this machine or elsewhere."""

    def supervise(self, *, on_poll: Callable[[], None], should_stop: Callable[[], bool]) -> None:
        """Start the workers and wait until they are done or `should_stop`.

        Raises WorkersFailed if they give up, or die without finishing trials.
        """


class LocalWorkers:
    """Worker processes of this machine that are kept at work until all have ended well.

    A worker that dies, by a signal or an error of its own, is replaced until `is_done`.

    Args:
        command: What starts a worker.
        environments: What each is started with, by its number.
        log_of: Gives the file for what a worker prints.
        is_done: Tells whether nothing is left to do for a new worker.
        progress: Returns a number that grows while workers get on, by which those that only die
            are told from others.
        cwd: Where they run.

    """

    def __init__(
        self,
        *,
        command: Sequence[str],
        environments: Mapping[int, Mapping[str, str]],
        log_of: Callable[[int], Path],
        is_done: Callable[[], bool],
        progress: Callable[[], int],
        cwd: str | None = None,
    ) -> None:
        self._command = list(command)
        self._environments = environments
        self._log_of = log_of
        self._is_done = is_done
        self._progress = progress
        self._cwd = cwd
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._deaths = 0
        self._reached = -1

    def supervise(self, *, on_poll: Callable[[], None], should_stop: Callable[[], bool]) -> None:
        """Start the workers and wait until they are done or `should_stop`; leaves none behind.

        Raises WorkersFailed if they give up, or die without finishing trials.
        """
        try:
            for number in self._environments:
                self._start(number)
            while self._processes and not should_stop():
                time.sleep(POLL_S)
                on_poll()
                self._replace_dead()
        finally:
            for process in self._processes.values():
                process.terminate()
            for process in self._processes.values():
                process.wait()

    def _start(self, number: int) -> None:
        path = self._log_of(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as log:
            self._processes[number] = subprocess.Popen(
                self._command,
                env=dict(self._environments[number]),
                cwd=self._cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the parent, which asks them to stop.
            )

    def _replace_dead(self) -> None:
        ended = {i: code for i, p in self._processes.items() if (code := p.poll()) is not None}
        for number, code in ended.items():
            del self._processes[number]
            if code != 0 and not self._is_done():
                self._count_death(code, number)
                self._start(number)

    def _count_death(self, code: int, number: int) -> None:
        reached = self._progress()
        self._deaths = self._deaths + 1 if reached == self._reached else 1
        self._reached = reached
        allowed = MAX_DEATHS_PER_JOB * len(self._environments)
        if code in (SEARCH_FAILED, DISK_FULL) or self._deaths > allowed:
            log = self._log_of(number)
            lines = log.read_text(errors="replace").strip().splitlines()
            said = lines[-1] if lines else f"worker {number} ended with code {code}"
            here = say_to_continue(DiskFull.at(str(log.parent)))
            is_said = code != DISK_FULL or said.startswith(here.partition(" of ")[0])
            raise WorkersFailed(said if is_said else here)
