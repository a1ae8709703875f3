"""Split the rows of a table into those to train on, to validate with and to test with."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from tunesmith.errors import InvalidArgument

Numbers = np.ndarray[Any, Any]


def check_fractions(val_fraction: float, test_fraction: float) -> None:
    """Raise InvalidArgument unless the shares leave a fifth of the rows to train on."""
    for name, value in (("val_fraction", val_fraction), ("test_fraction", test_fraction)):
        if not isinstance(value, int | float) or not 0 < value < 1:
            raise InvalidArgument(name, "a number between 0 and 1", value, 0.2)
    if val_fraction + test_fraction > 0.8:
        raise InvalidArgument(
            "test_fraction",
            "a share that leaves a fifth of the rows to train on",
            test_fraction,
            0.2,
            detail=f"beside val_fraction={val_fraction}",
        )


def split_rows(
    n_rows: int, *, seed: int, fractions: tuple[float, float]
) -> tuple[Numbers, Numbers, Numbers]:
    """Return row numbers to train on, to validate with and to test with."""
    order = np.random.default_rng(seed).permutation(n_rows)
    n_val, n_test = _sizes(n_rows, fractions)
    return order[n_val + n_test :], order[:n_val], order[n_val : n_val + n_test]


def split_classes(
    values: Numbers, *, labels: Sequence[Any], seed: int, fractions: tuple[float, float]
) -> tuple[Numbers, Numbers, Numbers]:
    """Return what `split_rows` does; each part has about the same share of each class.

    Raises:
        InvalidArgument: A part is too small for the number of classes.

    """
    n_val, n_test = (max(len(labels), n) for n in _sizes(len(values), fractions))
    try:
        rest, test = train_test_split(
            np.arange(len(values)), test_size=n_test, stratify=values, random_state=seed
        )
        train, val = train_test_split(
            rest, test_size=n_val, stratify=values[rest], random_state=seed
        )
    except ValueError as error:
        raise InvalidArgument(
            "test_fraction",
            f"a share that leaves each of {len(labels)} classes in all parts of {len(values)} rows",
            fractions[1],
            detail=f"where {' '.join(str(error).split())}",
            way_out="take a file with more rows, or leave out rare classes",
        ) from None
    return train, val, test


def _sizes(n_rows: int, fractions: tuple[float, float]) -> tuple[int, int]:
    n_val, n_test = (max(1, round(n_rows * fraction)) for fraction in fractions)
    return n_val, n_test
