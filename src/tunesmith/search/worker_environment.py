"""Tell a worker process what its parent wants: a share of the machine, and when to stop."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tunesmith.process import ProcessId

MARK, PARENT, STAGE = "TUNESMITH_WORKER", "TUNESMITH_PARENT", "TUNESMITH_STAGE"
DEADLINE = "TUNESMITH_DEADLINE"
# Names the command that had an engine run this worker.
TOKEN = "TUNESMITH_TOKEN"
# How many seconds a worker waits for a database that is away when it starts.
PATIENCE_S = 120


def is_worker() -> bool:
    """Return whether this process was started by a parent to work on its study."""
    return MARK in os.environ


def opening_retry_s() -> float:
    """Return for how long opening a store is tried again: a user is told of a bad URL at once."""
    return PATIENCE_S if is_worker() else 0


def stage_of_worker() -> str:
    """Return the stage that this worker's parent named to it."""
    return os.environ[STAGE]


def token_of_launch() -> str | None:
    """Return the token of the command that had this worker launched; None for a local worker."""
    return os.environ.get(TOKEN)


def number_of_worker() -> str:
    """Return the number of this worker, as its log is named."""
    return os.environ[MARK]


def is_orphan() -> bool:
    """Return whether this worker's parent has ended: it then stops as on Ctrl-C."""
    parent = os.environ.get(PARENT)
    return parent is not None and ProcessId.from_str(parent).is_dead_here()


def time_left(timeout: float | None) -> float | None:
    """Return the seconds until the search's time limit, the same for all workers of a parent."""
    if timeout is None or not is_worker():
        return timeout
    return max(0.0, float(os.environ[DEADLINE]) - time.time())


def threads_of_a_worker(n_jobs: int) -> int:
    """Return how many of this process's CPUs each worker gets, or what OMP_NUM_THREADS says."""
    cpus = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)
    return int(os.environ.get("OMP_NUM_THREADS", max(1, len(cpus) // n_jobs)))


def visible_gpus(environment: Mapping[str, str]) -> list[str]:
    """Return the GPUs that this process may use, by the names that CUDA_VISIBLE_DEVICES takes."""
    if "CUDA_VISIBLE_DEVICES" in environment:
        return [name for name in environment["CUDA_VISIBLE_DEVICES"].split(",") if name]
    nodes = Path("/proc/driver/nvidia/gpus")
    return [str(number) for number, _ in enumerate(nodes.iterdir())] if nodes.is_dir() else []


def told_to_workers(stage: str, *, timeout: float | None) -> dict[str, str]:
    """Return what every worker of a stage is told in its environment."""
    # A replaced worker has the time that is left.
    return {STAGE: stage, DEADLINE: str(time.time() + (timeout or 0))}


def worker_environment(index: int, *, n_jobs: int, gpus: Sequence[str]) -> dict[str, str]:
    """Return the environment of a worker: its share of the CPU threads, and one of several GPUs."""
    threads = str(threads_of_a_worker(n_jobs))
    added = {MARK: str(index), PARENT: ProcessId.current().to_str(), "OMP_NUM_THREADS": threads}
    if len(gpus) > 1:
        added["CUDA_VISIBLE_DEVICES"] = gpus[index % len(gpus)]
    return {**os.environ, **added}
