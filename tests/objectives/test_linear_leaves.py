"""Trees with linear leaves predict nothing far beyond what they were trained on."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.objectives.fits import Compose
from tunesmith.context import entered, job_context
from tunesmith.objectives import objective_of, restore_model
from tunesmith.paths import RunPaths

LINEAR = ("objective=lightgbm", "model.num_iterations=40", "model.linear_tree=true", "n_threads=1")


@pytest.fixture
def table(tmp_path: Path) -> tuple[str, ...]:
    """A straight line, from -100 to 100."""
    x = np.linspace(-1, 1, 600)
    pd.DataFrame({"x": x, "y": 100 * x}).to_csv(tmp_path / "line.csv", index=False)
    path = tmp_path / "line.csv"
    return ("data=table", f"data.path={path}", "data.target=y", "tracking=none")


def test_what_they_predict_ends_a_tenth_of_the_range_beyond_the_target(
    composed: Compose, tmp_path: Path, table: tuple[str, ...]
) -> None:
    cfg = composed(*LINEAR, *table)
    with entered(job_context()):
        objective_of(cfg).evaluate(cfg)
    model = restore_model(cfg, tmp_path)
    assert model is not None
    predictor = pickle.loads(pickle.dumps(model.predictor()))
    rows = pd.DataFrame({"x": [-50.0, 0.5, 50.0]})
    assert predictor.predict(rows)[:, 0] == pytest.approx([-120, 50, 120], abs=2)
    x = predictor.preprocessing.transform(rows)
    assert model.predictions(x) == pytest.approx([-120, 50, 120], abs=2)  # type: ignore[attr-defined]


def test_constant_leaves_are_as_they_are(
    composed: Compose, tmp_path: Path, table: tuple[str, ...]
) -> None:
    cfg = composed(*LINEAR, *table, "model.linear_tree=false")
    with entered(job_context()):
        objective_of(cfg).evaluate(cfg)
    model = restore_model(cfg, tmp_path)
    assert model is not None
    assert model.predictor().limits is None  # type: ignore[attr-defined]


def test_of_the_cubic_data_nothing_is_cut_off(composed: Compose, tmp_path: Path) -> None:
    from lightgbm import Booster

    cfg = composed(*LINEAR, "tracking=none", "model.num_leaves=3", "model.max_bin=1023")
    with entered(job_context()):
        metrics = objective_of(cfg).evaluate(cfg)
    model = restore_model(cfg, tmp_path)
    assert model is not None
    x, y = model._datamodule.test  # type: ignore[attr-defined]
    free = Booster(model_file=RunPaths(tmp_path).booster).predict(x.numpy())
    assert np.mean((free - y[:, 0].numpy()) ** 2) == pytest.approx(metrics["test/mse"])  # type: ignore[index]
