"""Metrics are scikit-learn's, and each kind of problem has its own."""

import math

import numpy as np
import pytest
from sklearn import metrics

from tunesmith.config import direction_of
from tunesmith.scores import OF_CLASSES, OF_NUMBERS, Task, score


def test_numbers() -> None:
    true, predicted = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 3.0])
    found = score(Task.REGRESSION, true, predicted)
    assert tuple(found) == OF_NUMBERS == Task.REGRESSION.metrics
    assert found["mse"] == pytest.approx(2 / 3)
    assert found["rmse"] == pytest.approx(math.sqrt(2 / 3))
    assert found["mae"] == pytest.approx(2 / 3)
    assert found["r2"] == pytest.approx(1 - 2 / (14 / 3))


def test_two_classes_of_which_the_second_is_positive() -> None:
    true = np.array([0, 0, 1, 1, 0])
    shares = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.6, 0.4], [0.8, 0.2]])
    found = score(Task.BINARY, true, shares)
    assert tuple(found) == OF_CLASSES == Task.BINARY.metrics
    assert found["log_loss"] == pytest.approx(-np.log([0.9, 0.4, 0.7, 0.4, 0.8]).mean())
    assert found["accuracy"] == 0.6
    assert found["balanced_accuracy"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert found["f1_macro"] == pytest.approx((4 / 6 + 2 / 4) / 2)
    # Of six pairs of a positive and a negative row one is in the wrong order.
    assert found["roc_auc"] == pytest.approx(5 / 6)
    assert found["average_precision"] == pytest.approx((1 + 2 / 3) / 2)


def test_several_classes_each_against_the_rest() -> None:
    rng = np.random.default_rng(0)
    true, shares = rng.integers(0, 4, 200), rng.dirichlet(np.ones(4), 200)
    found = score(Task.MULTICLASS, true, shares)
    one_by_one = [metrics.roc_auc_score(true == i, shares[:, i]) for i in range(4)]
    assert found["roc_auc"] == pytest.approx(np.mean(one_by_one))
    one_by_one = [metrics.average_precision_score(true == i, shares[:, i]) for i in range(4)]
    assert found["average_precision"] == pytest.approx(np.mean(one_by_one))
    assert found["f1_macro"] == metrics.f1_score(true, shares.argmax(1), average="macro")


def test_a_class_that_is_not_there_has_no_curve() -> None:
    found = score(Task.MULTICLASS, np.array([0, 1, 1]), np.eye(3)[[0, 1, 2]] * 0.9 + 0.1 / 3)
    assert math.isnan(found["roc_auc"])
    assert math.isnan(found["average_precision"])
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert math.isfinite(found["log_loss"])


def test_the_name_says_the_direction() -> None:
    better = {name: direction_of(f"val/{name}") for name in (*OF_NUMBERS, *OF_CLASSES)}
    assert [name for name, direction in better.items() if direction == "minimize"] == [
        *("mse", "rmse", "mae", "log_loss"),
    ]
