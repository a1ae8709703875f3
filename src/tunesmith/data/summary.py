"""Say in a few lines what was read of a table, before anything is learned from it."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.cells import cell_len

from tunesmith.data.columns import LEFT_OUT, Column
from tunesmith.data.split_plan import GROUP, TIME, Split
from tunesmith.data.target import Target
from tunesmith.scores import Task

N_COLUMNS = 20
N_CLASSES = 8
# Of so few rows a search's winner is mostly lucky: see docs/results.md, "Small real tables".
FEW = 100
_PLURAL = {"category": "categories", "left out": "left out"}


def summarize_table(
    path: Path,
    *,
    form: str,
    target: Target,
    columns: Sequence[Column],
    sizes: tuple[int, int, int],
    split: Split,
    notes: Sequence[str],
) -> str:
    """Return the file, the target, each column's reading and the split, in lines.

    Args:
        path: The file.
        form: How it is written.
        target: The target, and which rows have one.
        columns: What each column is read as.
        sizes: The numbers of rows to train on, to validate with and to test with.
        split: How they were chosen.
        notes: What else there is to say.

    """
    n_without = int((~target.has_one).sum())
    without = f"; {n_without} without a target left out" if n_without else ""
    lines = [
        f"Data: {path.name}, {form}",
        f"rows       {len(target.values)}: {_divided(len(target.values), sizes, split)}{without}",
        f"target     {target.name}, {_distribution(target)}",
        f"columns    {_counted(columns)}",
    ]
    shown = _shown(columns)
    lines += _readings(shown)
    if more := [column for column in columns if column not in shown]:
        lines.append(f"  and {len(more)} more: {_counted(more)}")
    told = [*notes, *_few_to_judge_by(sizes, split)]
    return "\n".join([*lines, *(f"Note: {note}." for note in told)])


def _shown(columns: Sequence[Column]) -> list[Column]:
    """Return the first columns, and of the others those that are left out, with the reason why."""
    left_out = [column for column in columns[N_COLUMNS:] if column.kind == LEFT_OUT]
    return [*columns[:N_COLUMNS], *left_out[:N_COLUMNS]]


def _divided(n_rows: int, sizes: tuple[int, int, int], split: Split) -> str:
    train, val, test = sizes
    tested = f"{test} to test with"
    if split.test_fraction is None:
        tested += " from another file"
    if split.folds is not None:
        # In time, each fold leaves out the rows that come after it.
        n_rest = n_rows if split.test_fraction is None else n_rows - test
        parts = f"{n_rest} in {split.folds} folds, {tested}"
    elif val:
        parts = f"{train} to train on, {val} to validate with, {tested}"
    else:
        parts = f"{train} to train on, {tested}"
    by = {GROUP: f", by groups of {split.key!r}", TIME: f", in the order of {split.key!r}"}
    return parts + by.get(split.kind or "", "")


def _few_to_judge_by(sizes: tuple[int, int, int], split: Split) -> list[str]:
    """Return a sentence where so few rows judge a model that the luckiest of many looks best."""
    train, val, _ = sizes
    if split.folds is not None or split.kind in (GROUP, TIME) or not 0 < val < FEW:
        return []
    rest = train + val
    return [f"{val} rows are few to judge by; data.folds=5 judges by all {rest}, in five fits"]


def _distribution(target: Target) -> str:
    if target.task.is_of_classes:
        return _shares(target)
    low, first, median, third, high = np.quantile(target.values, [0, 0.25, 0.5, 0.75, 1])
    return f"{low:.6g} to {high:.6g}, quartiles {first:.6g}, {median:.6g}, {third:.6g}"


def _shares(target: Target) -> str:
    shares = np.bincount(target.values) / len(target.values)
    by_size = sorted(zip(target.labels, shares, strict=True), key=lambda one: -one[1])
    told = ", ".join(f"{label} {share:.1%}" for label, share in by_size[:N_CLASSES])
    more = f" and {len(by_size) - N_CLASSES} more" if len(by_size) > N_CLASSES else ""
    positive = f"; {target.labels[1]} is positive" if target.task is Task.BINARY else ""
    return f"{len(target.labels)} classes: {told}{more}{positive}"


def _counted(columns: Sequence[Column]) -> str:
    kinds = Counter(column.kind for column in columns)
    return ", ".join(
        f"{n} {_PLURAL.get(kind, f'{kind}s') if n > 1 else kind}" for kind, n in kinds.items()
    )


def _readings(columns: Sequence[Column]) -> list[str]:
    # Chinese and Japanese characters are two cells wide.
    width = min(30, max(cell_len(column.name) for column in columns))
    blanks = [" " * max(0, width - cell_len(column.name)) for column in columns]
    return [f"  {c.name}{blank}  {c}" for c, blank in zip(columns, blanks, strict=True)]
