"""Predictions of classes, as people read them: in a table, and in plots."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunesmith.paths import RunPaths

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

Array = NDArray[Any]
MAX_CURVES = 10


def class_table(labels: Sequence[Any], probabilities: Array) -> "pd.DataFrame":
    """Return for each row its most probable class, and the probability of each class.

    Args:
        labels: The classes.
        probabilities: Of each row and class, (n, n_classes).

    >>> class_table(["no", "yes"], np.array([[0.25, 0.75]]))
      prediction  probability no  probability yes
    0        yes            0.25             0.75

    """
    import pandas as pd  # here: the first epoch must not wait for it

    chosen = np.asarray(labels)[probabilities.argmax(axis=1)]
    columns = {f"probability {label}": probabilities[:, i] for i, label in enumerate(labels)}
    return pd.DataFrame({"prediction": chosen, **columns})


def class_plots(
    true: Array, probabilities: Array, labels: Sequence[Any], *, paths: RunPaths
) -> "dict[Path, go.Figure]":
    """Return the plots of the validation rows by their files.

    Args:
        true: Indices of the classes, (n,).
        probabilities: Of each row and class, (n, n_classes).
        labels: The classes; of two the second one is the positive one.
        paths: The run's files.

    """
    return {
        paths.confusion_matrix: _confusion(true, probabilities.argmax(axis=1), labels),
        paths.class_curves: _curves(true, probabilities, labels),
    }


def _confusion(true: Array, chosen: Array, labels: Sequence[Any]) -> "go.Figure":
    import plotly.graph_objects as go  # here: the first epoch must not wait for them
    from sklearn.metrics import confusion_matrix

    counts = confusion_matrix(true, chosen, labels=range(len(labels)))
    names = [str(label) for label in labels]
    cells = go.Heatmap(
        z=counts,
        x=names,
        y=names,
        text=counts if len(labels) <= 20 else None,
        texttemplate="%{text}" if len(labels) <= 20 else None,
        colorscale="Blues",
        showscale=False,
        hovertemplate="true %{y}, predicted %{x}: %{z} rows<extra></extra>",
    )
    return go.Figure(cells).update_layout(
        title="Confusion matrix, validation rows",
        xaxis={"title": "predicted", "type": "category"},
        yaxis={"title": "true", "type": "category", "autorange": "reversed"},
        template="simple_white",
    )


def _curves(true: Array, probabilities: Array, labels: Sequence[Any]) -> "go.Figure":
    """Return the curves of the positive class; of many those of each one against the rest."""
    from plotly.subplots import make_subplots  # here: the first epoch must not wait for them
    from sklearn.metrics import (
        average_precision_score,
        precision_recall_curve,
        roc_auc_score,
        roc_curve,
    )

    numbers = [1] if len(labels) == 2 else range(min(len(labels), MAX_CURVES))
    figure = make_subplots(cols=2, subplot_titles=("ROC", "Precision and recall"))
    for i in numbers:
        is_it, share = true == i, probabilities[:, i]
        if is_it.all() or not is_it.any():
            continue
        false_rate, true_rate, _ = roc_curve(is_it, share)
        precision, recall, _ = precision_recall_curve(is_it, share)
        auc, average = roc_auc_score(is_it, share), average_precision_score(is_it, share)
        style: dict[str, Any] = {"mode": "lines", "legendgroup": str(i), "line": {"shape": "hv"}}
        figure.add_scatter(
            x=false_rate,
            y=true_rate,
            name=f"{labels[i]}: area {auc:.3f}, average precision {average:.3f}",
            row=1,
            col=1,
            **style,
        )
        figure.add_scatter(
            x=recall,
            y=precision,
            showlegend=False,
            row=1,
            col=2,
            **style | {"line": {"shape": "vh"}},
        )
    figure.update_xaxes(title="false positive rate", range=[0, 1], col=1)
    figure.update_yaxes(title="true positive rate", range=[0, 1.02], col=1)
    figure.update_xaxes(title="recall", range=[0, 1], col=2)
    figure.update_yaxes(title="precision", range=[0, 1.02], col=2)
    return figure.update_layout(title="Curves of the validation rows", template="simple_white")
