"""How much a model needs each column of a table: scikit-learn's permutation importance."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from sklearn.inspection import permutation_importance

from tunesmith.context import Context
from tunesmith.errors import attempt
from tunesmith.objectives.fit_plots import log_plots, named_bars
from tunesmith.objectives.objective import Predictor
from tunesmith.scores import Task, score

# What is measured by: in the target's own unit, or as what the fit minimizes.
METRICS = {Task.REGRESSION: "rmse", Task.BINARY: "log_loss", Task.MULTICLASS: "log_loss"}
MOST_ROWS, MOST_COLUMNS, MOST_SHOWN = 1000, 300, 30
# Of a wide table each column is shuffled once.
N_REPEATS, MOST_REPEATED = 5, 60


def log_importance(predictor: Predictor, datamodule: Any, *, context: Context) -> None:
    """Leave the plot of the columns' importance, where the data have raw rows.

    Args:
        predictor: The fitted model with its preprocessing.
        datamodule: The data; its `raw_val` are the raw validation rows.
        context: The run.

    """
    raw = _raw_rows(datamodule)
    if raw is None or len(raw.columns) > MOST_COLUMNS:
        return
    true = datamodule.val[1][: len(raw)].numpy().reshape(len(raw))
    inputs = getattr(datamodule, "inputs", None) if hasattr(predictor, "of_numbers") else None
    made, failure = attempt(
        lambda: [column_importance(predictor, raw, true, task=datamodule.task, inputs=inputs)]
    )
    if failure:
        context.run.note(f"the importance of the columns cannot be measured ({failure})")
        return
    plot = _plot(made[0], METRICS[datamodule.task])
    log_plots({context.paths.column_importance: plot}, context=context)


def _raw_rows(datamodule: Any) -> pd.DataFrame | None:
    """Return the first raw validation rows; a table makes no others for that."""
    if (first := getattr(datamodule, "first_raw_val", None)) is not None:
        return first(MOST_ROWS)
    raw = getattr(datamodule, "raw_val", None)
    return None if raw is None else raw[:MOST_ROWS]


def column_importance(
    predictor: Predictor,
    raw: pd.DataFrame,
    true: Any,
    *,
    task: Task,
    inputs: Mapping[str, Sequence[int]] | None = None,
) -> pd.DataFrame:
    """Return by how much the error grows where the values of a column are shuffled.

    The error is the root mean squared one, or the log loss. It is measured on at most 1000 rows.

    Args:
        predictor: The fitted model with its preprocessing.
        raw: Raw rows that it was not fitted on.
        true: Their target, (n,): numbers, or indices of classes.
        task: The kind of problem.
        inputs: Which columns of what the preprocessing returns are made of each column of the rows,
            a row of one raw row: these are preprocessed once then, not for each column.

    Returns:
        A row for each column, the most important one first, with `mean` and `deviation` over the
        repetitions.

    """
    rows, scored = raw[:MOST_ROWS], _Scored(predictor, task)
    shuffled: Any = rows
    if inputs is not None:
        scored = _Preprocessed(predictor, task, rows, [inputs[str(name)] for name in rows.columns])
        shuffled = scored.places
    found = permutation_importance(
        scored,
        shuffled,
        true[:MOST_ROWS],
        scoring=_Scored.gain,
        n_repeats=N_REPEATS if len(rows.columns) <= MOST_REPEATED else 1,
        random_state=0,
    )
    measured = {"mean": found.importances_mean, "deviation": found.importances_std}
    table = pd.DataFrame(measured, index=[str(name) for name in raw.columns])
    return table.sort_values("mean", ascending=False, kind="stable")


class _Scored:
    """A predictor in the form that scikit-learn asks for."""

    def __init__(self, predictor: Predictor, task: Task) -> None:
        self.predictor = predictor
        self.task = task

    def fit(self, x: Any, y: Any) -> "_Scored":
        return self

    def predict(self, rows: Any) -> Any:
        return self.predictor.predict(rows)

    def gain(self, rows: Any, y: Any) -> float:
        predicted = self.predict(rows)
        if self.task.is_of_classes:
            # The first column is the class.
            predicted = predicted.iloc[:, 1:].to_numpy()
        else:
            predicted = np.asarray(predicted)[:, 0]
        return -score(self.task, y, predicted)[METRICS[self.task]]


class _Preprocessed(_Scored):
    """The same for rows that are preprocessed once, and told by which of them values are from."""

    def __init__(
        self, predictor: Any, task: Task, rows: pd.DataFrame, inputs: Sequence[Sequence[int]]
    ) -> None:
        super().__init__(predictor.of_numbers(), task)
        self.x = predictor.preprocessing.transform(rows)
        self.inputs = inputs
        self.places = np.repeat(np.arange(len(rows))[:, None], len(inputs), axis=1)

    def predict(self, rows: Any) -> Any:
        x = self.x.copy()
        for column in np.flatnonzero((rows != self.places).any(axis=0)).tolist():
            own = self.inputs[column]
            x[:, own] = self.x[np.ix_(rows[:, column], own)]
        return self.predictor.predict(x)


def _plot(table: pd.DataFrame, metric: str) -> go.Figure:
    shown = table[:MOST_SHOWN]
    bars = named_bars(shown.index, shown["mean"], deviations=shown["deviation"])
    return bars.update_layout(
        title="Importance of the columns, validation rows",
        xaxis_title=f"growth of the {metric} where the column is shuffled",
    )
