"""Trials that a trainer computes by several processes: each further one does that trial alone.

Lightning starts them by the command line of the first, which would be the whole search again.
"""

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from tunesmith.errors import InvalidConfig
from tunesmith.overrides import write_override

_JOB = "TUNESMITH_JOB"
# PyTorch's own names; Lightning sets them in the first process too, where they stay.
_RANK = "LOCAL_RANK"
_GROUP = (_RANK, "MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "WORLD_SIZE")
_POLL_S = 0.5
# How much later than the first process another may end by itself.
_GRACE_S = 2.0
# How long a process waits for the others to end a trial that failed in one of them.
_LAST_WORDS_S = 10.0


@contextmanager
def shared_with_ranks(overrides: Sequence[str], number: int, *, sweep_dir: str) -> Iterator[None]:
    """Say inside the block which job runs, so that further processes compute the same one.

    Args:
        overrides: The job's.
        number: The job's.
        sweep_dir: The folder of the search.

    """
    before = {name: os.environ.get(name) for name in (*_GROUP, _JOB)}
    job = {"overrides": [*overrides, write_override("hydra.sweep.dir", sweep_dir)], "num": number}
    with TemporaryDirectory(prefix="tunesmith-") as folder:
        file = Path(folder, "job.json")
        file.write_text(json.dumps(job))
        os.environ[_JOB] = str(file)
        try:
            yield
        finally:
            file.unlink()
            if before[_RANK] is None and _RANK in os.environ:
                _leave_group(file)
            _restore(before)


def is_rank() -> bool:
    """Return whether this process helps with a job that another one runs."""
    return _JOB in os.environ and os.environ.get(_RANK, "0") != "0"


def refuse_groups() -> None:
    """Raise InvalidConfig where the whole command is one of several, as `torchrun` starts them."""
    size = os.environ.get("WORLD_SIZE", "1")
    if "RANK" in os.environ and size != "1":
        raise InvalidConfig(
            f"a search is one command, got {size} by torchrun (WORLD_SIZE={size}); type python "
            "instead, and let each trial's trainer start its processes (trainer.devices), or take "
            f"hydra.sweeper.n_jobs={size}"
        )


def run_rank(
    config: DictConfig, *, hydra_context: HydraContext, task_function: TaskFunction
) -> None:
    """Compute the job of the process that this one helps; leave the study alone.

    Args:
        config: Hydra's multirun config.
        hydra_context: What Hydra handed over.
        task_function: The app's main.

    Raises:
        SystemExit: The job failed in this process alone (1): Lightning then ends the others.

    """
    file = Path(os.environ[_JOB])
    job = json.loads(file.read_text())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The first process hears it too, and ends all.
    threading.Thread(target=_end_with, args=(file,), daemon=True).start()
    launcher = BasicLauncher()
    launcher.setup(config=config, hydra_context=hydra_context, task_function=task_function)
    try:
        _ = launcher.launch([job["overrides"]], job["num"])[0].return_value
    except Exception:
        traceback.print_exc()
        time.sleep(_LAST_WORDS_S)
        raise SystemExit(1) from None


def _end_with(file: Path) -> None:
    """End this process, which may hang in a collective, once its job has ended elsewhere."""
    while file.exists():
        time.sleep(_POLL_S)
    time.sleep(_GRACE_S)
    # Whatever the job came to is the first process's to tell: any other code would kill that one.
    os._exit(0)


def _leave_group(file: Path) -> None:
    """Let the next job begin a group of its own."""
    ranks = [child for child in psutil.Process().children() if _helps(child, file)]
    psutil.wait_procs(ranks, timeout=_LAST_WORDS_S)
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_initialized():
        distributed.destroy_process_group()


def _helps(process: psutil.Process, file: Path) -> bool:
    try:
        return process.environ().get(_JOB) == str(file)
    except psutil.Error:
        return False


def _restore(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
