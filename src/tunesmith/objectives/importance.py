"""How much a model needs each column of a table: scikit-learn's permutation importance."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from sklearn.inspection import permutation_importance

from tunesmith.context import Context
from tunesmith.errors import attempt
from tunesmith.objectives.fit_plots import log_plots
from tunesmith.objectives.objective import Predictor
from tunesmith.scores import Task, score

# What is measured by: in the target's own unit, or as what the fit minimizes.
METRICS = {Task.REGRESSION: "rmse", Task.BINARY: "log_loss", Task.MULTICLASS: "log_loss"}
MOST_ROWS, MOST_COLUMNS, MOST_SHOWN = 1000, 300, 30
# Of a wide table each column is shuffled once: a prediction preprocesses all rows anew.
N_REPEATS, MOST_REPEATED = 5, 60


def log_importance(predictor: Predictor, datamodule: Any, *, context: Context) -> None:
    """Leave the plot of the columns' importance, where the data have raw rows.

    Args:
        predictor: The fitted model with its preprocessing.
        datamodule: The data; its `raw_val` are the raw validation rows.
        context: The run.

    """
    raw = getattr(datamodule, "raw_val", None)
    if raw is None or len(raw.columns) > MOST_COLUMNS:
        return
    true = datamodule.val[1].numpy().reshape(len(raw))
    made, failure = attempt(lambda: [column_importance(predictor, raw, true, task=datamodule.task)])
    if failure:
        context.run.note(f"the importance of the columns cannot be measured ({failure})")
        return
    plot = _plot(made[0], METRICS[datamodule.task])
    log_plots({context.paths.column_importance: plot}, context=context)


def column_importance(
    predictor: Predictor, raw: pd.DataFrame, true: Any, *, task: Task
) -> pd.DataFrame:
    """Return by how much the error grows where the values of a column are shuffled.

    The error is the root mean squared one, or the log loss. It is measured on at most 1000 rows.

    Args:
        predictor: The fitted model with its preprocessing.
        raw: Raw rows that it was not fitted on.
        true: Their target, (n,): numbers, or indices of classes.
        task: The kind of problem.

    Returns:
        A row for each column, the most important one first, with `mean` and `deviation` over the
        repetitions.

    """
    repeats = N_REPEATS if len(raw.columns) <= MOST_REPEATED else 1
    found = permutation_importance(
        _Scored(predictor, task),
        raw[:MOST_ROWS],
        true[:MOST_ROWS],
        scoring=_Scored.gain,
        n_repeats=repeats,
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

    def gain(self, x: pd.DataFrame, y: Any) -> float:
        predicted = self.predictor.predict(x)
        if self.task.is_of_classes:
            # The first column is the class.
            predicted = predicted.iloc[:, 1:].to_numpy()
        else:
            predicted = np.asarray(predicted)[:, 0]
        return -score(self.task, y, predicted)[METRICS[self.task]]


def _plot(table: pd.DataFrame, metric: str) -> go.Figure:
    shown = table[:MOST_SHOWN][::-1]
    bars = go.Bar(
        x=shown["mean"].tolist(),
        y=shown.index.tolist(),
        error_x={"array": shown["deviation"].tolist()},
        orientation="h",
    )
    return go.Figure(bars).update_layout(
        title="Importance of the columns, validation rows",
        xaxis_title=f"growth of the {metric} where the column is shuffled",
        yaxis={"type": "category", "automargin": True},
        template="simple_white",
    )
