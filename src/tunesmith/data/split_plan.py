"""How the rows of a table are split, as it was typed, and what of the rows that depends on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tunesmith.errors import InvalidArgument
from tunesmith.validate import require_choice, require_integer, require_seed

Numbers = np.ndarray[Any, Any]

RANDOM, STRATIFIED, GROUP, TIME = KINDS = ("random", "stratified", "group", "time")


@dataclass(frozen=True)
class Split:
    """How rows are split, as it was typed.

    Attributes:
        kind: random, stratified, group or time; None is stratified for classes, else random.
        key: The column of the groups, or of the times.
        seed: Draws the rows to test with, and without folds those to validate with.
        val_fraction: The share of the rows to validate with, without folds.
        test_fraction: The share of the rows to test with; None if these are another file's.
        folds: In how many folds the other rows take turns to be validated with; None for no folds.
        fold_seed: Draws the folds; None is `seed`.

    Raises:
        InvalidArgument: A value is refused.

    """

    kind: str | None
    key: str | None
    seed: int
    val_fraction: float
    test_fraction: float | None
    folds: int | None = None
    fold_seed: int | None = None

    def __post_init__(self) -> None:
        require_seed("seed", self.seed, example=42)
        require_seed("fold_seed", self.fold_seed, example=1, optional=True)
        require_integer("folds", self.folds, minimum=2, example=5, optional=True)
        if self.kind is not None:
            require_choice("split", self.kind, KINDS)
        _check_fractions(self.val_fraction, self.test_fraction)

    @property
    def as_drawn(self) -> "Split":
        """The same without a seed that draws nothing: what divides the rows alike is equal."""
        draws_folds = self.folds is not None and self.kind != TIME
        return self if draws_folds else replace(self, fold_seed=None)


@dataclass(frozen=True)
class Splittable:
    """What of a table's rows a split depends on.

    Attributes:
        values: The target, (n,): numbers, or indices of classes.
        labels: The classes; empty for numbers.
        keys: What rows are kept together by, or ordered by, (n,): of a split by group or time.

    """

    values: Numbers
    labels: Sequence[Any] = ()
    keys: Numbers | None = None


def _check_fractions(val_fraction: float, test_fraction: float | None) -> None:
    """Raise InvalidArgument unless the shares leave a fifth of the rows to train on."""
    for name, value in (("val_fraction", val_fraction), ("test_fraction", test_fraction)):
        may_lack = name == "test_fraction"
        is_share = isinstance(value, int | float) and 0 < value < 1
        if not is_share and not (value is None and may_lack):
            raise InvalidArgument(name, "a number between 0 and 1", value, 0.2)
    if val_fraction + (test_fraction or 0) > 0.8:
        raise InvalidArgument(
            "test_fraction",
            "a share that leaves a fifth of the rows to train on",
            test_fraction,
            0.2,
            detail=f"beside val_fraction={val_fraction}",
        )
