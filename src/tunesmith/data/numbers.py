"""Read numbers that are written as text: 1,234.5 and 1.234,5, 12 %, $5, (3)."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

# What stands for a missing value, besides what pandas takes for one.
MARKERS = ("?", "-", "--", ".")
_BLANK = {"", "N/A", "n/a", *MARKERS}
_MISSING = {"na", "n/a", "nan", "none", "null", *_BLANK}
_POINT = re.compile(r"([1-9]\d{0,2}([, '’])\d{3}(\2\d{3})*|\d+)?(\.\d*)?(e[+-]?\d+)?", re.I)  # noqa: RUF001
_COMMA = re.compile(r"([1-9]\d{0,2}([. '’])\d{3}(\2\d{3})*|\d+)?(,\d*)?(e[+-]?\d+)?", re.I)  # noqa: RUF001
# A sign, then a unit before or behind the number.
_UNITS = r"[$€£¥₹₩₽元円]|USD|EUR|GBP|JPY|CHF|kr|zł"
_PARTS = re.compile(
    rf"(?P<open>\()?(?P<sign>[+-]?)\s*(?P<before>{_UNITS})?\s*(?P<inner>[+-]?)"
    rf"(?P<digits>[\d., '’]*\d[\d., '’]*(e[+-]?\d+)?)"  # noqa: RUF001
    rf"\s*(?P<behind>%|{_UNITS})?(?P<close>\))?",
    re.I,
)


@dataclass(frozen=True)
class Style:
    """How the numbers of a column are written.

    Attributes:
        decimal: Their decimal mark, a point or a comma.
        unit: What stands beside each of them: a currency, or %.
        example: One of them that is no plain number.
        is_telling: Whether they can be read with that mark only.
        is_ambiguous: Whether they would be other numbers with the other mark.

    """

    decimal: str
    unit: str = ""
    example: str = ""
    is_telling: bool = False
    is_ambiguous: bool = False


def is_number(values: pd.Series) -> bool:
    """Return True if a column holds numbers; true and false are categories."""
    return bool(is_numeric_dtype(values.dtype) and not is_bool_dtype(values.dtype))


def find_style(values: pd.Series, *, decimal: str | None = None) -> Style | None:
    """Return how a column of texts writes numbers; None unless all that are present are some.

    Args:
        values: The column.
        decimal: The file's decimal mark; None where it is not known.

    """
    digits: list[str] = []
    units: set[str] = set()
    example = ""
    for text in _texts(values):
        parts = _parts(text)
        if parts is None or len(units := units | {parts.unit}) > 1:
            return None
        digits.append(parts.digits)
        example = example or ("" if text.isdecimal() else text)
    patterns = ((".", _POINT), (",", _COMMA))
    marks = [mark for mark, pattern in patterns if all(map(pattern.fullmatch, digits))]
    if not digits or not marks:
        return None
    return Style(
        decimal if decimal in marks else marks[0],
        unit=units.pop(),
        example=example or digits[0],
        is_telling=len(marks) == 1,
        is_ambiguous=len(marks) == 2 and any("," in one or "." in one for one in digits),
    )


def read_numbers(
    values: pd.Series, style: Style | None, *, decimal: str | None = None
) -> pd.Series:
    """Return a column as floats; what is missing, or cannot be read in its style, is NaN.

    Args:
        values: The column.
        style: How its numbers are written; None finds it out.
        decimal: The decimal mark where two are possible.

    Raises:
        ValueError: The style is to be found, and there is none.

    """
    if is_numeric_dtype(values.dtype):
        return values.astype("float64")
    style = style or find_style(values, decimal=decimal)
    if style is None:
        return missing_as_none(values).astype("float64")
    known = {value: _number(value, style) for value in values.dropna().unique()}
    return values.map(known, na_action="ignore").astype("float64")


def missing_as_none(values: pd.Series) -> pd.Series:
    """Return a column in which a marker of a missing value, blanks around it or not, is missing."""
    different = values.dropna().unique()
    odd = [v for v in different if isinstance(v, str) and v.strip() in _BLANK]
    return values.where(~values.isin(odd)) if odd else values


def count_markers(values: pd.Series) -> dict[str, int]:
    """Return how often each marker stands in a column, which may be something else there."""
    counts: Counter[str] = Counter()
    for value, n in values.value_counts(sort=False).items():
        if isinstance(value, str) and (text := value.strip()) in MARKERS:
            counts[text] += n
    return dict(counts)


def is_missing(text: str) -> bool:
    """Return True for a text that stands for a missing value."""
    return text.strip().lower() in _MISSING


def _texts(values: pd.Series) -> Iterator[str]:
    """Yield the different texts of a column that are present; "x" for what is no number either."""
    for value in values.dropna().unique():
        if isinstance(value, str):
            if not is_missing(value):
                yield _plain(value)
        elif isinstance(value, bool) or not isinstance(value, int | float):
            yield "x"


def _plain(text: str) -> str:
    # Full-width digits and hard blanks become plain ones.
    return unicodedata.normalize("NFKC", text).replace("−", "-").strip()  # noqa: RUF001


@dataclass(frozen=True)
class _Parts:
    sign: str
    digits: str
    unit: str


def _parts(text: str) -> _Parts | None:
    """Return one number in parts, None if it is none."""
    found = _PARTS.fullmatch(text)
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    sign = found["sign"] + found["inner"] + ("-" if found["open"] else "")
    if len(sign) > 1 or (found["before"] and found["behind"]):
        return None
    return _Parts(sign, found["digits"].strip(), found["before"] or found["behind"] or "")


def _number(value: object, style: Style) -> float:
    if not isinstance(value, str):
        return float(value) if isinstance(value, int | float) else np.nan
    parts = _parts(_plain(value))
    if parts is None:
        return np.nan
    groups = {".": ", '’", ",": ". '’"}[style.decimal]  # noqa: RUF001
    digits = "".join(char for char in parts.digits if char not in groups)
    try:
        return float(parts.sign + digits.replace(",", "."))
    except ValueError:
        return np.nan


def decimal_of(columns: Iterable[pd.Series]) -> str | None:
    """Return the decimal mark that the columns of texts tell of; None if they do not agree."""
    styles = (find_style(column) for column in columns)
    marks = {style.decimal for style in styles if style and style.is_telling}
    return marks.pop() if len(marks) == 1 else None
