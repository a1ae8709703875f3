"""Say what kind of problem a target poses, find the rows that have one, and refuse the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tunesmith.data.file import MIN_ROWS, closest
from tunesmith.data.numbers import is_number, missing_as_none
from tunesmith.errors import InvalidArgument
from tunesmith.scores import Task
from tunesmith.validate import require_choice

AUTO = "auto"
N_SHOWN = 10
# So many different whole numbers are classes, unless told otherwise.
MAX_NUMBERED_CLASSES = 10
MAX_CLASSES = 100
# One to train on, one to validate with, one to test with.
MIN_ROWS_OF_CLASS = 3
_NO_HEADER = "its first line must hold the names of the columns, and it holds numbers"


@dataclass(frozen=True)
class Target:
    """The column to predict, of the rows that have a value there.

    Attributes:
        name: The column's name.
        task: What kind of problem it poses.
        has_one: For each row of the file whether it has a value.
        values: Numbers, or indices into `labels`.
        labels: The classes; of two the second one is the positive one. Empty for numbers.
        note: Why numbers or texts are read as classes, where nobody said so.

    """

    name: str
    task: Task
    has_one: np.ndarray[Any, Any]
    values: np.ndarray[Any, Any]
    labels: tuple[Any, ...] = ()
    note: str = ""


def read_target(
    table: pd.DataFrame, target: object, *, task: str, positive: object, strict: bool
) -> Target:
    """Return the column to predict.

    Args:
        table: The file's table.
        target: What was typed: the column.
        task: What was typed: auto, or a task.
        positive: What was typed: the class that counts as positive, of two.
        strict: Whether every row has to have a value.

    Raises:
        InvalidArgument: There is no such column beside others, or it cannot be predicted.

    """
    require_choice("task", task, (AUTO, *Task))
    _check_column(table, target)
    values = table[str(target)]
    _check_varies(table, values)
    kind = find_task(values) if task == AUTO else Task(task)
    if kind.is_of_classes:
        return _classes(table, values, kind, asked=task, positive=positive, strict=strict)
    if positive is not None:
        raise InvalidArgument(
            "positive", "null for a target of numbers", positive, None, way_out="leave it out"
        )
    return _numbers(table, values, strict=strict)


def find_task(values: pd.Series) -> Task:
    """Return what kind of problem a column poses: texts, truth values and few numbers are classes.

    >>> find_task(pd.Series(["yes", "no", "no"])).value
    'binary'
    >>> find_task(pd.Series([0.5, 1.5, 2.5])).value
    'regression'

    """
    present = values.dropna()
    if is_number(values):
        present = present[np.isfinite(present.astype(np.float64))]
    n_different = present.nunique()
    if n_different == 2:
        return Task.BINARY
    if not is_number(values):
        return Task.MULTICLASS
    is_few = n_different <= min(MAX_NUMBERED_CLASSES, len(present) / (2 * MIN_ROWS_OF_CLASS))
    is_whole = bool((present % 1 == 0).all())
    return Task.MULTICLASS if is_few and is_whole else Task.REGRESSION


def _is_number_text(name: object) -> bool:
    try:
        float(str(name))
    except ValueError:
        return False
    return True


def _check_column(table: pd.DataFrame, target: object) -> None:
    columns = list(table.columns)
    if target is None or str(target) not in columns:
        example = columns[-1] if target is None else closest(str(target), columns)
        expected = f"one of the columns {_shown(columns)}"
        way_out = _NO_HEADER if all(map(_is_number_text, columns)) else None
        raise InvalidArgument("target", expected, target, example, way_out=way_out)
    if len(columns) == 1:
        raise InvalidArgument(
            "target",
            "a column with others beside it to be predicted from",
            target,
            detail="the only column",
            way_out="take another file",
        )


def _check_varies(table: pd.DataFrame, values: pd.Series) -> None:
    if values.nunique() == 1:
        detail = f"which is {_first(values)} in every row"
        raise _unpredictable("a column that varies", table, values, detail=detail)


def _numbers(table: pd.DataFrame, values: pd.Series, *, strict: bool) -> Target:
    if _is_truth(values):
        values = values.astype(object).map({True: 1.0, False: 0.0})
    if not is_number(values):
        detail = f"with values like {_first(values)}"
        raise _unpredictable("a column of numbers", table, values, detail=detail)
    # float32: what the target is held in.
    with np.errstate(over="ignore"):
        numbers = values.to_numpy(dtype=np.float32, na_value=np.nan)
    has_one = np.isfinite(numbers)
    _check_rows(values, has_one, what="a finite number", strict=strict)
    _check_varies(table, values[has_one])
    return Target(str(values.name), Task.REGRESSION, has_one, numbers[has_one])


def _classes(
    table: pd.DataFrame,
    values: pd.Series,
    task: Task,
    *,
    asked: str,
    positive: object,
    strict: bool,
) -> Target:
    if is_number(values):
        values = values.where(np.isfinite(values.astype(np.float64)))
    told = missing_as_none(values.astype(object))
    has_one = told.notna().to_numpy()
    _check_rows(values, has_one, what="a class", strict=strict)
    present = pd.Series(list(map(label_of, told[has_one])), name=values.name, dtype=object)
    labels = sorted(present.unique(), key=lambda label: (isinstance(label, str), label))
    _check_classes(table, present, labels, task=task)
    if len(labels) == 2:
        task = Task.BINARY
    if positive is not None:
        labels = _positive_last(labels, positive, task=task)
    index = {label: number for number, label in enumerate(labels)}
    return Target(
        str(values.name),
        task,
        has_one,
        present.map(index).to_numpy(dtype=np.int64),
        tuple(labels),
        _reason(values, labels) if asked == AUTO else "",
    )


def label_of(value: Any) -> Any:
    """Return a class as people write it: 1.0 is 1, and blanks around a text are none of it."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | float | np.number):
        return int(value) if float(value).is_integer() else float(value)
    return str(value)


def _check_classes(
    table: pd.DataFrame, present: pd.Series, labels: Sequence[Any], *, task: Task
) -> None:
    if len(labels) == 1:
        detail = f"which is {labels[0]!r} in every row"
        raise _unpredictable("a column that varies", table, present, detail=detail)
    if len(labels) > min(MAX_CLASSES, len(present) / 2):
        detail = f"with {len(labels)} different values like {labels[0]!r}"
        expected = f"a column of numbers or of at most {MAX_CLASSES} classes"
        raise _unpredictable(expected, table, present, detail=detail)
    if task is Task.BINARY and len(labels) != 2:
        raise InvalidArgument(
            "task",
            f"one that fits the {len(labels)} classes of {present.name!r}",
            task.value,
            Task.MULTICLASS.value,
        )
    counts = present.value_counts()
    if counts.min() < MIN_ROWS_OF_CLASS:
        rare = counts[counts < MIN_ROWS_OF_CLASS].index
        raise InvalidArgument(
            "target",
            f"a column whose classes have {MIN_ROWS_OF_CLASS} rows each",
            present.name,
            detail=f"which is {', '.join(map(repr, rare[:N_SHOWN]))} in fewer",
            way_out="take these rows out of the file, or give them another class",
        )


def _positive_last(labels: list[Any], positive: object, *, task: Task) -> list[Any]:
    if task is not Task.BINARY:
        raise InvalidArgument(
            "positive",
            f"null for {len(labels)} classes",
            positive,
            way_out="leave it out, or take a target of two classes",
        )
    found = [label for label in labels if str(label) == str(positive)]
    if not found:
        raise InvalidArgument(
            "positive", f"one of the classes {', '.join(map(str, labels))}", positive, labels[1]
        )
    return [*(label for label in labels if label != found[0]), found[0]]


def _reason(values: pd.Series, labels: Sequence[Any]) -> str:
    if not is_number(values):
        return ""
    # Texts cannot be read otherwise.
    return (
        f"{values.name!r} is read as {len(labels)} classes, since it has only {len(labels)} "
        "different numbers; data.task=regression reads it as a number"
    )


def _check_rows(
    values: pd.Series, has_one: np.ndarray[Any, Any], *, what: str, strict: bool
) -> None:
    if has_one.all() or (not strict and has_one.sum() >= MIN_ROWS):
        return
    bad = np.flatnonzero(~has_one)
    raise InvalidArgument(
        "target",
        f"{what} in every row" if strict else f"{what} in {MIN_ROWS} rows",
        values.name,
        detail=f"with {len(bad)} missing or infinite values, the first in row {bad[0] + 1}",
        way_out="take these rows out of the file" if strict else "take another target",
    )


def _unpredictable(
    expected: str, table: pd.DataFrame, values: pd.Series, *, detail: str
) -> InvalidArgument:
    name = values.name
    others = [other for other in table if other != name and _varies(table[other])]
    if others:
        return InvalidArgument("target", expected, name, others[-1], detail=detail)
    detail = f"{detail}, and no other column is one"
    return InvalidArgument("target", expected, name, detail=detail, way_out="take another file")


def _is_truth(values: pd.Series) -> bool:
    """Return whether all that is present is true or false; with gaps there is no type for it."""
    return all(isinstance(value, bool | np.bool_) for value in values.dropna().unique())


def _varies(values: pd.Series) -> bool:
    return is_number(values) and values.nunique() > 1


def _first(values: pd.Series) -> str:
    present = values.dropna().tolist()
    return repr(present[0]) if present else "none at all"


def _shown(names: list[str]) -> str:
    return ", ".join(names[:N_SHOWN]) + (", ..." if len(names) > N_SHOWN else "")
