"""Tell one operating-system process from every other one, also after its number was reused."""

import json
import os
import socket
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import psutil

# The kernel counts in clock ticks and the boot time is a whole second: both may round.
_START_TOLERANCE_S = 1.5


@dataclass(frozen=True)
class ProcessId:
    """A process, named so that no other process of any machine has the same name.

    Attributes:
        host: The machine's name and, on Linux, its boot and process namespace: two containers
            with the same name do not see each other's processes.
        pid: The process number within that host.
        started: Seconds from the boot of the machine to the start of the process, so that a
            corrected clock changes nothing.

    """

    host: str
    pid: int
    started: float

    @classmethod
    def current(cls) -> "ProcessId":
        """Return the process that calls this."""
        return _named(os.getpid())

    def to_str(self) -> str:
        """Return the JSON text that `from_str` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_str(cls, text: str) -> "ProcessId":
        """Read what `to_str` wrote."""
        return cls(**json.loads(text))

    def is_dead_here(self) -> bool:
        """Return True only if the process ran on this host and runs no more.

        A zombie is dead. For a process of another host the answer is always False: nothing is
        known about it from here.
        """
        if self.host != _host():
            return False
        try:
            process = psutil.Process(self.pid)
            if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
                return True
            return abs(_started(process) - self.started) > _START_TOLERANCE_S
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:
            return False


# By the number, since a fork copies the cache: a process has one name for life.
@cache
def _named(pid: int) -> ProcessId:
    return ProcessId(host=_host(), pid=pid, started=round(_started(psutil.Process(pid)), 2))


def _started(process: psutil.Process) -> float:
    return process.create_time() - psutil.boot_time()


@cache
def _host() -> str:
    name = socket.gethostname()
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{name}/{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return name
