"""Read a table from a text file."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tunesmith.data.file_table import (
    FileTable,
    Known,
    is_text,
    plain_table,
    said_ambiguity,
    said_markers,
)
from tunesmith.data.names import tidy_names
from tunesmith.data.numbers import MARKERS, count_markers, decimal_of, find_style, is_number
from tunesmith.data.text_form import SEPARATORS, Form, find_form
from tunesmith.errors import InvalidArgument

N_ROWS_AT_ONCE = 5_000


def read_text_file(path: Path, form: Form, *, known: Known) -> FileTable:
    """Return the table of a text file.

    Args:
        path: The file; packed by gzip if it ends in .gz.
        form: How it is read.
        known: What is known of its columns.

    Raises:
        InvalidArgument: Encoding or separator are not clear, or not those of the file.
        ValueError: pandas cannot read it.

    """
    written = find_form(path, form)
    by_name = {name.strip(): name for name in written.names}
    exact = [by_name[name] for name in known.exact if name in by_name]
    texts = {by_name[name]: str for name in known.texts if name in by_name}

    def read(*, decimal: str = ".", **options: object) -> pd.DataFrame:
        form: dict[str, object] = {
            "encoding": written.encoding,
            "sep": written.separator,
            "decimal": decimal,
            "na_values": list(MARKERS),
            "dtype": texts,
        }
        table = _read_in_pieces(path, form | options)
        _check_fields(table)
        return table

    expected = decimal = form.decimal or known.decimal or "."
    table = read(decimal=decimal)
    raw = None
    told = table.drop(columns=[*texts, *exact], errors="ignore")
    if form.decimal is None and _may_differ(told, decimal, separator=written.separator):
        raw = read(decimal=decimal, dtype=str)
        decimal = decimal_of(values for _, values in raw[told.columns].items()) or decimal
        table = table if decimal == expected else read(decimal=decimal)
    if exact:
        table[exact] = read(dtype=str, usecols=exact, na_filter=False)[exact]
    is_whole = len(written.names) == table.shape[1]
    names, lines = tidy_names(written.names if is_whole else table.columns)
    _check_separator(names, form.separator)
    lines += [] if raw is None else _ambiguous(table, raw, names=names, decimal=decimal)
    said = f"{written}, decimal mark {decimal!r}"
    found = plain_table(
        table.set_axis(names, axis=1), said, lines=lines, decimal=decimal, known=known
    )
    gaps = [i for i, name in enumerate(names) if _may_be_marked(found, name)]
    if not gaps:
        return found
    as_written = read(decimal=decimal, dtype=str, na_values=[], usecols=gaps)
    counts = {names[i]: count_markers(as_written.iloc[:, k]) for k, i in enumerate(gaps)}
    return replace(found, notes=(*found.notes, *said_markers(counts)))


def _may_be_marked(found: FileTable, name: str) -> bool:
    values = found.frame[name]
    return is_text(values) and values.isna().any() and values.notna().any()


def _read_in_pieces(path: Path, options: dict[str, Any]) -> pd.DataFrame:
    """Read a text file so many rows at a time; whole, if a column's type hangs on where it is cut.

    All of its text at once would take several times the memory of its table.
    """
    options = {"low_memory": False, **options}
    with pd.read_csv(path, chunksize=N_ROWS_AT_ONCE, **options) as reader:
        first, *others = pieces = list(reader)
    if not others:
        return first
    if not isinstance(first.index, pd.RangeIndex) or not _agree(pieces):
        return pd.read_csv(path, **options)
    return pd.DataFrame(
        {
            # Each piece's is dropped once it is copied.
            name: pd.concat([piece.pop(name) for piece in pieces], ignore_index=True)
            for name in list(first.columns)
        },
        copy=False,
    )


def _agree(pieces: Sequence[pd.DataFrame]) -> bool:
    """Return whether each column has one type in all pieces, or is numbers in all."""
    kinds = ({piece[name].dtype for piece in pieces} for name in pieces[0])
    return all(len(kind) == 1 or kind <= {np.dtype("i8"), np.dtype("f8")} for kind in kinds)


def _check_separator(names: list[str], typed: str | None) -> None:
    """Raise InvalidArgument if the only name seems to hold several."""
    held = [mark for mark in SEPARATORS if mark in names[0]]
    if len(names) == 1 and held:
        example = None if typed is not None else held[0]
        expected = f"one that divides {names[0]!r} into columns"
        raise InvalidArgument("separator", expected, typed, example)


def _may_differ(table: pd.DataFrame, decimal: str, *, separator: str) -> bool:
    """Whether a look at the texts may tell of another decimal mark."""
    texts = (values for _, values in table.items() if not is_number(values))
    if decimal_of(texts) not in (None, decimal):
        return True
    floats = [values for _, values in table.items() if values.dtype == "float64"]
    return separator != "," and any(map(_has_three_decimals, floats))


def _has_three_decimals(values: pd.Series) -> bool:
    number = values.dropna()
    return len(number) > 0 and bool((number.abs() >= 1).all() and (number.round(3) == number).all())


def _ambiguous(
    table: pd.DataFrame, raw: pd.DataFrame, *, names: list[str], decimal: str
) -> list[str]:
    """Return a line for each column that pandas read as numbers, which could be others."""
    other = {".": ",", ",": "."}[decimal]
    lines = []
    for name, (_, values), (_, texts) in zip(names, table.items(), raw.items(), strict=True):
        style = find_style(texts, decimal=decimal) if is_number(values) else None
        if style is not None and style.is_ambiguous:
            lines.append(
                said_ambiguity(name, style, f"; 'data.decimal=\"{other}\"' reads it otherwise")
            )
    return lines


def _check_fields(table: pd.DataFrame) -> None:
    # pandas takes a first field without a name as the index, which shifts all names.
    if not isinstance(table.index, pd.RangeIndex):
        raise ValueError(
            f"its rows have more fields than its first line has names ({table.shape[1]})"
        )
