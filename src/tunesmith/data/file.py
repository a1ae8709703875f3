"""Read a table from a text file, a Parquet file or a workbook."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from zipfile import BadZipFile

import pandas as pd
from pandas.api.types import is_bool_dtype, is_extension_array_dtype, is_object_dtype

from tunesmith.data.names import tidy_names
from tunesmith.data.numbers import (
    MARKERS,
    Style,
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


_NOTHING = Known()


def read_table(path: Path, form: Form, *, known: Known | None = None) -> FileTable:
    """Return the file's table.

    Args:
        path: A .csv, .tsv (either also as .gz), .parquet or .xlsx file.
        form: How it is read.
        known: What is known of its columns; one row is enough then.

    Raises:
        InvalidArgument: The file is missing, too short, or not what its suffix says.

    """
    if not path.is_file() or not path.name.lower().endswith(SUFFIXES):
        raise _no_table(path)
    readers = {".parquet": _read_parquet, WORKBOOK: _read_workbook}
    read = partial(readers.get(path.suffix.lower(), _read_text), known=known or _NOTHING)
    table = _naming_mistakes(read, path, form)
    least = MIN_ROWS if known is None else 1
    if len(table.frame) < least:
        rows = f"which has {len(table.frame)}"
        wanted = f"at least {least} rows" if known is None else "rows"
        raise _unreadable(path, f"a table of {wanted}", detail=rows)
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


def _read_text(path: Path, form: Form, *, known: Known) -> FileTable:
    written = find_form(path, form)
    by_name = {name.strip(): name for name in written.names}
    exact = [by_name[name] for name in known.exact if name in by_name]
    texts = {by_name[name]: str for name in known.texts if name in by_name}

    def read(*, decimal: str = ".", dtype: object = texts, **options: object) -> pd.DataFrame:
        # low_memory=False: else a column's type depends on where its odd values lie.
        table = pd.read_csv(
            path,
            encoding=written.encoding,
            sep=written.separator,
            decimal=decimal,
            na_values=list(MARKERS),
            low_memory=False,
            dtype=dtype,
            **options,
        )
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
    form_told = f"{written}, decimal mark {decimal!r}"
    return _plain_table(
        table.set_axis(names, axis=1), form_told, lines=lines, decimal=decimal, known=known
    )


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
                _ambiguity(name, style, f"; 'data.decimal=\"{other}\"' reads it otherwise")
            )
    return lines


def _ambiguity(name: str, style: Style, more: str = "") -> str:
    [number] = read_numbers(pd.Series([style.example]), style)
    return (
        f"{name!r} is written like {style.example}, read as {number:g} since the decimal mark is "
        f"{style.decimal!r}{more}"
    )


def _read_parquet(path: Path, form: Form, *, known: Known) -> FileTable:
    return _typed_table(pd.read_parquet(path).reset_index(drop=True), "Parquet", form, known)


def _read_workbook(path: Path, form: Form, *, known: Known) -> FileTable:
    table, sheet = read_sheet(path, sheet=form.sheet)
    return _typed_table(table, f"sheet {sheet!r}", form, known)


def _typed_table(table: pd.DataFrame, told: str, form: Form, known: Known) -> FileTable:
    names, lines = tidy_names(table.columns)
    decimal = form.decimal or known.decimal
    return _plain_table(
        table.set_axis(names, axis=1), told, lines=lines, decimal=decimal, known=known
    )


def _plain_table(
    table: pd.DataFrame, form: str, *, lines: list[str], decimal: str | None, known: Known
) -> FileTable:
    """Return the table with columns of NumPy's types, and numbers where texts are some."""
    columns = {
        name: values if name in known.exact else _plain(values) for name, values in table.items()
    }
    styles = {
        name: style
        for name, values in columns.items()
        if _is_text(values)
        and name not in known.untouched
        and (style := find_style(values, decimal=decimal)) is not None
    }
    for name, style in styles.items():
        columns[name] = read_numbers(columns[name], style)
    lines = [*lines, *(_ambiguity(name, s) for name, s in styles.items() if s.is_ambiguous)]
    return FileTable(pd.DataFrame(columns), form, decimal, styles=styles, notes=tuple(lines))


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
