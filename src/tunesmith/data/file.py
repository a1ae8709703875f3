"""Read a table from a text file, a Parquet file or a workbook."""

import zlib
from collections.abc import Callable
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from zipfile import BadZipFile

import pandas as pd

from tunesmith.data.file_table import FileTable, Known, plain_table
from tunesmith.data.names import tidy_names
from tunesmith.data.text_file import read_text_file
from tunesmith.data.text_form import Form, unknown_encoding
from tunesmith.data.workbook import SUFFIX as WORKBOOK
from tunesmith.data.workbook import read_sheet
from tunesmith.errors import InvalidArgument

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", WORKBOOK)
MIN_ROWS = 10
_NOTHING = Known()


def read_table(path: Path, form: Form, *, known: Known | None = None) -> FileTable:
    """Read a file as TableDataModule does: with its encoding, separator and decimal mark detected.

    Args:
        path: A .csv, .tsv (either also as .gz), .parquet or .xlsx file.
        form: How it is to be read; `Form()` detects everything.
        known: How a fitted model's rows were read, from `RawRows.known`; None for a new table.

    Returns:
        The table as `frame`, a DataFrame; how it was written as `form`, and `notes` on it.

    Raises:
        InvalidArgument: The file is missing, not what its suffix says, or has fewer than 10 rows
            (none, with `known`).

    Example:
        >>> read_table(Path("houses.csv"), Form(encoding="cp932")).frame.head()

    """
    if not path.is_file() or not path.name.lower().endswith(SUFFIXES):
        raise _no_table(path)
    readers = {".parquet": _read_parquet, WORKBOOK: _read_workbook}
    read = partial(readers.get(path.suffix.lower(), read_text_file), known=known or _NOTHING)
    table = _naming_mistakes(read, path, form)
    least = MIN_ROWS if known is None else 1
    if len(table.frame) < least:
        rows = f"which has {len(table.frame)}"
        wanted = f"at least {least} rows" if known is None else "rows"
        raise _unreadable(path, f"a table of {wanted}", detail=rows)
    return table


def closest(name: str, known: list[str]) -> str:
    """Return the known name that is most like `name` in any case, however little that is.

    >>> closest("Price", ["prize", "price", "P"])
    'price'

    """
    lowered = [one.lower() for one in known]
    return known[lowered.index(get_close_matches(name.lower(), lowered, n=1, cutoff=0.0)[0])]


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


def _read_parquet(path: Path, form: Form, *, known: Known) -> FileTable:
    return _typed_table(pd.read_parquet(path).reset_index(drop=True), "Parquet", form, known)


def _read_workbook(path: Path, form: Form, *, known: Known) -> FileTable:
    table, sheet = read_sheet(path, sheet=form.sheet)
    return _typed_table(table, f"sheet {sheet!r}", form, known)


def _typed_table(table: pd.DataFrame, told: str, form: Form, known: Known) -> FileTable:
    names, lines = tidy_names(table.columns)
    decimal = form.decimal or known.decimal
    return plain_table(
        table.set_axis(names, axis=1), told, lines=lines, decimal=decimal, known=known
    )


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
