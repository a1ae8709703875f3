"""A Ray cluster on one machine: a head and two nodes, each with processes of its own."""

import contextlib
import os
import subprocess
from pathlib import Path

import psutil

from tests.engines.slurm import number_of_test_process
from tests.environments.conftest import Installation

PORT = 6399 + number_of_test_process()


class Ray:
    """The cluster.

    Args:
        installation: What has the command `ray`.
        folder: A new folder, of a short name, for what Ray writes.
        variables: What its tasks find in their environment: that of the command does not reach
            them.

    """

    def __init__(
        self, installation: Installation, folder: Path, *, variables: dict[str, str]
    ) -> None:
        self._ray = str(installation.folder / "bin" / "ray")
        self.folder = folder
        self.variables = {"RAY_AUTH_MODE": "disabled", "RAY_ADDRESS": f"127.0.0.1:{PORT}"}
        self._environment = {**os.environ, **self.variables, **variables}
        self._environment.pop("RAY_ADDRESS")
        self._environment.pop("PYTHONPATH", None)

    def start(self) -> None:
        """Start the head, which runs no task, and two nodes with two CPUs each."""
        quiet = ("--disable-usage-stats",)
        head = (
            "--head",
            f"--port={PORT}",
            "--num-cpus=0",
            "--include-dashboard=false",
            "--node-ip-address=127.0.0.1",
        )
        self._call("start", *head, f"--temp-dir={self.folder}", *quiet)
        for _ in range(2):
            self.start_node()

    def start_node(self) -> None:
        """Start one more node."""
        self._call("start", f"--address=127.0.0.1:{PORT}", "--num-cpus=2", "--disable-usage-stats")

    def kill_node(self) -> None:
        """Let the newest node be lost, with all that runs on it."""
        raylets = [p for p in self._own() if p.name() == "raylet"]
        _kill([max(raylets, key=lambda process: process.create_time())])

    def stop(self) -> None:
        """End it all; `ray stop` would end other clusters of this machine too."""
        _kill(self._own())

    def _own(self) -> list[psutil.Process]:
        """Return the processes that belong to this cluster, but for what they started."""
        return [p for p in psutil.process_iter() if str(self.folder) in _command_of(p)]

    def _call(self, *arguments: str) -> None:
        done = subprocess.run(
            [self._ray, *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def _command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _kill(processes: list[psutil.Process]) -> None:
    started = [child for process in processes for child in process.children(recursive=True)]
    for process in (*started, *processes):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
