"""Ridge and logistic regression on a radial kernel: smooth functions of scaled features."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.kernel_approximation import Nystroem

from tunesmith.models.linear import linear_model
from tunesmith.validate import require_positive

# So many training rows stand for all: what a fit takes grows with the rows, not their square.
N_LANDMARKS = 300


class _OnKernel(BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """Fits the linear model on how near a row is to some of the training rows."""

    def __init__(
        self, *, penalty: float = 1.0, gamma: float = 1.0, random_state: int | None = None
    ) -> None:
        require_positive("penalty", penalty, example=1.0)
        require_positive("gamma", gamma, example=0.1)
        self.penalty = penalty
        self.gamma = gamma
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803 - as everywhere
        """Fit on rows, (n, n_features), of about the same scale."""
        self.n_features_in_ = X.shape[1]
        self._kernel = Nystroem(
            gamma=self.gamma / X.shape[1],
            n_components=min(N_LANDMARKS, len(X)),
            random_state=self.random_state,
        )
        n_classes = len(np.unique(y)) if isinstance(self, ClassifierMixin) else None
        self._linear = linear_model(penalty=self.penalty, n_classes=n_classes)
        self._linear.fit(self._kernel.fit_transform(X), y, sample_weight=sample_weight)
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Return the predictions, (n,)."""
        return self._linear.predict(self._kernel.transform(X))


class KernelRegressor(RegressorMixin, _OnKernel):  # type: ignore[misc]
    """Ridge regression on a radial (RBF) kernel, as a scikit-learn estimator.

    `fit(X, y)` takes X, (n, n_features), of features on about the same scale, and y, (n,);
    `predict(X)` returns (n,).

    Args:
        penalty: The weight of the L2 penalty on the coefficients, above 0, as in `linear_model`.
        gamma: The width of the kernel, above 0: the similarity of two rows is
            exp(-gamma * d / n_features), where d is their squared distance.
        random_state: Seeds the choice of 300 training rows on which the kernel is approximated;
            fewer rows are all taken.

    Raises:
        InvalidArgument: A number is not positive.

    >>> x = np.linspace(-2, 2, 50)[:, None]
    >>> fitted = KernelRegressor(penalty=0.001).fit(x, x[:, 0] ** 2)
    >>> fitted.predict(np.array([[1.0]])).round(1)
    array([1.])

    """


class KernelClassifier(ClassifierMixin, _OnKernel):  # type: ignore[misc]
    """Logistic regression on a radial (RBF) kernel, as a scikit-learn estimator.

    `fit(X, y)` takes X, (n, n_features), of features on about the same scale, and classes y, (n,);
    `predict(X)` returns (n,).

    Args:
        penalty: The weight of the L2 penalty on the coefficients, above 0, as in `linear_model`.
        gamma: The width of the kernel, above 0: the similarity of two rows is
            exp(-gamma * d / n_features), where d is their squared distance.
        random_state: Seeds the choice of 300 training rows on which the kernel is approximated;
            fewer rows are all taken.

    Raises:
        InvalidArgument: A number is not positive.

    """

    @property
    def classes_(self) -> Any:
        """The classes, (n_classes,), in the order of the columns of `predict_proba`."""
        return self._linear.classes_

    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        """Return the probability of each class, (n, n_classes)."""
        return self._linear.predict_proba(self._kernel.transform(X))
