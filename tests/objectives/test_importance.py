"""The report's plot of what a model needs each column of a table for."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.data.houses import houses
from tests.data.labelled import write_iris
from tests.objectives.fits import Compose
from tunesmith.context import entered, job_context
from tunesmith.objectives import Predictor, objective_of
from tunesmith.objectives.importance import column_importance
from tunesmith.scores import Task

TITLE = "Importance of the columns, validation rows"
MODELS = {
    "mlp": ("trainer.max_epochs=3", "data.batch_size=32"),
    "lightgbm": ("objective=lightgbm", "model.num_iterations=20", "n_threads=1"),
    "linear": ("objective=sklearn",),
}


class Sum(Predictor):
    """Three times one column, and once another."""

    def predict(self, rows: Any) -> Any:
        return (3 * rows["strong"] + rows["weak"]).to_numpy()[:, None]


class Share(Predictor):
    """The probability of two classes, which one column tells."""

    def predict(self, rows: Any) -> Any:
        positive = np.where(rows["strong"] > 0, 0.9, 0.1)
        return pd.DataFrame({"prediction": positive > 0.5, "no": 1 - positive, "yes": positive})


def raw(n_rows: int = 400) -> pd.DataFrame:
    values = np.random.default_rng(0).normal(size=(n_rows, 3))
    return pd.DataFrame(values, columns=["none", "weak", "strong"])


def test_columns_come_by_how_much_worse_a_model_is_without_them() -> None:
    rows = raw()
    true = (3 * rows["strong"] + rows["weak"]).to_numpy()
    found = column_importance(Sum(), rows, true, task=Task.REGRESSION)
    assert list(found.index) == ["strong", "weak", "none"]
    # Two columns of variance 1 differ by 2: the error is sqrt(2) times the weight.
    assert found["mean"].tolist() == pytest.approx([3 * 2**0.5, 2**0.5, 0], rel=0.1)
    assert found.loc["none", "deviation"] == 0
    assert found.loc["strong", "deviation"] > 0


def test_of_classes_the_log_loss_grows() -> None:
    rows = raw()
    true = (rows["strong"] > 0).to_numpy(dtype=int)
    found = column_importance(Share(), rows, true, task=Task.BINARY)
    assert found.index[0] == "strong"
    # Half of the rows are on the wrong side then.
    grown = 0.5 * (np.log(0.9) - np.log(0.1))
    assert found.loc["strong", "mean"] == pytest.approx(grown, rel=0.1)
    assert found.loc["none", "mean"] == 0


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("target", ["price", "target"])
def test_every_model_of_a_table_leaves_it(
    composed: Compose, tmp_path: Path, model: str, target: str
) -> None:
    houses().to_csv(tmp_path / "houses.csv", index=False)
    path = tmp_path / "houses.csv" if target == "price" else write_iris(tmp_path)
    cfg = composed(
        *MODELS[model], "data=table", f"data.path={path}", f"data.target={target}", "tracking=none"
    )
    with entered(job_context()):
        objective_of(cfg).evaluate(cfg)
    assert "Plotly.newPlot" in (tmp_path / "column_importance.html").read_text()
    shown = json.loads((tmp_path / "plots.json").read_text())
    others = (
        ["Predicted versus true, validation rows"]
        if target == "price"
        else ["Confusion matrix, validation rows", "Curves of the validation rows"]
    )
    curve = ["Learning curve"] if model == "mlp" else []
    assert list(shown) == [*curve, *others, TITLE]
    bars = json.loads(shown[TITLE])["data"][0]["y"]
    assert set(bars) == set(pd.read_csv(path).columns) - {target}
