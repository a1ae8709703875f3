"""The raw rows that a fitted preprocessing takes: which columns, and whether they can be read."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from tunesmith.data.dates import read_dates, shown_format
from tunesmith.data.file import closest
from tunesmith.data.file_table import Known
from tunesmith.data.names import tidy_names
from tunesmith.data.numbers import Style, is_missing, is_number, read_numbers
from tunesmith.errors import InvalidConfig

_TRUTH = {"True", "False", "missing"}
N_SHOWN = 10


class RawRows:
    """The raw rows that a fitted model takes: checks them before they are predicted.

    Args:
        preprocessing: A fitted preprocessing: that of a TableDataModule, any other object with
            `feature_names_in_`, whose columns alone are checked, or None, which checks nothing.

    Attributes:
        names: The columns that it needs; None if it has no names.

    """

    def __init__(self, preprocessing: Any) -> None:
        found = getattr(preprocessing, "feature_names_in_", None)
        self.names: list[str] | None = None if found is None else [str(name) for name in found]
        self._columns = {name: list(own) for name, _, own in _steps(preprocessing)}
        self._fitted = {name: step for name, step, _ in _steps(preprocessing)}

    def known(self, *, exact: Iterable[str] = ()) -> Known:
        """Return what `read_table` needs to read a file as the training rows were read.

        Args:
            exact: Columns to be left exactly as the file has them, such as an id.

        """
        numbers = self._fitted.get("numbers")
        decimal = None if numbers is None else getattr(numbers[0], "decimal", None)
        return Known(frozenset(self._texts()), frozenset(exact), decimal)

    def checked(self, rows: Any, *, of: str = "the rows") -> Any:
        """Return the columns that the model needs, in the order of the fit.

        Args:
            rows: A DataFrame; its columns may be in any order, and more than needed. Without
                `names` anything, which is returned as it is.
            of: What an error message calls the rows.

        Raises:
            InvalidConfig: The rows are no DataFrame or none at all, or a column is missing or
                cannot be read as it was in the fit.

        """
        if self.names is None:
            return rows
        if not isinstance(rows, pd.DataFrame):
            raise InvalidConfig(
                f"{of} must be a DataFrame with the columns {_listed(self.names)}, got "
                f"{type(rows).__name__}"
            )
        tidy, _ = tidy_names(rows.columns)
        table = rows.set_axis(tidy, axis=1)
        _check_present(self.names, tidy, of=of)
        if table.empty:
            raise InvalidConfig(f"{of} must be at least one row, got none")
        table = table[self.names]
        self._check_numbers(table, of=of)
        self._check_dates(table, of=of)
        return table.assign(**{name: _as_written(table[name]) for name in self._texts()})

    def _texts(self) -> list[str]:
        """Return the categories, but those of truth values, which pandas knows by any spelling."""
        names = self._columns.get("categories", [])
        if not names:
            return []
        known = self._fitted["categories"][-1].categories_
        return [name for name, own in zip(names, known, strict=True) if not _TRUTH.issuperset(own)]

    def _check_numbers(self, table: pd.DataFrame, *, of: str) -> None:
        names = self._columns.get("numbers", [])
        if not names:
            return
        step = self._fitted["numbers"][0]
        for name in names:
            values = table[name]
            if not is_number(values) and values.dtype != bool:
                read = _numbers_in(values, step.styles.get(name), decimal=step.decimal)
                _refuse_unread(values, read, what="a number", of=of)
                values = read
            if np.isinf(values.astype("float64")).any():
                raise InvalidConfig(f"{of}: column {name!r} holds infinite numbers; leave them out")

    def _check_dates(self, table: pd.DataFrame, *, of: str) -> None:
        names = self._columns.get("dates", [])
        for name in names:
            form = self._fitted["dates"][0].formats[name]
            what = f"a date {shown_format(form)}".rstrip()
            _refuse_unread(table[name], read_dates(table[name], form), what=what, of=of)


def _steps(preprocessing: Any) -> list[tuple[str, Any, Any]]:
    """Return the fitted steps of a preprocessing that is this package's own; else none."""
    steps = getattr(preprocessing, "transformers_", [])
    ours = ("numbers", "categories", "dates")
    return [step for step in steps if step[0] in ours and hasattr(step[1], "steps")]


def _check_present(names: list[str], there: list[str], *, of: str) -> None:
    absent = [name for name in names if name not in there]
    if not absent:
        return
    if len(absent) == 1:
        # A needed column that is there is no other one, misspelt.
        others = [name for name in there if name not in names] or there
        hint = f"; the nearest there is {closest(absent[0], others)!r}" if others else ""
        raise InvalidConfig(f"{of} must have the column {absent[0]!r}, which the model needs{hint}")
    raise InvalidConfig(
        f"{of} must have the columns {_listed(absent)}, which the model needs; there are "
        f"{_listed(there)}"
    )


def _numbers_in(values: pd.Series, style: Style | None, *, decimal: str | None) -> pd.Series:
    """Return what is read of a column; NaN for what is no number."""
    try:
        return read_numbers(values, style, decimal=decimal)
    except (ValueError, TypeError):
        return pd.to_numeric(values.astype(object), errors="coerce")


def _refuse_unread(values: pd.Series, read: pd.Series, *, what: str, of: str) -> None:
    """Raise InvalidConfig for a value that is there, and was not read."""
    is_there = values.map(_is_there, na_action="ignore").fillna(False).to_numpy(dtype=bool)
    bad = np.flatnonzero(is_there & read.isna().to_numpy())
    if len(bad):
        value = values.iloc[bad[0]]
        raise InvalidConfig(
            f"{of}: column {values.name!r} must hold {what} in each row, as in training, got "
            f"{value!r} in row {bad[0] + 1}; correct it, or leave it empty"
        )


def _is_there(value: Any) -> bool:
    return not (isinstance(value, str) and is_missing(value))


def _as_written(values: pd.Series) -> pd.Series:
    """Return whole numbers as texts of whole numbers: a missing one has made them floats."""
    if not is_number(values):
        return values
    present = values.dropna()
    if not bool((present % 1 == 0).all()):
        return values
    return values.astype(object).map(lambda value: str(int(value)), na_action="ignore")


def _listed(names: list[str]) -> str:
    more = "" if len(names) <= N_SHOWN else f" and {len(names) - N_SHOWN} more"
    return ", ".join(map(repr, names[:N_SHOWN])) + more
