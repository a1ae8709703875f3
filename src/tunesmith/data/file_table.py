"""A table as a file holds it: columns of plain types, and numbers where texts are some."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd
from pandas.api.types import is_bool_dtype, is_extension_array_dtype, is_object_dtype

from tunesmith.data.numbers import (
    Style,
    count_markers,
    find_style,
    is_number,
    missing_as_none,
    read_numbers,
)

N_MARKED = 8


@dataclass(frozen=True)
class FileTable:
    """What a file holds.

    Attributes:
        frame: The table; its column names are texts, and so are categories.
        form: How the file is written, in words.
        decimal: Its decimal mark, where it holds texts.
        styles: How numbers were written in the columns that held them as text.
        notes: What else a reader should know, a line each.

    """

    frame: pd.DataFrame
    form: str
    decimal: str | None = None
    styles: dict[str, Style] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Known:
    """What is known of a file before it is read: it is to be read as another one was.

    Attributes:
        texts: Columns that hold texts, whatever these look like.
        exact: Columns that nothing is read of: they are to be written again as they are.
        decimal: The decimal mark of numbers that do not tell.

    """

    texts: frozenset[str] = frozenset()
    exact: frozenset[str] = frozenset()
    decimal: str | None = None

    @property
    def untouched(self) -> frozenset[str]:
        """The columns in which no numbers are looked for."""
        return self.texts | self.exact


def plain_table(
    table: pd.DataFrame, form: str, *, lines: list[str], decimal: str | None, known: Known
) -> FileTable:
    """Return the table, which is changed, with numbers where texts are some.

    Args:
        table: What was read, with the names that it is to have.
        form: How the file is written, in words.
        lines: What else a reader should know.
        decimal: The decimal mark of its numbers.
        known: What is known of its columns.

    """
    styles, markers = {}, {}
    for name, values in table.items():
        plain = values if name in known.exact else _plain(values)
        is_open = is_text(plain) and name not in known.untouched
        style = find_style(plain, decimal=decimal) if is_open else None
        if style is not None:
            styles[str(name)] = style
            plain = read_numbers(plain, style)
        elif is_open:
            markers[str(name)] = count_markers(values)
        # A large table is not copied for what it is anyway.
        if plain is not values:
            table[name] = plain
    ambiguous = [said_ambiguity(name, s) for name, s in styles.items() if s.is_ambiguous]
    notes = (*lines, *ambiguous, *said_markers(markers))
    return FileTable(table, form, decimal, styles=styles, notes=notes)


def said_ambiguity(name: str, style: Style, more: str = "") -> str:
    """Return how a number is read that could be another one."""
    [number] = read_numbers(pd.Series([style.example]), style)
    return (
        f"{name!r} is written like {style.example}, read as {number:g} since the decimal mark is "
        f"{style.decimal!r}{more}"
    )


def said_markers(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return a line for the markers that count as missing beside texts, if there are any.

    Args:
        counts: How often each marker stands in a column, by the columns' names.

    """
    told = [
        f"{marker!r} in {n} row{'s' if n > 1 else ''} of {name!r}"
        for name, markers in counts.items()
        for marker, n in markers.items()
    ]
    if not told:
        return []
    more = f" and {len(told) - N_MARKED} more" if len(told) > N_MARKED else ""
    return [f"taken for missing values: {', '.join(told[:N_MARKED])}{more}"]


def is_text(values: pd.Series) -> bool:
    """Return whether a column holds texts, or may."""
    return bool(is_object_dtype(values.dtype) or isinstance(values.dtype, pd.StringDtype))


def hold_as_codes(table: pd.DataFrame, names: Iterable[str]) -> None:
    """Hold the texts of columns of a table, which is changed, once each: a row has a number."""
    for name in names:
        if isinstance(table[name].dtype, pd.StringDtype):
            table[name] = table[name].astype("category")


def as_read(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the texts that `hold_as_codes` took out of their columns."""
    held = {
        name: values.dtype.categories.dtype
        for name, values in rows.items()
        if isinstance(values.dtype, pd.CategoricalDtype)
    }
    return rows.astype(held)


def _plain(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.astype(object).map(str, na_action="ignore")
    if is_extension_array_dtype(values.dtype) and is_number(values):
        return values.astype("float64")
    if is_extension_array_dtype(values.dtype) and is_bool_dtype(values.dtype):
        return values.astype(object)
    return missing_as_none(values) if is_text(values) else values
