"""Rows to test with that lie in a file of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tunesmith.data.file import read_table
from tunesmith.data.file_table import Known
from tunesmith.data.numbers import is_number, missing_as_none
from tunesmith.data.target import Target, label_of
from tunesmith.data.text_form import Form
from tunesmith.errors import InvalidArgument


@dataclass(frozen=True)
class HeldOutRows:
    """The rows of a file to test with.

    Attributes:
        features: Raw rows, of the columns that count.
        values: The target, (n,): numbers, or indices of classes.

    """

    features: pd.DataFrame
    values: np.ndarray[Any, Any]


def read_held_out(
    path: Path, form: Form, target: Target, features: Sequence[str], *, known: Known
) -> HeldOutRows:
    """Return the rows that have a target.

    Args:
        path: The file.
        form: How it is read.
        target: The target of the file to learn from.
        features: The columns that count there.
        known: What is known of its columns by the file to learn from.

    Raises:
        InvalidArgument: A column is missing, or the target is another one.

    """
    try:
        table = read_table(path, form, known=known).frame
    except InvalidArgument as error:
        raise (error.called("test_path") if error.name == "path" else error) from None
    if missing := [name for name in (*features, target.name) if name not in table]:
        what = "the target" if missing == [target.name] else "columns"
        raise InvalidArgument(
            "test_path",
            "a file with the columns of data.path",
            str(path),
            detail=f"which has not {what} {', '.join(map(repr, missing))}",
            way_out="rows without a target are for `python -m tunesmith.predict`"
            if missing == [target.name]
            else "correct the file",
        )
    has_one, values = _values(table[target.name], target, path)
    return HeldOutRows(table.loc[has_one, list(features)].reset_index(drop=True), values)


def _values(
    column: pd.Series, target: Target, path: Path
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    if not target.labels:
        if not is_number(column):
            column = pd.to_numeric(column, errors="coerce")
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
        has_one = np.isfinite(numbers)
        _require_any(has_one, target, path)
        return has_one, numbers[has_one].astype(target.values.dtype)
    told = missing_as_none(column.astype(object))
    has_one = told.notna().to_numpy()
    _require_any(has_one, target, path)
    index = {label: number for number, label in enumerate(target.labels)}
    labels = list(map(label_of, told[has_one]))
    if unknown := sorted({str(label) for label in labels if label not in index}):
        raise InvalidArgument(
            "test_path",
            f"a file whose {target.name} is one of {', '.join(map(str, target.labels))}",
            str(path),
            detail=f"in which some are {', '.join(unknown[:5])}",
            way_out="correct the file",
        )
    return has_one, np.array([index[label] for label in labels], dtype=np.int64)


def _require_any(has_one: np.ndarray[Any, Any], target: Target, path: Path) -> None:
    if not has_one.any():
        raise InvalidArgument(
            "test_path",
            f"a file with values of {target.name}",
            str(path),
            detail="in which all are missing",
            way_out="rows without a target are for `python -m tunesmith.predict`",
        )
