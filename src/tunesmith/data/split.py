"""Split the rows of a table into those to train on, to validate with and to test with."""

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    train_test_split,
)

from tunesmith.data.split_plan import (
    GROUP,
    RANDOM,
    STRATIFIED,
    TIME,
    Numbers,
    Split,
    Splittable,
)
from tunesmith.errors import InvalidArgument


@dataclass(frozen=True)
class Parts:
    """Row numbers.

    Attributes:
        train: To train on.
        val: To validate with.
        test: To test with.
        stop: Of those to train on, in a fold, the ones that may end a fit; None without folds.

    """

    train: Numbers
    val: Numbers
    test: Numbers
    stop: Numbers | None = None


def split_rows(rows: Splittable, split: Split, *, fold: int) -> Parts:
    """Return which rows are trained on, validated with and tested with.

    The rows to test with are the same in all folds, and without any. In a fold nothing of the rows
    to validate with may reach the fit, so that others end it.

    Args:
        rows: The rows.
        split: How they are split.
        fold: Which fold is validated with, from 1.

    Raises:
        InvalidArgument: There are too few rows, classes, groups or times for it.

    """
    kind = _BY[_kind(rows, split)]
    by = kind(rows, split)
    share = split.test_fraction
    rest, test = by.all_rows() if share is None else by.held_out(share)
    if split.folds is None:
        train, val = by.validation(rest)
        _check_parts(rows, train, split=split)
        return Parts(train, val, test)
    folds = by.folds(rest)
    for train, _ in folds:
        _check_parts(rows, train, split=split)
    train, val = folds[fold - 1]
    return Parts(train, val, test, _stopping(kind(rows, split, n=len(train)), train))


def _stopping(by: "_Random", train: Numbers) -> Numbers:
    """Return which of the rows may end a fit; any, where they cannot be divided as the others."""
    try:
        _, stop = by.validation(train)
    except InvalidArgument:
        shuffled = np.random.default_rng(by.split.seed).permutation(train)
        return shuffled[: _count(len(train), by.split.val_fraction)]
    return stop


def _kind(rows: Splittable, split: Split) -> str:
    kind = split.kind or (STRATIFIED if rows.labels else RANDOM)
    if kind == STRATIFIED and not rows.labels:
        raise InvalidArgument("split", "one that fits a target of numbers", kind, RANDOM)
    return kind


class _Random:
    """Shuffled rows."""

    def __init__(self, rows: Splittable, split: Split, *, n: int | None = None) -> None:
        self.rows = rows
        self.split = split
        # Of so many rows a share is taken.
        self.n = len(rows.values) if n is None else n

    @property
    def fold_seed(self) -> int:
        seed = self.split.fold_seed
        return self.split.seed if seed is None else seed

    def all_rows(self) -> tuple[Numbers, Numbers]:
        """Return all rows, and none to test with."""
        return self._order(), np.arange(0)

    def held_out(self, share: float) -> tuple[Numbers, Numbers]:
        """Return the other rows and those to test with."""
        order, n_val = self._order(), _count(self.n, self.split.val_fraction)
        held = slice(n_val, n_val + _count(self.n, share))
        return np.delete(order, held), order[held]

    def validation(self, rest: Numbers) -> tuple[Numbers, Numbers]:
        """Return the rows to train on and those to validate with."""
        n_val = _count(self.n, self.split.val_fraction)
        return rest[n_val:], rest[:n_val]

    def folds(self, rest: Numbers) -> list[tuple[Numbers, Numbers]]:
        """Return for each fold the rows to train on and those to validate with."""
        assert self.split.folds is not None
        _require_enough(self.split.folds, len(rest), "rows")
        splitter = KFold(self.split.folds, shuffle=True, random_state=self.fold_seed)
        return [(rest[train], rest[val]) for train, val in splitter.split(rest)]

    def _order(self) -> Numbers:
        return np.random.default_rng(self.split.seed).permutation(self.n)


class _Divided(_Random):
    """Rows in their own order, of which a splitter holds some out."""

    def all_rows(self) -> tuple[Numbers, Numbers]:
        return np.arange(self.n), np.arange(0)

    def held_out(self, share: float) -> tuple[Numbers, Numbers]:
        return self._divided(np.arange(self.n), share)

    def _divided(self, rows: Numbers, share: float) -> tuple[Numbers, Numbers]:
        raise NotImplementedError


class _Stratified(_Divided):
    """Shuffled rows; each part has about the same share of each class."""

    def validation(self, rest: Numbers) -> tuple[Numbers, Numbers]:
        return self._divided(rest, self.split.val_fraction)

    def folds(self, rest: Numbers) -> list[tuple[Numbers, Numbers]]:
        assert self.split.folds is not None
        classes = self.rows.values[rest]
        rarest = int(np.bincount(classes, minlength=len(self.rows.labels)).argmin())
        n_rarest = int((classes == rarest).sum())
        what = f"rows of the class {self.rows.labels[rarest]}"
        _require_enough(self.split.folds, n_rarest, what)
        splitter = StratifiedKFold(self.split.folds, shuffle=True, random_state=self.fold_seed)
        return [(rest[train], rest[val]) for train, val in splitter.split(rest, classes)]

    def _divided(self, rows: Numbers, share: float) -> tuple[Numbers, Numbers]:
        n_classes = len(self.rows.labels)
        size = max(n_classes, _count(self.n, share))
        classes, seed = self.rows.values[rows], self.split.seed
        try:
            kept, held = train_test_split(rows, test_size=size, stratify=classes, random_state=seed)
        except ValueError as error:
            raise InvalidArgument(
                "test_fraction",
                f"a share that leaves each of {n_classes} classes in all parts of {self.n} rows",
                self.split.test_fraction,
                detail=f"where {' '.join(str(error).split())}",
                way_out="take a file with more rows, or leave out rare classes",
            ) from None
        return kept, held


class _Grouped(_Divided):
    """Rows of one group stay together; of classes each part has about its share."""

    def validation(self, rest: Numbers) -> tuple[Numbers, Numbers]:
        return self._divided(rest, self.split.val_fraction / (1 - (self.split.test_fraction or 0)))

    def folds(self, rest: Numbers) -> list[tuple[Numbers, Numbers]]:
        assert self.split.folds is not None
        _require_enough(self.split.folds, self._n_groups(rest), "groups")
        kind = StratifiedGroupKFold if self.rows.labels else GroupKFold
        splitter = kind(self.split.folds, shuffle=True, random_state=self.fold_seed)
        found = splitter.split(rest, self.rows.values[rest], self._groups(rest))
        return [(rest[train], rest[val]) for train, val in found]

    def _divided(self, rows: Numbers, share: float) -> tuple[Numbers, Numbers]:
        if (n_groups := self._n_groups(rows)) < 2:
            raise InvalidArgument(
                "group",
                "a column with a group for each of the parts",
                self.split.key,
                detail=f"of which {n_groups} is left to be divided",
                way_out="take another column, or data.split=random",
            )
        seed = self.split.seed
        if self.rows.labels:
            n_parts = min(n_groups, max(2, round(1 / share)))
            splitter = StratifiedGroupKFold(n_parts, shuffle=True, random_state=seed)
        else:
            splitter = GroupShuffleSplit(1, test_size=share, random_state=seed)
        kept, held = next(splitter.split(rows, self.rows.values[rows], self._groups(rows)))
        return rows[kept], rows[held]

    def _groups(self, rows: Numbers) -> Numbers:
        assert self.rows.keys is not None
        return self.rows.keys[rows]

    def _n_groups(self, rows: Numbers) -> int:
        return len(np.unique(self._groups(rows)))


class _Timed(_Random):
    """The last rows are tested with, those before them validated with; one time is never cut."""

    def all_rows(self) -> tuple[Numbers, Numbers]:
        return self._order(), np.arange(0)

    def held_out(self, share: float) -> tuple[Numbers, Numbers]:
        return self._last(self._order(), share)

    def validation(self, rest: Numbers) -> tuple[Numbers, Numbers]:
        return self._last(rest, self.split.val_fraction)

    def folds(self, rest: Numbers) -> list[tuple[Numbers, Numbers]]:
        assert self.split.folds is not None
        times, of_row = np.unique(self._times(rest), return_inverse=True)
        _require_enough(self.split.folds, len(times) - 1, "times after the first")
        return [
            (rest[np.isin(of_row, before)], rest[np.isin(of_row, after)])
            for before, after in TimeSeriesSplit(self.split.folds).split(times)
        ]

    def _order(self) -> Numbers:
        assert self.rows.keys is not None
        return np.argsort(self.rows.keys, kind="stable")

    def _last(self, rows: Numbers, share: float) -> tuple[Numbers, Numbers]:
        times = self._times(rows)
        first = times[len(rows) - min(len(rows) - 1, _count(self.n, share))]
        cut = int(np.searchsorted(times, first))
        if cut == 0:
            raise InvalidArgument(
                "time",
                "a column with a time for each of the parts",
                self.split.key,
                detail="in which too many rows have the same",
                way_out="take another column, or data.split=random",
            )
        return rows[:cut], rows[cut:]

    def _times(self, rows: Numbers) -> Numbers:
        assert self.rows.keys is not None
        return self.rows.keys[rows]


_BY = {RANDOM: _Random, STRATIFIED: _Stratified, GROUP: _Grouped, TIME: _Timed}


def _count(n_rows: int, share: float) -> int:
    return max(1, round(n_rows * share))


def _require_enough(folds: int, n: int, what: str) -> None:
    if folds > n:
        raise InvalidArgument(
            "folds",
            f"at most the number of {what}, {n} beside those to test with",
            folds,
            min(n, 5) if n >= 2 else None,
        )


def _check_parts(rows: Splittable, train: Numbers, *, split: Split) -> None:
    """Raise InvalidArgument where nothing can be learned from the training rows of a split."""
    trained = rows.values[train]
    missing = [label for i, label in enumerate(rows.labels) if not (trained == i).any()]
    if missing:
        raise InvalidArgument(
            "split",
            "one that leaves all classes in the training rows of each part",
            split.kind,
            detail=f"with which {missing[0]!r} is not there",
            way_out="try data.split=stratified, another data.seed, or fewer data.folds",
        )
    if not rows.labels and trained.min() == trained.max():
        raise InvalidArgument(
            "seed",
            "one that leaves different values of the target in the training rows",
            split.seed,
            split.seed + 1,
            detail=f"with which it is {float(trained[0]):g} in all",
        )
