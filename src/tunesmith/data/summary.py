"""Say in a few lines what was read of a table, before anything is learned from it."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.cells import cell_len

from tunesmith.data.columns import Column

N_COLUMNS = 20
_PLURAL = {"category": "categories", "left out": "left out"}


def summarize_table(
    path: Path,
    *,
    form: str,
    target: pd.Series,
    n_without: int,
    columns: Sequence[Column],
    split: tuple[int, int, int],
    notes: Sequence[str],
) -> str:
    """Return the file, the target, each column's reading and the split, in lines.

    Args:
        path: The file.
        form: How it is written.
        target: The target of the rows that have one.
        n_without: How many rows have none.
        columns: What each column is read as.
        split: The numbers of rows to train on, to validate with and to test with.
        notes: What else there is to say.

    """
    train, val, test = split
    without = f"; {n_without} without a target left out" if n_without else ""
    lines = [
        f"Data: {path.name}, {form}",
        f"rows       {len(target)}: {train} to train on, {val} to validate with, {test} to test "
        f"with{without}",
        f"target     {target.name}, {_distribution(target)}",
        f"columns    {_counted(columns)}",
        *_readings(columns[:N_COLUMNS]),
    ]
    if more := columns[N_COLUMNS:]:
        lines.append(f"  and {len(more)} more: {_counted(more)}")
    return "\n".join([*lines, *(f"Note: {note}." for note in notes)])


def _distribution(values: pd.Series) -> str:
    low, first, median, third, high = values.quantile([0, 0.25, 0.5, 0.75, 1])
    return f"{low:.6g} to {high:.6g}, quartiles {first:.6g}, {median:.6g}, {third:.6g}"


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
