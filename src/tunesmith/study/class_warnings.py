"""Keep what Optuna says of its own classes from users who named none of them."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from optuna.exceptions import ExperimentalWarning


@contextmanager
def suppress_class_warnings() -> Iterator[None]:
    """Ignore Optuna's experimental and deprecation warnings inside the block."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.simplefilter("ignore", FutureWarning)
        yield
