"""A worker where an engine runs it: a launcher's job, which keeps one worker process at work."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from tunesmith.errors import InvalidConfig
from tunesmith.paths import SearchPaths
from tunesmith.process import ProcessId
from tunesmith.search.worker_environment import MARK, PARENT, threads_of_a_worker
from tunesmith.search.workers import LocalWorkers

# By these an engine ends a job; by the second one it says that the time is over (submitit).
SIGNALS = (signal.SIGTERM, signal.SIGUSR2)
# A worker that lives so long gets on, however its processes end.
_GETS_ON_S = 600


@dataclass(frozen=True)
class LaunchedWorker:
    """The task of a launcher's job: the user's command again, as a worker of its study.

    It holds nothing of the config: the command composes that anew where it runs, so that no
    password passes through an engine's files.

    Attributes:
        command: The command line, as it was typed.
        cwd: Where it was typed; it must be there on the machine that runs the job too.
        paths: The files of the search.
        told: What the worker is told in its environment.
        n_jobs: How many workers share the study.

    """

    command: tuple[str, ...]
    cwd: str
    paths: SearchPaths
    told: Mapping[str, str]
    n_jobs: int

    def __call__(self, cfg: DictConfig) -> None:
        """Work until the study has its trials.

        Raises:
            InvalidConfig: This machine does not see the folders of the search.
            WorkersFailed: Going on does not help.
            SystemExit: The engine ended the job, which has no result then: the engine runs it
                again, or says that it is gone.

        """
        number = HydraConfig.get().job.num
        for folder in (self.cwd, self.paths.folder):
            if not Path(folder).is_dir():
                raise InvalidConfig(
                    f"the worker on {socket.gethostname()} does not see {folder}; let it lie on "
                    "storage that all machines share"
                )
        began = time.monotonic()
        workers = LocalWorkers(
            command=self.command,
            environments={number: self._environment(number)},
            log_of=self.paths.worker_log,
            is_done=lambda: False,
            progress=lambda: int((time.monotonic() - began) / _GETS_ON_S),
            cwd=self.cwd,
        )
        with _Ended() as ended:
            workers.supervise(on_poll=_do_nothing, should_stop=lambda: ended.by is not None)
        if ended.by is not None:
            ended.obey()

    def _environment(self, number: int) -> dict[str, str]:
        threads = os.environ.get("SLURM_CPUS_PER_TASK") or threads_of_a_worker(self.n_jobs)
        own = {
            MARK: str(number),
            PARENT: ProcessId.current().to_str(),
            "OMP_NUM_THREADS": str(threads),
        }
        return {**os.environ, **own, **self.told}


class _Ended:
    """Inside the block, remembers by which signal the engine ends the job."""

    def __init__(self) -> None:
        self.by: int | None = None
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> "_Ended":
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._remember) for number in SIGNALS}
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def obey(self) -> None:
        """Do what the engine does on its signal: submitit queues the job again."""
        assert self.by is not None
        handler = self._previous[self.by]
        if self.by == signal.SIGUSR2 and callable(handler):
            handler(self.by, None)
        sys.exit(128 + self.by)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.by = number


def _do_nothing() -> None:
    pass
