"""Ridge and logistic regression on a radial kernel."""

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge

from tunesmith.errors import InvalidArgument
from tunesmith.models import KernelClassifier, KernelRegressor

ROWS = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
# No line tells of it.
SUMS = (ROWS**2).sum(axis=1).astype(np.float64)


def test_numbers_are_predicted_as_by_exact_kernel_ridge_regression() -> None:
    ours = KernelRegressor(penalty=0.1, gamma=0.4, random_state=0).fit(ROWS[:150], SUMS[:150])
    # A row that is near to none has what is added to all.
    constant = ours.predict(np.full((1, 4), 1000, dtype=np.float32))
    exact = KernelRidge(alpha=0.1, kernel="rbf", gamma=0.1).fit(ROWS[:150], SUMS[:150] - constant)
    expected = exact.predict(ROWS[150:]) + constant
    assert ours.predict(ROWS[150:]) == pytest.approx(expected, abs=0.01 * SUMS.std())


def test_many_rows_are_stood_for_by_some_of_them() -> None:
    x = np.random.default_rng(1).normal(size=(5000, 4)).astype(np.float32)
    y = np.sin(x[:, 0]) + x[:, 1] ** 2
    fitted = KernelRegressor(penalty=0.01, gamma=0.3, random_state=0).fit(x[:4000], y[:4000])
    error = np.sqrt(np.mean((fitted.predict(x[4000:]) - y[4000:]) ** 2))
    assert error < 0.1 * y.std()


def test_classes_have_probabilities_and_rows_have_weights() -> None:
    classes = np.greater(SUMS, np.quantile(SUMS, 0.8)).astype(int)
    fitted = KernelClassifier(penalty=0.01, random_state=0).fit(ROWS[:150], classes[:150])
    shares = fitted.predict_proba(ROWS[150:])
    assert shares.sum(axis=1) == pytest.approx(1)
    assert (fitted.predict(ROWS[150:]) == classes[150:]).mean() > 0.85
    assert fitted.classes_.tolist() == [0, 1]
    weights = 1 + 50 * classes[:150]
    heavy = KernelClassifier(penalty=0.01, random_state=0).fit(ROWS[:150], classes[:150], weights)
    assert heavy.predict_proba(ROWS[150:])[:, 1].mean() > 1.1 * shares[:, 1].mean()


@pytest.mark.parametrize("name", ["penalty", "gamma"])
def test_a_number_that_is_not_positive_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgument, match=f"{name} must be"):
        KernelRegressor(**{name: 0.0})
