"""Read a table from a text file, a Parquet file or a workbook."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_extension_array_dtype, is_object_dtype

from tunesmith.data.names import tidy_names
from tunesmith.data.numbers import (
    MARKERS,
    Style,
    count_markers,
    decimal_of,
    find_style,
    is_number,
    missing_as_none,
    read_numbers,
)
from tunesmith.data.text_form import SEPARATORS, Form, find_form, unknown_encoding
from tunesmith.data.workbook import SUFFIX as WORKBOOK
from tunesmith.data.workbook import read_sheet
from tunesmith.errors import InvalidArgument

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", WORKBOOK)
MIN_ROWS = 10
N_ROWS_AT_ONCE = 10_000
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


def read_table(path: Path, form: Form, *, min_rows: int = MIN_ROWS) -> FileTable:
    """Return the file's table.

    Args:
        path: A .csv, .tsv (either also as .gz), .parquet or .xlsx file.
        form: How it is read.
        min_rows: How many rows it has to have.

    Raises:
        InvalidArgument: The file is missing, too short, or not what its suffix says.

    """
    if not path.is_file() or not path.name.lower().endswith(SUFFIXES):
        raise _no_table(path)
    readers = {".parquet": _read_parquet, WORKBOOK: _read_workbook}
    table = _naming_mistakes(readers.get(path.suffix.lower(), _read_text), path, form)
    if len(table.frame) < min_rows:
        rows = f"which has {len(table.frame)}"
        raise _unreadable(path, f"a table of at least {min_rows} rows", detail=rows)
    return table


def closest(name: str, known: list[str]) -> str:
    """Return the known name that is most like `name`, however little that is."""
    return get_close_matches(name, known, n=1, cutoff=0.0)[0]


def _naming_mistakes(read: Callable[[Path, Form], FileTable], path: Path, form: Form) -> FileTable:
    try:
        return read(path, form)
    except InvalidArgument:
        raise
    except (UnicodeError, LookupError) as error:
        raise unknown_encoding(path, form.encoding, error) from error
    except pd.errors.EmptyDataError as error:
        raise _unreadable(
            path, "a file with a line of names and rows", detail="which is empty"
        ) from error
    except (ValueError, OSError, EOFError, zlib.error, BadZipFile) as error:
        reason = " ".join(str(error).split())
        raise InvalidArgument(
            "path",
            "a file that pandas can read",
            str(path),
            detail=reason,
            way_out="correct the file",
        ) from error


def _read_text(path: Path, form: Form) -> FileTable:
    written = find_form(path, form)

    def read(*, decimal: str, **options: object) -> pd.DataFrame:
        form: dict[str, object] = {
            "encoding": written.encoding,
            "sep": written.separator,
            "decimal": decimal,
            "na_values": list(MARKERS),
        }
        table = _read_in_pieces(path, form | options)
        _check_fields(table)
        return table

    decimal = form.decimal or "."
    table = read(decimal=decimal)
    raw = None
    if form.decimal is None and _may_differ(table, separator=written.separator):
        raw = read(decimal=decimal, dtype=str)
        decimal = decimal_of(values for _, values in raw.items()) or decimal
        table = table if decimal == "." else read(decimal=decimal)
    is_whole = len(written.names) == table.shape[1]
    names, lines = tidy_names(written.names if is_whole else table.columns)
    _check_separator(names, form.separator)
    lines += [] if raw is None else _ambiguous(table, raw, names=names, decimal=decimal)
    told = f"{written}, decimal mark {decimal!r}"
    found = _plain_table(table.set_axis(names, axis=1), told, lines=lines, decimal=decimal)
    gaps = [i for i, name in enumerate(names) if _may_be_marked(found, name)]
    if not gaps:
        return found
    as_written = read(decimal=decimal, dtype=str, na_values=[], usecols=gaps)
    line = _marked(as_written.set_axis([names[i] for i in gaps], axis=1))
    return replace(found, notes=(*found.notes, *line))


def _may_be_marked(found: FileTable, name: str) -> bool:
    values = found.frame[name]
    return _is_text(values) and values.isna().any() and values.notna().any()


def _marked(as_written: pd.DataFrame) -> list[str]:
    """Return a line for the markers that count as missing beside texts, if there are any."""
    counts = {name: count_markers(values) for name, values in as_written.items()}
    told = [
        f"{marker!r} in {n} row{'s' if n > 1 else ''} of {name!r}"
        for name, markers in counts.items()
        for marker, n in markers.items()
    ]
    if not told:
        return []
    more = f" and {len(told) - N_MARKED} more" if len(told) > N_MARKED else ""
    return [f"taken for missing values: {', '.join(told[:N_MARKED])}{more}"]


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


def _may_differ(table: pd.DataFrame, *, separator: str) -> bool:
    """Whether a look at the texts may tell of a decimal comma."""
    texts = (values for _, values in table.items() if not is_number(values))
    if decimal_of(texts) == ",":
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
                _ambiguity(name, style, f"; 'data.decimal=\"{other}\"' reads it otherwise")
            )
    return lines


def _ambiguity(name: str, style: Style, more: str = "") -> str:
    [number] = read_numbers(pd.Series([style.example]), style)
    return (
        f"{name!r} is written like {style.example}, read as {number:g} since the decimal mark is "
        f"{style.decimal!r}{more}"
    )


def _read_parquet(path: Path, form: Form) -> FileTable:
    table = pd.read_parquet(path).reset_index(drop=True)
    names, lines = tidy_names(table.columns)
    return _plain_table(table.set_axis(names, axis=1), "Parquet", lines=lines, decimal=form.decimal)


def _read_workbook(path: Path, form: Form) -> FileTable:
    table, sheet = read_sheet(path, sheet=form.sheet)
    names, lines = tidy_names(table.columns)
    told = f"sheet {sheet!r}"
    return _plain_table(table.set_axis(names, axis=1), told, lines=lines, decimal=form.decimal)


def _plain_table(
    table: pd.DataFrame, form: str, *, lines: list[str], decimal: str | None
) -> FileTable:
    """Return the table with columns of NumPy's types, and numbers where texts are some."""
    styles = {}
    for name, values in table.items():
        plain = _plain(values)
        style = find_style(plain, decimal=decimal) if _is_text(plain) else None
        if style is not None:
            styles[str(name)] = style
            plain = read_numbers(plain, style)
        # A large table is not copied for what it is anyway.
        if plain is not values:
            table[name] = plain
    lines = [*lines, *(_ambiguity(name, s) for name, s in styles.items() if s.is_ambiguous)]
    lines += _marked(table[[name for name, values in table.items() if _is_text(values)]])
    return FileTable(table, form, decimal, styles=styles, notes=tuple(lines))


def _is_text(values: pd.Series) -> bool:
    return bool(is_object_dtype(values.dtype) or isinstance(values.dtype, pd.StringDtype))


def _plain(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.astype(object).map(str, na_action="ignore")
    if is_extension_array_dtype(values.dtype) and is_number(values):
        return values.astype("float64")
    if is_extension_array_dtype(values.dtype) and is_bool_dtype(values.dtype):
        return values.astype(object)
    return missing_as_none(values) if _is_text(values) else values


def _unreadable(path: Path, expected: str, *, detail: str) -> InvalidArgument:
    return InvalidArgument("path", expected, str(path), "houses.csv", detail=detail)


def _no_table(path: Path) -> InvalidArgument:
    if path.is_dir():
        problem = "which is a folder"
    else:
        problem = "whose suffix is none of these" if path.exists() else "which does not exist"
    folder = path if path.is_dir() else path.parent
    there = [p.name for p in folder.iterdir()] if folder.is_dir() else []
    tables = sorted(name for name in there if name.lower().endswith(SUFFIXES))
    example = str(folder / closest(path.name, tables)) if tables else "houses.csv"
    return InvalidArgument(
        "path", f"a file ending in {', '.join(SUFFIXES)}", str(path), example, detail=problem
    )


def _check_fields(table: pd.DataFrame) -> None:
    # pandas takes a first field without a name as the index, which shifts all names.
    if not isinstance(table.index, pd.RangeIndex):
        raise ValueError(
            f"its rows have more fields than its first line has names ({table.shape[1]})"
        )
