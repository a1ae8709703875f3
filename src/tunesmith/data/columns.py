"""Say what each column of a table is: numbers, a category, dates, or nothing to learn from."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_timedelta64_dtype

from tunesmith.data.dates import find_date_formats, shown_format
from tunesmith.data.numbers import Style, is_number
from tunesmith.errors import InvalidArgument

NUMBER, CATEGORY, DATE, LEFT_OUT = "number", "category", "date", "left out"
RUNNING = "a running number"
# Names of columns that number the rows, in which every number is another one.
_ID = re.compile(r"(.*[\s_.-])?(id|nr|no|index|key|uuid)|.*[a-z]I[dD]|unnamed: \d+|.*番号")
_MIN_WORDS, _MIN_DIFFERENT = 4, 0.5
# What some write for a missing number.
_SENTINELS = (-999, -9999, 9999)
_MIN_FREQUENT = 3


@dataclass(frozen=True)
class Column:
    """What a column is read as.

    Attributes:
        name: Its name.
        kind: number, category, date, or left out.
        missing: The share of its values that are missing.
        detail: How many categories, how the dates are written, or why it is left out.

    """

    name: str
    kind: str
    missing: float
    detail: str = ""

    def __str__(self) -> str:
        match self.kind:
            case "category":
                form = f"category of {self.detail}"
            case "left out":
                form = f"left out: {self.detail}"
            case "date":
                form = ", ".join(filter(None, ["date", shown_format(self.detail)]))
            case _:
                form = ", ".join(filter(None, [self.kind, self.detail]))
        return f"{form}, {_percent(self.missing)} missing" if self.missing else form


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else "below 1%"


def read_columns(
    table: pd.DataFrame, names: Iterable[str], *, styles: Mapping[str, Style]
) -> list[Column]:
    """Return what columns are read as; running numbers count if there is nothing else.

    Args:
        table: The rows.
        names: All columns but the target and those dropped.
        styles: How numbers were written in the columns that held them as text.

    """
    read = [_column(table[name], styles.get(name)) for name in names]
    if any(column.kind != LEFT_OUT for column in read):
        return read
    return [
        Column(column.name, NUMBER, column.missing) if column.detail == RUNNING else column
        for column in read
    ]


def check_columns(columns: Iterable[Column], *, drop: Iterable[str]) -> None:
    """Raise InvalidArgument, which names them all, for columns that teach nothing."""
    found = {column.name: column.detail for column in columns if column.kind == LEFT_OUT}
    if found:
        named = ", ".join(f"{name!r} ({reason})" for name, reason in found.items())
        raise InvalidArgument(
            "drop",
            f"a list with the columns that nothing can be learned from: {named}",
            list(drop),
            [*drop, *found],
        )


def check_some(columns: Iterable[Column], *, drop: Iterable[str], target: str) -> None:
    """Raise InvalidArgument unless a column is left to learn from."""
    read = list(columns)
    if not read:
        raise InvalidArgument(
            "drop", "a list that leaves a column beside the target", list(drop), []
        )
    if all(column.kind == LEFT_OUT for column in read):
        named = ", ".join(f"{column.name!r} ({column.detail})" for column in read)
        raise InvalidArgument(
            "target",
            "a column with others beside it to be predicted from",
            target,
            detail=f"beside which there is only {named}",
            way_out="take another file",
        )


def sentinels(table: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """Return a line for each of the columns with a frequent outlier that may mean a missing one."""
    lines = []
    for name in names:
        values = table[name]
        if is_number(values) and (found := _sentinel(values)) is not None:
            n = int((values == found).sum())
            lines.append(
                f"{name!r} is {found} in {n} rows, unlike its other values: if that means a "
                "missing value, leave these fields empty in the file"
            )
    return lines


def _sentinel(values: pd.Series) -> int | None:
    for number in _SENTINELS:
        is_it = values == number
        others = values[~is_it].dropna()
        if is_it.sum() < _MIN_FREQUENT or others.empty:
            continue
        low, high = others.min(), others.max()
        gap = low - number if number < 0 else number - high
        if gap > high - low or (number < 0 <= low):
            return number
    return None


def _column(values: pd.Series, style: Style | None) -> Column:
    name, missing = str(values.name), float(values.isna().mean())
    if is_number(values):
        if reason := _useless_number(values):
            return Column(name, LEFT_OUT, missing, reason)
        written = "" if style is None else f"written like {style.example!r}"
        return Column(name, NUMBER, missing, written)
    texts = values.dropna()
    if not isinstance(texts.dtype, pd.StringDtype):
        texts = texts.map(str)
    n_different = texts.nunique()
    if n_different == 0:
        return Column(name, LEFT_OUT, missing, "all missing")
    if n_different == 1 and len(texts) == len(values):
        return Column(name, LEFT_OUT, missing, "constant")
    if is_timedelta64_dtype(values.dtype):
        return Column(name, LEFT_OUT, missing, "durations")
    if formats := find_date_formats(values):
        return _date(name, missing, formats)
    if n_different == len(texts):
        return Column(name, LEFT_OUT, missing, "texts, all different")
    is_varied = n_different > _MIN_DIFFERENT * len(texts)
    if is_varied and texts.str.split().str.len().mean() >= _MIN_WORDS:
        return Column(name, LEFT_OUT, missing, "free text")
    return Column(name, CATEGORY, missing, str(n_different))


def _date(name: str, missing: float, formats: list[str]) -> Column:
    if len(formats) == 1:
        return Column(name, DATE, missing, formats[0])
    reason = "dates whose day and month cannot be told apart: write them as 2026-01-31"
    return Column(name, LEFT_OUT, missing, reason)


def _useless_number(values: pd.Series) -> str | None:
    present = values.dropna()
    if present.empty:
        return "all missing"
    if np.isinf(present.to_numpy(dtype=np.float64)).any():
        return "has infinite values"
    if values.nunique(dropna=False) == 1:
        return "constant"
    is_whole = len(present) == len(values) and bool((present % 1 == 0).all())
    if is_whole and present.iloc[0] in (0, 1) and (present.diff().iloc[1:] == 1).all():
        return RUNNING
    if is_whole and present.is_unique and _ID.fullmatch(_as_named(str(values.name))):
        return RUNNING
    return None


def _as_named(name: str) -> str:
    # customerId and CUSTOMER_ID are ids, GRID and Madrid are none.
    return name if re.search(r"[a-z]I[dD]$", name) else name.lower()
