"""Say where rows seem to belong together: a random split would then flatter a model."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from tunesmith.data.columns import CATEGORY, DATE, LEFT_OUT, NUMBER, Column
from tunesmith.data.dates import read_dates
from tunesmith.data.numbers import is_number

MIN_GROUPS, MIN_ROWS_OF_GROUP = 5, 2
MIN_TIMES = 10
_TIME = re.compile(
    r"(.*[\s_.-])?(year|date|time|day|week|month|timestamp|datetime)|.*(年|月|日|日付|日時)",
    re.IGNORECASE,
)
_ID = re.compile(r"(.*[\s_.-])?(id|nr|no|subject|patient|person)|.*[a-z]I[dD]", re.IGNORECASE)


def find_leaks(table: pd.DataFrame, columns: Sequence[Column]) -> list[str]:
    """Return a sentence where rows are sorted by time, and one where they come in groups.

    Args:
        table: The rows, in the order of the file.
        columns: What its columns are read as, without the target.

    """
    named = [column for column in columns if column.kind != LEFT_OUT]
    times = [column.name for column in named if _is_sorted_time(table[column.name], column)]
    groups = [c.name for c in named if c.name not in times and _may_group(table[c.name], c)]
    return [*map(_said_of_time, times[:1]), *_said_of_groups(table, groups, named)]


def _is_sorted_time(values: pd.Series, column: Column) -> bool:
    if column.kind == DATE:
        values = read_dates(values, column.detail)
    elif column.kind != NUMBER or not _TIME.fullmatch(column.name):
        return False
    if values.isna().any() or values.nunique() < MIN_TIMES:
        return False
    return bool(values.is_monotonic_increasing or values.is_monotonic_decreasing)


def _may_group(values: pd.Series, column: Column) -> bool:
    if column.kind not in (CATEGORY, NUMBER) or values.isna().any():
        return False
    if is_number(values) and not (np.mod(values.to_numpy(dtype=np.float64), 1) == 0).all():
        return False
    n_groups = values.nunique()
    return MIN_GROUPS <= n_groups <= len(values) / MIN_ROWS_OF_GROUP and (
        bool(_ID.fullmatch(column.name)) or _n_blocks(values) == n_groups
    )


def _n_blocks(values: pd.Series) -> int:
    """Return in how many runs of the same value the rows lie."""
    codes = pd.factorize(values)[0]
    return int((np.diff(codes) != 0).sum()) + 1


def _said_of_groups(
    table: pd.DataFrame, names: Sequence[str], columns: Sequence[Column]
) -> list[str]:
    """Return a sentence for the finest groups that share something, or are called as groups are."""
    for name in sorted(names, key=lambda one: -table[one].nunique()):
        others = [c.name for c in columns if c.name != name]
        shared = next((other for other in others if _is_shared(table, other, by=name)), None)
        if shared is not None or _ID.fullmatch(name):
            why = "" if shared is None else f" ({shared!r} is the same in all of them)"
            return [
                f"the rows of one {name!r} seem to belong together{why}, and a random split knows "
                "each from its others; if rows of another one are to be predicted, type "
                f"data.split=group {_typed('group', name)}"
            ]
    return []


def _is_shared(table: pd.DataFrame, other: str, *, by: str) -> bool:
    groups = table.groupby(by, sort=False)[other]
    n_different = table[other].nunique()
    return 1 < n_different < groups.ngroups and bool((groups.nunique(dropna=False) == 1).all())


def _said_of_time(name: str) -> str:
    return (
        f"the rows are sorted by {name!r}, and a random split knows what came before and after "
        f"each; if later rows are to be predicted, type data.split=time {_typed('time', name)}"
    )


def _typed(key: str, name: str) -> str:
    plain = f"data.{key}={name}"
    return plain if re.fullmatch(r"[\w.=-]+", plain) else f"'data.{key}=\"{name}\"'"
