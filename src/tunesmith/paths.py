"""Every file and folder that a run or a search leaves: the only module that knows their names."""

import os
import re
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

# Where Hydra writes its own files, unless `hydra.output_subdir` says otherwise.
_HYDRA = ".hydra"
_CONFIG = "config.yaml"
_STUDIES = "optuna.db"
# A date or a time of day, as folders are named by.
_TIME_STAMP = re.compile(r"\d{2,4}[-_.]\d{2}[-_.]\d{2}|\d{6}")


@dataclass(frozen=True)
class RunPaths:
    """The files of one run: a single run, a trial, a confirming fit or the winner's refit.

    Attributes:
        folder: The run's own folder.
        output_subdir: The value of `hydra.output_subdir`; None if Hydra writes no files of its own.

    """

    folder: Path
    output_subdir: str | None = _HYDRA

    @property
    def hydra(self) -> Path | None:
        """The folder of Hydra's own files, None if there are none."""
        return None if self.output_subdir is None else self.folder / self.output_subdir

    @property
    def config(self) -> Path | None:
        """The composed config, without Hydra's own node; None if it is not written."""
        return None if self.hydra is None else self.hydra / _CONFIG

    @property
    def metrics(self) -> Path:
        """The metrics of a single run."""
        return self.folder / "metrics.yaml"

    @property
    def checkpoint(self) -> Path:
        """The fitted LightningModule."""
        return self.folder / "checkpoint.ckpt"

    @property
    def interrupted(self) -> Path:
        """The checkpoint of a fit that Ctrl-C ended."""
        return self.folder / "interrupted.ckpt"

    @property
    def checkpoints(self) -> Path:
        """Where checkpoint callbacks write."""
        return self.folder / "checkpoints"

    @property
    def booster(self) -> Path:
        """The fitted LightGBM model."""
        return self.folder / "model.txt"

    @property
    def estimator(self) -> Path:
        """The fitted estimator of scikit-learn."""
        return self.folder / "model.joblib"

    @property
    def models(self) -> tuple[Path, ...]:
        """The files of fitted models, of which a run leaves one."""
        return self.checkpoint, self.booster, self.estimator

    @property
    def delivered_config(self) -> Path:
        """The config of the fit whose model is delivered, where it is not the run's own."""
        return self.folder / "delivered.yaml"

    @property
    def predictor(self) -> Path:
        """The fitted model with its preprocessing, pickled: what predicts from raw rows."""
        return self.folder / "predictor.pkl"

    @property
    def learning_curve(self) -> Path:
        """The plot of the metrics over the epochs."""
        return self.folder / "learning_curve.html"

    @property
    def predicted_versus_true(self) -> Path:
        """The plot of predictions for the validation rows."""
        return self.folder / "predicted_vs_true.html"

    @property
    def confusion_matrix(self) -> Path:
        """The plot of true and predicted classes."""
        return self.folder / "confusion_matrix.html"

    @property
    def class_curves(self) -> Path:
        """The plot of the ROC, and of precision and recall."""
        return self.folder / "class_curves.html"

    @property
    def column_importance(self) -> Path:
        """The plot of how much the model needs each column of a table."""
        return self.folder / "column_importance.html"

    @property
    def plots(self) -> Path:
        """The plots of a fit that a report shows, as JSON."""
        return self.folder / "plots.json"

    @property
    def feature_importance(self) -> Path:
        """The plot of what each feature contributes."""
        return self.folder / "feature_importance.html"

    @property
    def profile(self) -> Path:
        """The profiler's table."""
        return self.folder / "profile.txt"

    def part(self, kind: str, number: int) -> "RunPaths":
        """Return the folder of one of several fits: the run's own for the first, else one inside.

        Args:
            kind: What they are: repetition, fold or fit.
            number: Which of them it is, from 1.

        """
        return self if number == 1 else replace(self, folder=self.folder / f"{kind}-{number}")


@dataclass(frozen=True)
class SearchPaths:
    """The files of one search, `<output root>/searches/<study name>`.

    Attributes:
        folder: The search's own folder.
        output_subdir: The value of `hydra.output_subdir`, for the folders of its runs.

    """

    folder: Path
    output_subdir: str | None = _HYDRA

    @property
    def study(self) -> Path:
        """Which study the folder belongs to, and the store it lies in."""
        return self.folder / "study.yaml"

    @property
    def report(self) -> Path:
        """The report, one offline page."""
        return self.folder / "report.html"

    @property
    def report_context(self) -> Path:
        """What the search told its report, as JSON: the page can be written again by it."""
        return self.folder / "report.json"

    @property
    def best_config(self) -> Path:
        """The winner's whole config."""
        return self.folder / "best.yaml"

    @property
    def best(self) -> RunPaths:
        """The winner's refit."""
        return self.run(self.folder / "best")

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

    def front_config(self, number: int) -> Path:
        """Return the whole config of a trial on the front, where its own folder has none."""
        return self.folder / "pareto" / f"{number}.yaml"

    @property
    def trials(self) -> Path:
        """The folder of the trials' folders."""
        return self.folder / "trials"

    def trial(self, number: int) -> RunPaths:
        """Return the files of a trial."""
        return self.run(self.trials / str(number))

    def confirmation(self, number: int) -> RunPaths:
        """Return the files of a confirming fit."""
        return self.run(self.folder / "confirm" / str(number))

    def run(self, folder: Path) -> RunPaths:
        """Return the files of a run of this search that lies in `folder`."""
        return RunPaths(folder, self.output_subdir)

    def subfolder(self, run: RunPaths) -> str:
        """Return a run's folder as Hydra wants it: relative to that of the search."""
        return run.folder.relative_to(self.folder).as_posix()

    @property
    def log(self) -> Path:
        """What libraries warn of between two trials."""
        return self.folder / "search.log"

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
        return self.folder.resolve().parent.parent / _STUDIES


def study_file(sweeps: Path) -> Path:
    """Return the file of the studies of an app: in the folder of its sweeps, or above by-time ones.

    Args:
        sweeps: The folder of one sweep, such as `multirun/2026-11-27/10-30-59`.

    """
    folder = sweeps.absolute()
    # What lies above the app is its own affair, whatever it is called.
    given = len(Path.cwd().parts) if folder.is_relative_to(Path.cwd()) else 1
    kept = takewhile(_tells_nothing_of_one_sweep, folder.parts[given:])
    return Path(*folder.parts[:given], *kept, _STUDIES)


def _tells_nothing_of_one_sweep(part: str) -> bool:
    # A study that has no name yet leaves "None" where its name would be.
    return part != "None" and not _TIME_STAMP.search(part)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replace `path` in one step: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    part.replace(path)


def artifacts_beside(database: Path) -> Path:
    """Return where MLflow's artifacts lie if its store is this SQLite file."""
    return database.resolve().parent / "mlartifacts"


def shown(path: Path) -> str:
    """Return a path as people read it: relative to where they typed the command, if inside."""
    try:
        return str(path.relative_to(started_in()))
    except ValueError:
        return str(path)


def started_in() -> Path:
    """Return the working directory of the command, which `hydra.job.chdir` leaves for a job."""
    config: Any = HydraConfig.instance().cfg
    started = None if config is None else OmegaConf.select(config, "hydra.runtime.cwd")
    return Path.cwd() if started is None else Path(started)
