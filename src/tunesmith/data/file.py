"""Read a table from a CSV or Parquet file, and refuse one that cannot be learned from."""

import re
import shlex
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

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
MIN_ROWS = 10
N_SHOWN = 10
# 2026-11-24, 2026/11/24 10:30, 2026-11, 24.11.2026, 11/24/26
DATE = r"\d{4}([-/.])\d{1,2}(\1\d{1,2}([T ].*)?)?|\d{1,2}([./])\d{1,2}\4(\d{4}|\d{2})([T ].*)?"
# What Hydra's grammar reads as text without quotes.
PLAIN = re.compile(r"(?!(?:true|false|null|nan|inf)$)[a-z_]\w*", re.IGNORECASE | re.ASCII)


def read_table(path: Path, *, encoding: str, separator: str | None, decimal: str) -> pd.DataFrame:
    """The file's table; its column names are texts, and so are categories.

    `separator` None is a comma, or a tab in a .tsv file. Raises ValueError, which names the
    argument at fault, for a file that is missing, too short or not what its suffix says.
    """
    if not path.is_file() or not path.name.lower().endswith(SUFFIXES):
        raise ValueError(_no_table(path))
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
        raise ValueError(
            f"encoding must be that of {path}, got {encoding!r}: {reason}; try encoding=latin-1"
        ) from error
    except pd.errors.EmptyDataError as error:
        raise ValueError(
            f"path must be a file with a line of names and rows, got {str(path)!r}, which is empty;"
            " try path=houses.csv"
        ) from error
    except (ValueError, OSError, EOFError, zlib.error) as error:
        reason = " ".join(str(error).split())
        raise ValueError(
            f"path must be a file that pandas can read, got {str(path)!r}: {reason}; correct the "
            "file or try path=houses.csv"
        ) from error
    if len(table) < MIN_ROWS:
        raise ValueError(
            f"path must be a table of at least {MIN_ROWS} rows, got {len(table)} in {str(path)!r}; "
            "try path=houses.csv"
        )
    return _with_plain_columns(table)


def check_target(table: pd.DataFrame, target: object) -> None:
    """Raise ValueError unless `target` names a column of finite numbers, with other columns."""
    columns = list(table.columns)
    if len(columns) == 1 and ";" in columns[0]:
        raise ValueError(
            f"separator must divide {columns[0]!r} into columns; try {override('separator', ';')}"
        )
    if target is None or str(target) not in columns:
        close = nearest(str(target), columns) if target is not None else columns
        raise ValueError(
            f"target must be one of the columns {_shown(columns)}, got {target!r}; "
            f"try {override('target', close[0] if target is not None else close[-1])}"
        )
    if len(columns) == 1:
        raise ValueError(
            f"target must have columns beside it to be predicted from, got {target!r} as the only "
            "column; try target=price in another file"
        )
    values = table[str(target)]
    if not is_number(values):
        numbers = [name for name in columns if is_number(table[name])] or ["price"]
        raise ValueError(
            f"target must be a column of numbers, got {target!r} with values like "
            f"{_first(values)}; try {override('target', numbers[-1])}"
        )
    _check_values(values)


def check_columns(features: pd.DataFrame, *, drop: Iterable[str]) -> None:
    """Raise ValueError, which names them all, for columns that nothing can be learned from."""
    reasons = {name: _uselessness(features[name]) for name in features.columns}
    found = {name: reason for name, reason in reasons.items() if reason}
    if found:
        named = ", ".join(f"{name!r} ({reason})" for name, reason in found.items())
        raise ValueError(
            f"drop must name the columns that nothing can be learned from: {named}; "
            f"try {override('drop', [*drop, *found])}"
        )
    if features.shape[1] == 0:
        raise ValueError("drop must leave a column beside the target; try drop=[]")


def is_number(values: pd.Series) -> bool:
    """Whether a column holds numbers; true and false are categories."""
    return bool(is_numeric_dtype(values.dtype) and not is_bool_dtype(values.dtype))


def nearest(name: str, known: list[str]) -> list[str]:
    """The known names, the one most like `name` first."""
    close = get_close_matches(name, known, n=1, cutoff=0.0)
    return [*close, *(other for other in known if other not in close)]


def override(key: str, value: str | list[str]) -> str:
    """KEY=VALUE in Hydra's grammar, in quotes for the shell where it needs them."""
    text = f"[{','.join(map(_literal, value))}]" if isinstance(value, list) else _literal(value)
    return shlex.quote(f"{key}={text}")


def _literal(text: str) -> str:
    if PLAIN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _no_table(path: Path) -> str:
    if path.is_dir():
        problem = "which is a folder"
    else:
        problem = "whose suffix is none of these" if path.exists() else "which does not exist"
    folder = path if path.is_dir() else path.parent
    there = [p.name for p in folder.iterdir()] if folder.is_dir() else []
    tables = sorted(name for name in there if name.lower().endswith(SUFFIXES))
    example = str(folder / nearest(path.name, tables)[0]) if tables else "houses.csv"
    return (
        f"path must be a file ending in {', '.join(SUFFIXES)}, got {str(path)!r}, {problem}; "
        f"try {shlex.quote(f'path={example}')}"
    )


def _check_fields(table: pd.DataFrame) -> None:
    # pandas takes a first field without a name as the index, which shifts all names.
    if not isinstance(table.index, pd.RangeIndex):
        raise ValueError(
            f"its rows have more fields than its first line has names ({table.shape[1]})"
        )


def _with_plain_columns(table: pd.DataFrame) -> pd.DataFrame:
    """The table with names that are texts and columns of NumPy's types."""
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
        raise ValueError(
            f"target must be a finite number in every row, got {len(bad)} missing or infinite "
            f"values in {values.name!r}, the first in row {bad[0] + 1}; take these rows out of the "
            "file"
        )
    if values.nunique() == 1:
        raise ValueError(
            f"target must vary, got {values.name!r}, which is {_first(values)} in every row; "
            "try target=price"
        )


def _uselessness(values: pd.Series) -> str | None:
    """Why nothing can be learned from a column, or None."""
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
