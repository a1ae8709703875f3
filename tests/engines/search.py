"""A search whose workers an engine runs, as its user types it, in a folder of its own."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
from mlflow import MlflowClient
from optuna.trial import FrozenTrial, TrialState

from tests.commands import but_surplus, environment
from tests.environments.conftest import Installation
from tunesmith.study import TrialRecord, n_finished, open_storage

NAME = "engines"
FUNCTION = """
import time


def objective(trial):
    x = trial.suggest_float("x", -10, 10)
    time.sleep({seconds})
    return (x - 2) ** 2
"""


class Search:
    """A search over a function that takes its time.

    Args:
        folder: A new folder; the command is typed there.
        installation: What has the command `tunesmith`, and the engines.
        storage: The URL of the study's store.
        seconds: What a trial takes.
        variables: Further variables of the environment, such as what finds the engine.

    """

    def __init__(
        self,
        folder: Path,
        installation: Installation,
        storage: str,
        *,
        seconds: float = 0.5,
        variables: dict[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.storage = storage
        self._installation = installation
        folder.joinpath("slow.py").write_text(FUNCTION.format(seconds=seconds))
        path = f"{installation.folder / 'bin'}:{os.environ['PATH']}"
        self._environment = environment(
            PATH=path, OPTUNA_STORAGE=storage, OMP_NUM_THREADS="1", **variables or {}
        )
        self._environment.pop("PYTHONPATH", None)

    def command(self, *arguments: str, n_trials: int) -> list[str]:
        kind = "sqlite" if self.storage.startswith("sqlite") else "postgresql"
        where = [f"storage={kind}", "paths.output_root=outputs"]
        if kind == "sqlite":
            where.append(f"storage.url={self.storage}")
        total = [f"hydra.sweeper.n_trials={n_trials}", f"hydra.sweeper.study_name={NAME}"]
        started = [str(self._installation.folder / "bin" / "tunesmith"), "-m"]
        what = ["hparams_search=function", "objective.file=slow.py", "refit=false"]
        return [*started, *what, *where, *total, *arguments]

    def run(self, *arguments: str, n_trials: int) -> subprocess.CompletedProcess[str]:
        """Run the search to its end."""
        with self.started(*arguments, n_trials=n_trials) as process:
            out, err = process.communicate(timeout=240)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    @contextmanager
    def started(self, *arguments: str, n_trials: int) -> Iterator[subprocess.Popen[str]]:
        """Start the search, and end it with the block."""
        process = subprocess.Popen(
            self.command(*arguments, n_trials=n_trials),
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def call(self, *command: str) -> str:
        """Run a command of the engine."""
        done = subprocess.run(
            command, env=self._environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def study(self) -> Iterator[optuna.Study]:
        storage = open_storage(self.storage)
        try:
            yield optuna.load_study(study_name=NAME, storage=storage)
        finally:
            storage.remove_session()

    def trials(self) -> list[FrozenTrial]:
        with self.study() as study:
            return but_surplus(study.get_trials())

    def is_there(self) -> bool:
        """Return whether the study was made."""
        try:
            with self.study():
                return True
        except (KeyError, ConnectionError):
            return False

    def n_finished(self) -> int:
        try:
            with self.study() as study:
                return n_finished(study)
        except (KeyError, ConnectionError):
            return 0

    def until(self, n_trials: int) -> None:
        """Wait until so many trials are finished."""
        wait_for(lambda: self.n_finished() >= n_trials, f"{n_trials} finished trials")

    def at_work(self) -> list[int]:
        """Return the process of each running trial."""
        running = (t for t in self.trials() if t.state == TrialState.RUNNING)
        owners = (TrialRecord.of(trial).owner for trial in running)
        return [owner.pid for owner in owners if owner is not None]

    def at_work_or_none(self) -> list[int]:
        """Return the process of each running trial; none before the study is there."""
        try:
            return self.at_work()
        except (KeyError, ConnectionError):
            return []

    def kill_a_worker(self) -> None:
        """Kill a process that is at a trial."""
        wait_for(lambda: bool(self.at_work()), "a worker at work")
        os.kill(self.at_work()[0], signal.SIGKILL)

    def assert_whole(self, n_trials: int, *, died: int | None = 0) -> None:
        """The study has its exact total, nothing runs, and MLflow has a run of each trial.

        Where it is known how many died, so many attempts were counted.
        """
        trials = self.trials()
        states = [trial.state for trial in trials]
        assert states.count(TrialState.COMPLETE) == n_trials
        assert not {TrialState.RUNNING, TrialState.WAITING}.intersection(states)
        failures = [f for t in trials if (f := TrialRecord.of(t).failure) is not None]
        if died is not None:
            assert sum(failure.kind == "died" for failure in failures) == died, failures
        self._assert_recorded(trials)

    def _assert_recorded(self, trials: list[FrozenTrial]) -> None:
        store = MlflowClient(f"sqlite:///{self.folder}/outputs/mlflow.db")
        experiments = [e.experiment_id for e in store.search_experiments()]
        runs = store.search_runs(experiments, max_results=1000)
        children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
        numbers = [int(run.data.tags["optuna.trial_number"]) for run in children]
        assert len(set(numbers)) == len(numbers)
        complete = {trial.number for trial in trials if trial.state == TrialState.COMPLETE}
        assert complete <= set(numbers)
        assert {run.info.status for run in children if run.info.status == "RUNNING"} == set()


def wait_for(condition: Callable[[], bool], what: str, *, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"no {what} after {seconds:.0f} s"
        time.sleep(0.2)
