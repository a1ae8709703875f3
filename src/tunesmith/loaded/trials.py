"""The trials of a study as a table."""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import optuna
from optuna.trial import FrozenTrial

from tunesmith.errors import InvalidConfig
from tunesmith.extras import install_extra
from tunesmith.study import TrialRecord, metric_names, shown

if TYPE_CHECKING:
    import pandas as pd

# What else a trial has; the folder and the run are of searches of this package only.
_BEFORE, _AFTER = ("number", "state"), ("seconds", "epochs", "folder", "run_id")


def trials_table(study: optuna.Study) -> "pd.DataFrame":
    """Return a DataFrame with a row for each trial that counts; see `LoadedSearch.trials`.

    Raises:
        InvalidConfig: pandas is not installed.

    """
    if find_spec("pandas") is None:
        raise InvalidConfig(f"a table of trials needs pandas; type {install_extra('tables')}")
    import pandas as pd  # here: all else goes without it

    trials, metrics = shown(study), metric_names(study)
    params = list(dict.fromkeys(name for trial in trials for name in TrialRecord.of(trial).params))
    taken = {*_BEFORE, *metrics, *_AFTER}
    columns: dict[str, list[Any]] = {
        "number": [trial.number for trial in trials],
        "state": [trial.state.name for trial in trials],
        **{name: _values(trials, i) for i, name in enumerate(metrics)},
        **{f"params_{name}" if name in taken else name: _params(trials, name) for name in params},
        "seconds": [TrialRecord.of(trial).seconds for trial in trials],
        "epochs": [TrialRecord.of(trial).epochs for trial in trials],
        "folder": [_text(TrialRecord.of(trial).folder) for trial in trials],
        "run_id": [TrialRecord.of(trial).run_id for trial in trials],
    }
    floats = {*metrics, "seconds"}
    return pd.DataFrame(
        {
            name: pd.Series(values, dtype="float64" if name in floats else _dtype(values))
            for name, values in columns.items()
        }
    )


def _values(trials: list[FrozenTrial], i: int) -> list[float | None]:
    return [None if trial.values is None else trial.values[i] for trial in trials]


def _params(trials: list[FrozenTrial], name: str) -> list[Any]:
    return [TrialRecord.of(trial).params.get(name) for trial in trials]


def _dtype(values: list[Any]) -> str:
    """Return the type of a column whose values are all of one, missing ones aside."""
    kinds = {type(value) for value in values if value is not None}
    is_whole = None not in values
    if kinds == {bool}:
        return "bool" if is_whole else "boolean"
    if kinds == {int}:
        return "int64" if is_whole else "Int64"
    return "float64" if kinds == {float} else "object"


def _text(path: object) -> str | None:
    return None if path is None else str(path)
