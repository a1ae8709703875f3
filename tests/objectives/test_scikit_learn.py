"""`objective=sklearn`: any estimator on the same data, and the search over kinds of models."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, root_mean_squared_error

from tests.commands import read_trials, row_of, succeed
from tests.data.houses import houses, module
from tests.data.labelled import write_iris
from tests.in_process import refuse_here
from tests.objectives.fits import Compose
from tunesmith.context import entered, job_context
from tunesmith.objectives import objective_of, restore_model

MODEL = "objective=sklearn"


def fitted(cfg: Any) -> dict[str, float]:
    """The metrics of a single run in this process."""
    with entered(job_context()):
        metrics: Any = objective_of(cfg).evaluate(cfg)
    return metrics


@pytest.fixture
def table(tmp_path: Path) -> tuple[str, ...]:
    houses().to_csv(tmp_path / "houses.csv", index=False)
    path = tmp_path / "houses.csv"
    return ("data=table", f"data.path={path}", "data.target=price", "data.seed=0")


def test_numbers_are_predicted_by_ridge_regression(
    composed: Compose, tmp_path: Path, table: tuple[str, ...]
) -> None:
    cfg = composed(MODEL, *table, "model.penalty=0.5")
    metrics = fitted(cfg)
    data = module(tmp_path / "houses.csv")
    (x, y), (x_test, y_test) = data.train, data.test
    model = Ridge(alpha=0.5).fit(x.numpy(), y[:, 0].double().numpy())
    expected = root_mean_squared_error(y_test[:, 0].numpy(), model.predict(x_test.numpy()))
    assert metrics["test/rmse"] == pytest.approx(expected, rel=1e-5)
    kept = restore_model(cfg, tmp_path)
    assert kept is not None
    assert kept.test()["test/rmse"] == metrics["test/rmse"]
    raw = houses().drop(columns="price").iloc[:7]
    x_raw = data.preprocessing.transform(raw).astype("float32")
    assert kept.predictor().predict(raw)[:, 0] == pytest.approx(model.predict(x_raw), rel=1e-6)


def test_classes_are_predicted_by_logistic_regression(composed: Compose, tmp_path: Path) -> None:
    path = write_iris(tmp_path)
    cfg = composed(MODEL, "data=table", f"data.path={path}", "data.target=target", "data.seed=0")
    metrics = fitted(cfg)
    data = module(path, target="target")
    (x, y), (x_val, y_val) = data.train, data.val
    model = LogisticRegression(max_iter=2000).fit(x.numpy(), y.numpy())
    expected = log_loss(y_val.numpy(), model.predict_proba(x_val.numpy()))
    assert metrics["val/log_loss"] == pytest.approx(expected, rel=1e-6)
    kept = restore_model(cfg, tmp_path)
    assert kept is not None
    raw = pd.read_csv(path)
    predicted = kept.predictor().predict(raw.drop(columns="target"))["prediction"]
    assert (predicted == raw["target"]).mean() > 0.9
    assert (tmp_path / "confusion_matrix.html").is_file()


def test_any_estimator_will_do(composed: Compose, table: tuple[str, ...]) -> None:
    forest = ("model._target_=sklearn.ensemble.RandomForestRegressor", "~model.penalty")
    cfg = composed(MODEL, *table, *forest, "+model.n_estimators=20", "+model.random_state=0")
    assert fitted(cfg)["test/r2"] > 0.5


CLASSIFIER = "model._target_=sklearn.linear_model.LogisticRegression"
REFUSED = [
    (("model.penalty=0",), "model.penalty must be a positive number, got 0", "model.penalty=1"),
    (("metric=accuracy",), "is for a target of classes", "try metric=mse"),
    ((CLASSIFIER, "~model.penalty"), "is no estimator of numbers", "try model=linear"),
    (("model=mlp",), "takes an estimator of scikit-learn", "try model=linear"),
    (("model=lightgbm",), "objective=sklearn needs a model with a _target_", "try model=linear"),
    (
        ("model._target_=sklearn.linear_model.Ridge", "~model.penalty", "+model.alpha=-1"),
        "The 'alpha' parameter of Ridge must be a float in the range",
        "",
    ),
    (("ckpt_path=a.ckpt",), "does not continue a model", "ckpt_path=null"),
]


@pytest.mark.parametrize(("arguments", "came", "way_out"), REFUSED)
def test_a_mistake_is_one_clear_line(
    tmp_path: Path, table: tuple[str, ...], arguments: tuple[str, ...], came: str, way_out: str
) -> None:
    said = refuse_here(MODEL, *table, *arguments, root=tmp_path / "outputs")
    assert came in said
    assert way_out in said


@pytest.mark.slow
def test_one_search_over_several_kinds_of_models_delivers_the_best(tmp_path: Path) -> None:
    houses(200).to_csv(tmp_path / "houses.csv", index=False)
    printed = succeed(
        *("-m", "hparams_search=table", f"data.path={tmp_path}/houses.csv", "data.target=price"),
        *("metric=rmse", "hydra.sweeper.n_trials=12", "hydra.sweeper.study_name=s"),
        *("hydra.sweeper.confirm.n_seeds=2", "hydra.sweeper.n_jobs=2", "n_threads=1"),
        root=tmp_path,
    )
    trials = read_trials(f"sqlite:///{tmp_path}/optuna.db")
    assert [t.state for t in trials] == [TrialState.COMPLETE] * 12
    own = {"lightgbm": "model.num_leaves", "sklearn": "model", "mlp_table": "optimizer.lr"}
    assert {t.params["objective"] for t in trials} == set(own)
    for trial in trials:
        assert isinstance(trial.distributions["objective"], CategoricalDistribution)
        assert [name in trial.params for name in own.values()] == [
            kind == trial.params["objective"] for kind in own
        ]
    best = tmp_path / "searches" / "s" / "best"
    assert yaml.safe_load((best / "metrics.yaml").read_text())["test/rmse"] > 0
    assert "value reproduced exactly" in printed
    assert row_of(printed, "beside").startswith("rmse on the test rows, the best first: ")
    assert "models:/" in printed
