"""Several workers on this machine: the same command line again, as often as there are jobs."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tunesmith.process import ProcessId

MARK, PARENT, STAGE = "TUNESMITH_WORKER", "TUNESMITH_PARENT", "TUNESMITH_STAGE"
DEADLINE = "TUNESMITH_DEADLINE"
# A worker ends with it when its study is not worth going on with: it is not replaced.
SEARCH_FAILED = 3
POLL_S = 0.5
# Workers that die so often without a finished trial between will not finish any.
MAX_DEATHS_PER_JOB = 5


class WorkersFailed(ValueError):  # noqa: N818 - names what happened
    """The workers will finish no more trials; the message holds the last one's last line."""


def is_worker() -> bool:
    """Whether this process was started by a parent to work on its study."""
    return MARK in os.environ


def stage_of_worker() -> str:
    """What this worker's parent is about: the name that it gave to `Workers`."""
    return os.environ[STAGE]


def is_orphan() -> bool:
    """Whether this worker's parent is no more: it then stops as on Ctrl-C."""
    parent = os.environ.get(PARENT)
    return parent is not None and ProcessId.from_str(parent).is_dead_here()


def time_left(timeout: float | None) -> float | None:
    """Seconds until the search's time is over: workers have one clock, also replaced ones."""
    if timeout is None or not is_worker():
        return timeout
    return max(0.0, float(os.environ[DEADLINE]) - time.time())


def threads_of_a_worker(n_jobs: int) -> int:
    """What one of `n_jobs` workers gets of this process's CPUs, unless OMP_NUM_THREADS says it."""
    cpus = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)
    return int(os.environ.get("OMP_NUM_THREADS", max(1, len(cpus) // n_jobs)))


def visible_gpus(environment: Mapping[str, str]) -> list[str]:
    """The GPUs that this process may use, by the names that CUDA_VISIBLE_DEVICES takes."""
    if "CUDA_VISIBLE_DEVICES" in environment:
        return [name for name in environment["CUDA_VISIBLE_DEVICES"].split(",") if name]
    nodes = Path("/proc/driver/nvidia/gpus")
    return [str(number) for number, _ in enumerate(nodes.iterdir())] if nodes.is_dir() else []


def worker_environment(index: int, *, n_jobs: int, gpus: Sequence[str]) -> dict[str, str]:
    """The environment of a worker: its share of the CPU threads, and one of several GPUs."""
    threads = str(threads_of_a_worker(n_jobs))
    added = {MARK: str(index), PARENT: ProcessId.current().to_str(), "OMP_NUM_THREADS": threads}
    if len(gpus) > 1:
        added["CUDA_VISIBLE_DEVICES"] = gpus[index % len(gpus)]
    return {**os.environ, **added}


class Workers:
    """Keeps `n_jobs` worker processes at work until all have ended well.

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
        logs: Path,
        n_finished: Callable[[], int],
    ) -> None:
        self._told = {STAGE: stage, DEADLINE: str(time.time() + (timeout or 0))}
        self._n_jobs = n_jobs
        self._n_trials = n_trials
        self._logs = logs
        self._n_finished = n_finished
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._deaths = 0
        self._finished = -1

    def run(self, *, on_poll: Callable[[], None], should_stop: Callable[[], bool]) -> None:
        """Start the workers and wait until they are done or `should_stop`; leaves none behind.

        Raises WorkersFailed if they give up, or die without finishing trials.
        """
        self._logs.mkdir(parents=True, exist_ok=True)
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
        with self._log(index).open("ab") as log:
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
            lines = self._log(index).read_text(errors="replace").strip().splitlines()
            raise WorkersFailed(lines[-1] if lines else f"worker {index} ended with code {code}")

    def _log(self, index: int) -> Path:
        return self._logs / f"{index}.log"
