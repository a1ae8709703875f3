"""A real SLURM on one machine: a controller and two nodes, as Debian installs them."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psutil
from filelock import FileLock

CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# Jobs that were queued again would wait for two minutes otherwise.
AuthInfo=cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
SlurmctldPort={port}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
JobAcctGatherType=jobacct_gather/none
SlurmdParameters=config_overrides
MinJobAge=600
ReturnToService=2
SlurmdTimeout=10
KillWait=5
NodeName=n0 NodeHostname={host} NodeAddr=127.0.0.1 Port={port_n0} CPUs=4 RealMemory=2000
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={port_n1} CPUs=4 RealMemory=2000
PartitionName=main Nodes=n0,n1 Default=YES MaxTime=INFINITE State=UP
"""
NODES = ("n0", "n1")
PORT = 16817


class Slurm:
    """The cluster; its files lie in a folder.

    Args:
        folder: A new folder.

    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # A test that pulls the lever of another SLURM on this machine would be a disaster.
        self.variables = {"SLURM_CONF": str(folder / "slurm.conf")}

    def start(self) -> None:
        """Start munge, the controller and the nodes, and wait until they are idle."""
        for name in ("state", *NODES):
            (self.folder / name).mkdir()
        host = socket.gethostname().split(".")[0]
        port = PORT + 10 * number_of_test_process()
        ports = {"port": port, "port_n0": port + 1, "port_n1": port + 2}
        conf = CONF.format(host=host, folder=self.folder, **ports)
        (self.folder / "slurm.conf").write_text(conf)
        _start_munge()
        self._call("slurmctld")
        for node in NODES:
            self.start_node(node)
        self.await_idle()

    def start_node(self, node: str) -> None:
        """Start a node's daemon."""
        self._call("slurmd", "-N", node)

    def kill_node(self, node: str) -> None:
        """Let a node be lost with all that runs on it."""
        for step in self._steps_of(node):
            os.kill(step, signal.SIGKILL)
        os.kill(int((self.folder / f"{node}.pid").read_text()), signal.SIGKILL)

    def _steps_of(self, node: str) -> list[int]:
        """Return the processes of a node's jobs: what its stepd daemons began, and those."""
        found = []
        for process in psutil.process_iter(["name", "pid"]):
            try:
                own = process.environ().get("SLURMD_NODENAME") == node
            except psutil.Error:
                continue
            if own or f"{self.folder}/{node}" in " ".join(process.cmdline()):
                found.append(process.pid)
        return found

    def await_idle(self) -> None:
        """Wait until both nodes take jobs."""
        until = time.monotonic() + 60
        while self._call("sinfo", "-h", "-o", "%T %D").split() != ["idle", str(len(NODES))]:
            assert time.monotonic() < until, self._call("sinfo", "-lN")
            subprocess.run(
                ["scontrol", "update", f"nodename={','.join(NODES)}", "state=resume"],
                env=self._environment(),
                capture_output=True,
            )
            time.sleep(0.5)

    def jobs(self) -> list[str]:
        """Return the ids of the jobs that are queued or running, one for each of an array."""
        return self._call("squeue", "-h", "-r", "-o", "%i").split()

    def running(self) -> list[str]:
        """Return the ids of the jobs that are running."""
        return self._call("squeue", "-h", "-r", "-t", "R", "-o", "%i").split()

    def cancel_all(self) -> None:
        """Take everything out of the queue."""
        self._call("scancel", "-p", "main")
        until = time.monotonic() + 60
        while self.jobs() and time.monotonic() < until:
            time.sleep(0.5)

    def stop(self) -> None:
        """End it all, but munge."""
        self.cancel_all()
        for file in (*(f"{node}.pid" for node in NODES), "slurmctld.pid"):
            if (path := self.folder / file).exists():
                os.kill(int(path.read_text()), signal.SIGTERM)

    def _call(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self._environment(), capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.variables}


def number_of_test_process() -> int:
    """Return which of the processes this is that share the tests: each has an engine of its own."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def _start_munge() -> None:
    assert shutil.which("slurmctld"), "SLURM is missing: .ci/run installs it"
    with FileLock(Path(tempfile.gettempdir(), "tunesmith-munge.lock")):
        _start_munge_once()


def _start_munge_once() -> None:
    if subprocess.run(["pgrep", "munged"], capture_output=True).returncode == 0:
        return
    Path("/run/munge").mkdir(exist_ok=True)
    if not Path("/etc/munge/munge.key").exists():
        subprocess.run(["mungekey", "-c"], check=True)
    folders = ("/run/munge", "/etc/munge", "/var/lib/munge", "/var/log/munge")
    subprocess.run(["chown", "-R", "munge:munge", *folders], check=True)
    subprocess.run(["runuser", "-u", "munge", "--", "munged"], check=True)
