"""Every file and folder that a run or a search leaves: the only module that knows their names."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunPaths:
    """The files of one run: a single run, a trial, a confirming fit or the winner's refit."""

    folder: Path

    @property
    def hydra(self) -> Path:
        """The folder of Hydra's own files."""
        return self.folder / ".hydra"

    @property
    def config(self) -> Path:
        """The composed config, without Hydra's own node."""
        return self.hydra / "config.yaml"

    @property
    def metrics(self) -> Path:
        """The metrics of a single run."""
        return self.folder / "metrics.yaml"

    @property
    def checkpoint(self) -> Path:
        """The fitted LightningModule."""
        return self.folder / "checkpoint.ckpt"

    @property
    def checkpoints(self) -> Path:
        """Where checkpoint callbacks write."""
        return self.folder / "checkpoints"

    @property
    def booster(self) -> Path:
        """The fitted LightGBM model."""
        return self.folder / "model.txt"

    @property
    def learning_curve(self) -> Path:
        """The plot of the metrics over the epochs."""
        return self.folder / "learning_curve.html"

    @property
    def predicted_versus_true(self) -> Path:
        """The plot of predictions for the validation rows."""
        return self.folder / "predicted_vs_true.html"

    @property
    def feature_importance(self) -> Path:
        """The plot of what each feature contributes."""
        return self.folder / "feature_importance.html"

    @property
    def profile(self) -> Path:
        """The profiler's table."""
        return self.folder / "profile.txt"

    def repetition(self, number: int) -> "RunPaths":
        """Return the folder of a repetition: the run's own for the first, then one inside it."""
        return self if number == 1 else RunPaths(self.folder / f"repetition-{number}")


@dataclass(frozen=True)
class SearchPaths:
    """The files of one search, `<output root>/searches/<study name>`."""

    folder: Path

    @property
    def study(self) -> Path:
        """Which study the folder belongs to, and the store it lies in."""
        return self.folder / "study.yaml"

    @property
    def report(self) -> Path:
        """The report, one offline page."""
        return self.folder / "report.html"

    @property
    def best_config(self) -> Path:
        """The winner's whole config."""
        return self.folder / "best.yaml"

    @property
    def best(self) -> RunPaths:
        """The winner's refit."""
        return RunPaths(self.folder / "best")

    @property
    def next_config(self) -> Path:
        """The advised next search."""
        return self.folder / "next.yaml"

    @property
    def results(self) -> Path:
        """Best parameters and value, as the stock plug-in writes them."""
        return self.folder / "optimization_results.yaml"

    @property
    def pareto_front(self) -> Path:
        """The trials of the front, of a search for several objectives."""
        return self.folder / "pareto.csv"

    @property
    def trials(self) -> Path:
        """The folder of the trials' folders."""
        return self.folder / "trials"

    def trial(self, number: int) -> RunPaths:
        """Return the files of a trial."""
        return RunPaths(self.trials / str(number))

    def confirmation(self, number: int) -> RunPaths:
        """Return the files of a confirming fit."""
        return RunPaths(self.folder / "confirm" / str(number))

    def subfolder(self, run: RunPaths) -> str:
        """Return a run's folder as Hydra wants it: relative to that of the search."""
        return run.folder.relative_to(self.folder).as_posix()

    @property
    def workers(self) -> Path:
        """The folder of the workers' logs."""
        return self.folder / "workers"

    def worker_log(self, index: int) -> Path:
        """Return what a worker printed."""
        return self.workers / f"{index}.log"

    @property
    def sqlite(self) -> Path:
        """The file of the study, unless the search named another store."""
        return self.folder.resolve().parent.parent / "optuna.db"


def write_atomically(path: Path, text: str) -> None:
    """Replace `path` in one step: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def artifacts_beside(database: Path) -> Path:
    """Return where MLflow's artifacts lie if its store is this SQLite file."""
    return database.resolve().parent / "mlartifacts"


def shown(path: Path) -> str:
    """Return a path as people read it: relative to the working directory if it lies inside."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
