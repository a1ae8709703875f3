"""Read a table from a CSV or Parquet file, and refuse one that cannot be learned from."""

import zlib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import (
    is_bool_dtype,
    is_datetime64_any_dtype,
    is_extension_array_dtype,
    is_numeric_dtype,
    is_timedelta64_dtype,
)

from tunesmith.errors import InvalidArgument

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
MIN_ROWS = 10
N_SHOWN = 10
# 2026-11-24, 2026/11/24 10:30, 2026-11, 24.11.2026, 11/24/26
DATE = r"\d{4}([-/.])\d{1,2}(\1\d{1,2}([T ].*)?)?|\d{1,2}([./])\d{1,2}\4(\d{4}|\d{2})([T ].*)?"


def read_table(path: Path, *, encoding: str, separator: str | None, decimal: str) -> pd.DataFrame:
    """Return the file's table; its column names are texts, and so are categories.

    Args:
        path: A .csv, .tsv (either also as .gz) or .parquet file.
        encoding: How its text is encoded.
        separator: What separates its fields; None is a comma, or a tab in a .tsv file.
        decimal: The decimal mark of its numbers.

    Raises:
        InvalidArgument: The file is missing, too short, or not what its suffix says.

    """
    if not path.is_file() or not path.name.lower().endswith(SUFFIXES):
        raise _no_table(path)
    if separator is None:
        separator = "\t" if ".tsv" in path.name.lower() else ","
    try:
        if path.suffix.lower() == ".parquet":
            table = pd.read_parquet(path).reset_index(drop=True)
        else:
            # low_memory=False: else a column's type depends on where its odd values lie.
            table = pd.read_csv(
                path, encoding=encoding, sep=separator, decimal=decimal, low_memory=False
            )
            _check_fields(table)
    except (UnicodeError, LookupError) as error:
        reason = " ".join(str(error).split())
        raise InvalidArgument(
            "encoding", f"that of {path}", encoding, "latin-1", detail=reason
        ) from error
    except pd.errors.EmptyDataError as error:
        raise _unreadable(
            path, "a file with a line of names and rows", detail="which is empty"
        ) from error
    except (ValueError, OSError, EOFError, zlib.error) as error:
        reason = " ".join(str(error).split())
        raise InvalidArgument(
            "path",
            "a file that pandas can read",
            str(path),
            detail=reason,
            way_out="correct the file",
        ) from error
    if len(table) < MIN_ROWS:
        rows = f"which has {len(table)}"
        raise _unreadable(path, f"a table of at least {MIN_ROWS} rows", detail=rows)
    return _with_plain_columns(table)


def check_target(table: pd.DataFrame, target: object) -> None:
    """Raise InvalidArgument unless `target` names a column of finite numbers beside others."""
    columns = list(table.columns)
    if len(columns) == 1 and ";" in columns[0]:
        raise InvalidArgument(
            "separator", f"one that divides {columns[0]!r} into columns", ",", ";"
        )
    if target is None or str(target) not in columns:
        example = columns[-1] if target is None else closest(str(target), columns)
        raise InvalidArgument("target", f"one of the columns {_shown(columns)}", target, example)
    if len(columns) == 1:
        raise InvalidArgument(
            "target",
            "a column with others beside it to be predicted from",
            target,
            detail="the only column",
            way_out="take another file",
        )
    values = table[str(target)]
    if not is_number(values):
        numbers = [name for name in columns if is_number(table[name])] or ["price"]
        raise InvalidArgument(
            "target",
            "a column of numbers",
            target,
            numbers[-1],
            detail=f"with values like {_first(values)}",
        )
    _check_values(values)


def check_columns(features: pd.DataFrame, *, drop: Iterable[str]) -> None:
    """Raise InvalidArgument, which names them all, for columns that teach nothing."""
    reasons = {name: _uselessness(features[name]) for name in features.columns}
    found = {name: reason for name, reason in reasons.items() if reason}
    if found:
        named = ", ".join(f"{name!r} ({reason})" for name, reason in found.items())
        raise InvalidArgument(
            "drop",
            f"a list with the columns that nothing can be learned from: {named}",
            list(drop),
            [*drop, *found],
        )
    if features.shape[1] == 0:
        raise InvalidArgument(
            "drop", "a list that leaves a column beside the target", list(drop), []
        )


def is_number(values: pd.Series) -> bool:
    """Return True if a column holds numbers; true and false are categories."""
    return bool(is_numeric_dtype(values.dtype) and not is_bool_dtype(values.dtype))


def closest(name: str, known: list[str]) -> str:
    """Return the known name that is most like `name`, however little that is."""
    return get_close_matches(name, known, n=1, cutoff=0.0)[0]


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


def _with_plain_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with names that are texts and columns of NumPy's types."""
    columns = {str(name): _plain(values) for name, values in table.items()}
    return pd.DataFrame(columns)


def _plain(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.astype(object).map(str, na_action="ignore")
    if is_extension_array_dtype(values.dtype) and is_number(values):
        return values.astype("float64")
    if is_extension_array_dtype(values.dtype) and is_bool_dtype(values.dtype):
        return values.astype(object)
    return values


def _check_values(values: pd.Series) -> None:
    # float32: what the target is held in.
    with np.errstate(over="ignore"):
        finite = np.isfinite(values.to_numpy(dtype=np.float32, na_value=np.nan))
    if not finite.all():
        bad = np.flatnonzero(~finite)
        raise InvalidArgument(
            "target",
            "a finite number in every row",
            values.name,
            detail=f"with {len(bad)} missing or infinite values, the first in row {bad[0] + 1}",
            way_out="take these rows out of the file",
        )
    if values.nunique() == 1:
        detail = f"which is {_first(values)} in every row"
        raise InvalidArgument("target", "a column that varies", values.name, "price", detail=detail)


def _uselessness(values: pd.Series) -> str | None:
    """Return why nothing can be learned from a column, or None."""
    present = values.dropna()
    if present.empty:
        return "all missing"
    if is_number(values):
        if np.isinf(present.to_numpy(dtype=np.float64)).any():
            return "has infinite values"
        return "constant" if values.nunique(dropna=False) == 1 else None
    texts = present.map(str)
    n_different = texts.nunique()
    if n_different == 1 and len(present) == len(values):
        return "constant"
    if is_datetime64_any_dtype(values.dtype) or is_timedelta64_dtype(values.dtype):
        return "dates or times"
    if texts.str.fullmatch(DATE).all():
        return "dates"
    return "texts, all different" if n_different == len(texts) else None


def _first(values: pd.Series) -> str:
    present = values.dropna().tolist()
    return repr(present[0]) if present else "none at all"


def _shown(names: list[str]) -> str:
    return ", ".join(names[:N_SHOWN]) + (", ..." if len(names) > N_SHOWN else "")
