"""Write the Pareto front as a table to choose from: `pareto.csv`."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial

from tunesmith.advice.next_search import write_atomically
from tunesmith.study.summary import leaders, metric_names, params_of


def write_front(study: optuna.Study, *, path: Path, repeat: Callable[[FrozenTrial], str]) -> Path:
    """One row for each trial of the front, by the first objective; `repeat` gives its command."""
    params = params_of(study)
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["trial", *metric_names(study), *params, "repeat"])
    for trial in leaders(study):
        values = [trial.params.get(name, "") for name in params]
        table.writerow([trial.number, *trial.values, *values, repeat(trial)])
    write_atomically(path, text.getvalue())
    return path
