"""What the rows of a table are kept together by, or ordered by, in a split."""

from typing import Any

import numpy as np
import pandas as pd

from tunesmith.data.dates import find_date_formats, read_dates
from tunesmith.data.file import closest
from tunesmith.data.numbers import is_number
from tunesmith.data.split_plan import GROUP, TIME
from tunesmith.errors import InvalidArgument

_EXAMPLES = {GROUP: "patient", TIME: "date"}


def find_kind(split: str | None, group: str | None, time: str | None) -> str | None:
    """Return the kind of split that was typed; a column of groups, or of times, says it too.

    Raises:
        InvalidArgument: What was typed does not go together.

    """
    given = {kind: name for kind, name in ((GROUP, group), (TIME, time)) if name is not None}
    if len(given) == 2:
        raise InvalidArgument("time", "null beside data.group", time, None)
    [kind] = given or [split]
    if split not in (None, kind):
        raise InvalidArgument("split", f"{kind} where there is a column for it", split, kind)
    if kind in _EXAMPLES and kind not in given:
        raise InvalidArgument(kind, f"a column with split={kind}", None, _EXAMPLES[kind])
    return kind


def read_keys(
    table: pd.DataFrame, name: str | None, *, kind: str | None, target: str
) -> np.ndarray[Any, Any] | None:
    """Return the group of each row, or its time, (n,); None for other splits.

    Groups are numbered, times are numbers or dates.

    Args:
        table: The rows.
        name: The column.
        kind: The kind of split.
        target: The column to predict.

    Raises:
        InvalidArgument: There is no such column, or it tells no group or time of some rows.

    """
    if kind not in (GROUP, TIME) or name is None:
        return None
    others = [str(other) for other in table.columns if other != target]
    if name not in others:
        raise InvalidArgument(kind, "a column beside the target", name, closest(name, others))
    values = table[name]
    keys = pd.Series(pd.factorize(values)[0]) if kind == GROUP else _times(values)
    known = values.notna() if kind == GROUP else keys.notna()
    if not known.all():
        missing = np.flatnonzero(~known)
        raise InvalidArgument(
            kind,
            f"a column with a {kind} in every row",
            name,
            detail=f"with {len(missing)} missing, the first in row {missing[0] + 1}",
            way_out="take these rows out of the file, or take another column",
        )
    if keys.nunique() == 1:
        raise InvalidArgument(
            kind,
            "a column that varies",
            name,
            detail=f"which is {values.iloc[0]!r} in every row",
            way_out="take another column, or data.split=random",
        )
    read: np.ndarray[Any, Any] = keys.to_numpy()
    return read


def _times(values: pd.Series) -> pd.Series:
    if is_number(values):
        return values.astype(np.float64)
    formats = find_date_formats(values)
    if len(formats) != 1:
        reason = (
            "whose day and month cannot be told apart"
            if formats
            else f"which holds values like {next(iter(values.dropna()), None)!r}"
        )
        raise InvalidArgument(
            TIME,
            "a column of numbers or of dates, all written in one way",
            str(values.name),
            detail=reason,
            way_out="write them as 2026-01-31, or take another column",
        )
    return read_dates(values, formats[0])
