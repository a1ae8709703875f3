"""Read dates that are written as text, and make numbers of them."""

import datetime
import re
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_datetime64_any_dtype
from sklearn.base import BaseEstimator, TransformerMixin

PARTS = ("year", "month", "day_of_week", "days")
# Of the type that dates have already, such as in Parquet files.
TYPED = "dates"
_FORMATS = {
    "%Y-%m-%d": r"\d{4}-\d{1,2}-\d{1,2}",
    "%Y/%m/%d": r"\d{4}/\d{1,2}/\d{1,2}",
    "%Y.%m.%d": r"\d{4}\.\d{1,2}\.\d{1,2}",
    "%Y年%m月%d日": r"\d{4}年\d{1,2}月\d{1,2}日",
    "%Y-%m": r"\d{4}-\d{1,2}",
    "%Y/%m": r"\d{4}/\d{1,2}",
    **{
        f"{first}{mark}{second}{mark}{year}": rf"\d{{1,2}}{re.escape(mark)}\d{{1,2}}"
        rf"{re.escape(mark)}{digits}"
        for first, second in (("%d", "%m"), ("%m", "%d"))
        for mark in "./-"
        for year, digits in (("%Y", r"\d{4}"), ("%y", r"\d{2}"))
    },
    "%d %b %Y": r"\d{1,2} [A-Za-z]{3} \d{4}",
    "%d-%b-%Y": r"\d{1,2}-[A-Za-z]{3}-\d{4}",
    "%d-%b-%y": r"\d{1,2}-[A-Za-z]{3}-\d{2}",
    "%d %B %Y": r"\d{1,2} [A-Za-z]+ \d{4}",
    "%b %d, %Y": r"[A-Za-z]{3} \d{1,2}, \d{4}",
    "%B %d, %Y": r"[A-Za-z]+ \d{1,2}, \d{4}",
}
_TIME = r"(?:[T ]\s*(?P<time>\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?)?"
_N_FIRST = 20


def find_date_formats(values: pd.Series) -> list[str]:
    """Return the formats in which all of a column's values are dates; two if that is not clear.

    A date with points has its day first.
    """
    if is_datetime64_any_dtype(values.dtype):
        return [TYPED]
    present = values.dropna().unique()
    if len(present) and all(isinstance(value, datetime.date) for value in present):
        return [TYPED]
    if not len(present) or not all(isinstance(value, str) for value in present):
        return []
    texts = pd.Series([str(value).strip() for value in present], dtype=object)
    found = [form for form in _FORMATS if _reads(texts[:_N_FIRST], form) and _reads(texts, form)]
    is_clear = not found or "." in found[0] or _agree(texts, found)
    return found[:1] if is_clear else found


def _agree(texts: pd.Series, forms: list[str]) -> bool:
    first, *others = (read_dates(texts, form) for form in forms)
    return all(first.equals(other) for other in others)


def shown_format(form: str) -> str:
    """Return a format as people write it, such as DD.MM.YYYY; empty where there is none.

    >>> shown_format("%d.%m.%Y")
    'DD.MM.YYYY'

    """
    if form == TYPED:
        return ""
    parts = {"%Y": "YYYY", "%y": "YY", "%m": "MM", "%d": "DD", "%b": "Mon", "%B": "Month"}
    return re.sub("%.", lambda found: parts[found[0]], form)


def _reads(texts: pd.Series, form: str) -> bool:
    pattern = re.compile(_FORMATS[form] + _TIME)
    return all(map(pattern.fullmatch, texts)) and bool(read_dates(texts, form).notna().all())


def read_dates(values: pd.Series, form: str) -> pd.Series:
    """Return a column as timestamps; what is missing, or not written in that form, is NaT."""
    if form == TYPED or is_datetime64_any_dtype(values.dtype):
        read = pd.to_datetime(values, errors="coerce", utc=True)
        return read.dt.tz_localize(None).astype("datetime64[ns]")
    # Each text once: a table has few, and many rows.
    codes, kinds = pd.factorize(values)
    parts = pd.Series(kinds, dtype=object).map(lambda value: _parted(value, form))
    dates = pd.to_datetime(parts.str[0], format=form, errors="coerce")
    times = pd.to_timedelta(parts.str[1], errors="coerce")
    read = (dates + times).to_numpy("datetime64[ns]")
    # What is missing has the code -1.
    found = np.append(read, np.datetime64("NaT", "ns"))[codes]
    return pd.Series(found, index=values.index, name=values.name)


def _parted(value: object, form: str) -> tuple[str | None, str]:
    """Return date and time of day; the time zone is left out, since a column has one."""
    if isinstance(value, datetime.date):
        stamp = pd.Timestamp(value)
        return stamp.strftime(form), stamp.strftime("%H:%M:%S")
    found = re.fullmatch(f"(?P<date>{_FORMATS[form]}){_TIME}", str(value).strip())
    if found is None:
        return None, "00:00:00"
    time = found["time"] or "00:00"
    return found["date"], time if time.count(":") == 2 else f"{time}:00"


class DateNumbers(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turn columns of dates into year, month, day of week and days since the first training day.

    A time of day is a part of the days; what is missing is NaN.

    Args:
        formats: How the dates of each column are written, by its name.

    """

    def __init__(self, formats: dict[str, str]) -> None:
        self.formats = formats

    def fit(self, rows: pd.DataFrame, y: object = None) -> "DateNumbers":
        """Note each column's first day."""
        self.first_ = {name: self._dates(rows, name).dt.normalize().min() for name in self.formats}
        return self

    def transform(self, rows: pd.DataFrame) -> np.ndarray[Any, Any]:
        """Return four numbers a column, (n, 4 * n_columns)."""
        return np.column_stack([self._numbers(rows, name) for name in self.formats])

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray[Any, Any]:
        """Return the names of these numbers: day_year, day_month, ..."""
        names = [f"{name}_{part}" for name in self.formats for part in PARTS]
        return np.array(names, dtype=object)

    def _dates(self, rows: pd.DataFrame, name: str) -> pd.Series:
        return read_dates(rows[name], self.formats[name])

    def _numbers(self, rows: pd.DataFrame, name: str) -> np.ndarray[Any, Any]:
        dates = self._dates(rows, name)
        days = (dates - self.first_[name]) / pd.Timedelta(days=1)
        parts = (dates.dt.year, dates.dt.month, dates.dt.day_of_week, days)
        return np.column_stack([part.to_numpy(dtype=np.float64, na_value=np.nan) for part in parts])
