"""The linear models of scikit-learn with one penalty for both kinds of problem."""

from typing import Any

from sklearn.linear_model import LogisticRegression, Ridge

from tunesmith.validate import require_positive


def linear_model(*, penalty: float = 1.0, n_classes: int | None = None) -> Any:
    """Return ridge regression, or logistic regression where there are classes, not yet fitted.

    Args:
        penalty: The weight of the squared weights: `alpha` of Ridge, 1 / `C` of LogisticRegression.
        n_classes: How many classes there are; None for numbers.

    Raises:
        InvalidArgument: The penalty is no positive number.

    >>> linear_model(penalty=0.5)
    Ridge(alpha=0.5)

    """
    require_positive("penalty", penalty, example=1.0)
    if n_classes is None:
        return Ridge(alpha=penalty)
    return LogisticRegression(C=1 / penalty, max_iter=2000)
