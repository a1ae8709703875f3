"""What a worker process is given by its parent: a share of the machine, and when to stop."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tunesmith.process import ProcessId

MARK, PARENT, STAGE = "TUNESMITH_WORKER", "TUNESMITH_PARENT", "TUNESMITH_STAGE"
DEADLINE = "TUNESMITH_DEADLINE"


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


def deadline(timeout: float | None) -> str:
    """What `time_left` reads in a worker that is given it as DEADLINE."""
    return str(time.time() + (timeout or 0))


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
