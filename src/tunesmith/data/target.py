"""Refuse a target that cannot be predicted, and find the rows that have one."""

from typing import Any

import numpy as np
import pandas as pd

from tunesmith.data.file import MIN_ROWS, closest
from tunesmith.data.numbers import is_number
from tunesmith.errors import InvalidArgument

N_SHOWN = 10


def check_target(table: pd.DataFrame, target: object, *, strict: bool) -> None:
    """Raise InvalidArgument unless `target` names a column of numbers beside others.

    Args:
        table: The file's table.
        target: What was typed.
        strict: Whether it has to be a finite number in every row.

    """
    columns = list(table.columns)
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
    others = [name for name in columns if name != target and _varies(table[name])]
    if not is_number(values):
        detail = f"with values like {_first(values)}"
        raise _unpredictable("a column of numbers", target, others, detail=detail)
    has_one = has_target(values)
    if not has_one.all() and (strict or has_one.sum() < MIN_ROWS):
        bad = np.flatnonzero(~has_one)
        raise InvalidArgument(
            "target",
            "a finite number in every row" if strict else f"a finite number in {MIN_ROWS} rows",
            values.name,
            detail=f"with {len(bad)} missing or infinite values, the first in row {bad[0] + 1}",
            way_out="take these rows out of the file" if strict else "take another target",
        )
    if values[has_one].nunique() == 1:
        detail = f"which is {_first(values[has_one])} in every row"
        raise _unpredictable("a column that varies", values.name, others, detail=detail)


def has_target(values: pd.Series) -> np.ndarray[Any, Any]:
    """Return for each row whether its target is a finite number."""
    # float32: what the target is held in.
    with np.errstate(over="ignore"):
        finite: np.ndarray[Any, Any] = np.isfinite(
            values.to_numpy(dtype=np.float32, na_value=np.nan)
        )
    return finite


def _unpredictable(
    expected: str, target: object, others: list[str], *, detail: str
) -> InvalidArgument:
    if others:
        return InvalidArgument("target", expected, target, others[-1], detail=detail)
    detail = f"{detail}, and no other column is one"
    return InvalidArgument("target", expected, target, detail=detail, way_out="take another file")


def _varies(values: pd.Series) -> bool:
    return is_number(values) and values.nunique() > 1


def _first(values: pd.Series) -> str:
    present = values.dropna().tolist()
    return repr(present[0]) if present else "none at all"


def _shown(names: list[str]) -> str:
    return ", ".join(names[:N_SHOWN]) + (", ..." if len(names) > N_SHOWN else "")
