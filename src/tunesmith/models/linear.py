"""The linear models of scikit-learn with one penalty for both kinds of problem."""

from typing import Any

from sklearn.linear_model import LogisticRegression, Ridge

from tunesmith.validate import require_positive


def linear_model(*, penalty: float = 1.0, n_classes: int | None = None) -> Any:
    """Return an unfitted Ridge, or LogisticRegression where the target is classes.

    Args:
        penalty: The weight of the L2 penalty on the coefficients, above 0: `alpha` of Ridge,
            1 / `C` of LogisticRegression.
        n_classes: The number of classes; None for a target of numbers.

    Raises:
        InvalidArgument: The penalty is not a positive number.

    >>> linear_model(penalty=0.5)
    Ridge(alpha=0.5)

    """
    require_positive("penalty", penalty, example=1.0)
    if n_classes is None:
        return Ridge(alpha=penalty)
    return LogisticRegression(C=1 / penalty, max_iter=2000)
