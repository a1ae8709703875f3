"""Write the Pareto front as a table to choose from: `pareto.csv`."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial

from tunesmith.paths import write_atomically
from tunesmith.study import leaders, metric_names, params_of


def write_front(study: optuna.Study, *, path: Path, repeat: Callable[[FrozenTrial], str]) -> Path:
    """Write the Pareto front as a CSV file, one row for each trial, sorted by the first objective.

    Its columns are `trial`, one for each objective, one for each parameter, and `repeat`.

    Args:
        study: A study of several objectives.
        path: The file to write.
        repeat: Returns the command that repeats a trial.

    Returns:
        `path`.

    >>> write_front(study, path=Path("pareto.csv"), repeat=lambda trial: f"retrain {trial.number}")

    """
    params = params_of(study)
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["trial", *metric_names(study), *params, "repeat"])
    for trial in leaders(study):
        values = [trial.params.get(name, "") for name in params]
        table.writerow([trial.number, *trial.values, *values, repeat(trial)])
    write_atomically(path, text.getvalue())
    return path
