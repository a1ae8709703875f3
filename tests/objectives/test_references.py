"""What models that nobody tuned come to, on the same rows as a trial."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from tests.data.houses import houses, module
from tests.data.labelled import write_iris
from tests.objectives.fits import Compose
from tunesmith.objectives import score_references
from tunesmith.scores import OF_CLASSES, OF_NUMBERS


def test_numbers_are_predicted_by_their_mean_ridge_and_lightgbm(
    composed: Compose, tmp_path: Path
) -> None:
    houses().to_csv(tmp_path / "houses.csv", index=False)
    table = ("data=table", f"data.path={tmp_path}/houses.csv", "data.target=price", "data.seed=0")
    found = score_references(composed(*table, "refit_rows=train"))
    assert list(found) == ["the mean", "ridge regression", "LightGBM as it is"]
    for metrics in found.values():
        assert set(metrics) == {f"{part}/{m}" for part in ("val", "test") for m in OF_NUMBERS}
    data = module(tmp_path / "houses.csv")
    (_, y), (_, held_out) = data.train, data.test
    expected = float(((held_out - y.mean()) ** 2).mean())
    assert found["the mean"]["test/mse"] == pytest.approx(expected, rel=1e-5)
    # Prices are a weighted sum of the columns, some of which are missing.
    assert found["ridge regression"]["test/r2"] > 0.8 > 0.1 > found["the mean"]["test/r2"]


def test_classes_are_predicted_by_their_shares_logistic_regression_and_lightgbm(
    composed: Compose, tmp_path: Path
) -> None:
    path = write_iris(tmp_path)
    table = ("data=table", f"data.path={path}", "data.target=target", "data.seed=0")
    found = score_references(composed(*table))
    assert list(found) == ["the shares of the classes", "logistic regression", "LightGBM as it is"]
    for metrics in found.values():
        assert set(metrics) == {f"{part}/{m}" for part in ("val", "test") for m in OF_CLASSES}
    assert found["the shares of the classes"]["val/log_loss"] == pytest.approx(np.log(3))
    data = module(path, target="target")
    (x, y), (x_val, y_val) = data.train, data.val
    model = LogisticRegression(max_iter=2000).fit(x.numpy(), y.numpy())
    expected = log_loss(y_val.numpy(), model.predict_proba(x_val.numpy()))
    assert found["logistic regression"]["val/log_loss"] == pytest.approx(expected, rel=1e-6)


def test_they_see_the_folds_of_a_trial_and_the_rows_of_its_winner(
    composed: Compose, tmp_path: Path
) -> None:
    houses().to_csv(tmp_path / "houses.csv", index=False)
    table = ("data=table", f"data.path={tmp_path}/houses.csv", "data.target=price", "data.seed=0")
    found = score_references(composed(*table, "data.folds=4", "objective=sklearn"))["the mean"]
    errors = []
    for fold in range(1, 5):
        data = module(tmp_path / "houses.csv", folds=4, fold=fold)
        errors.append(float(((data.val[1] - data.train[1].mean()) ** 2).mean()))
    assert found["val/mse"] == pytest.approx(np.mean(errors), rel=1e-5)
    data = module(tmp_path / "houses.csv", train_on="all")
    expected = float(((data.test[1] - data.train[1].mean()) ** 2).mean())
    assert found["test/mse"] == pytest.approx(expected, rel=1e-5)


def test_only_a_table_has_references(composed: Compose) -> None:
    assert score_references(composed("data=cubic")) == {}
    assert score_references(composed("objective=quadratic")) == {}
