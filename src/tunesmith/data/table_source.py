"""Read a table for one target: which columns are features, and how the rows may be split."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tunesmith.data.columns import (
    CATEGORY,
    DATE,
    LEFT_OUT,
    Column,
    check_columns,
    check_some,
    read_columns,
)
from tunesmith.data.columns import sentinels as find_sentinels
from tunesmith.data.file import read_table
from tunesmith.data.file_table import Known, hold_as_codes
from tunesmith.data.held_out_file import HeldOutRows, read_held_out
from tunesmith.data.leaks import find_leaks
from tunesmith.data.numbers import Style
from tunesmith.data.split_keys import read_keys
from tunesmith.data.split_plan import GROUP, TIME
from tunesmith.data.target import Target, read_target
from tunesmith.data.text_form import Form
from tunesmith.data.typed_form import check_form, named_file
from tunesmith.errors import InvalidArgument


@dataclass(frozen=True)
class Source:
    """What was typed of a file and its target; equal ones read the same.

    Attributes:
        file: The file, and what told it apart when it was looked at.
        test_file: The same of the file with the rows to test with, if there is one.
        target: The column to predict.
        drop: Columns that are no features.
        form: How the file is read.
        strict: Whether rows without a target and useless columns are refused.
        task: auto, or a task.
        positive: The class that counts as positive, of two.
        split: random, stratified, group, time or None.
        key: The column of the groups, or of the times.

    """

    file: "Stamped"
    test_file: "Stamped | None"
    target: str | None
    drop: tuple[str, ...]
    form: Form
    strict: bool
    task: str
    positive: str | None
    split: str | None
    key: str | None


@dataclass(frozen=True)
class Stamped:
    """A file together with what tells apart what its path meant at different times."""

    path: Path
    stamp: object

    @classmethod
    def of(cls, path: Path) -> "Stamped":
        """Look at the file."""
        if not path.exists():
            return cls(path, None)
        stat = path.stat()
        return cls(path, (path.absolute(), stat.st_mtime_ns, stat.st_size))


@dataclass(frozen=True)
class ReadTable:
    """A table that was read for one target; its rows are those that have one.

    Attributes:
        form: How the file is written, in words.
        decimal: Its decimal mark, where it holds texts.
        styles: How numbers were written in the columns that held them as text.
        target: The target.
        features: The raw rows of the columns that count, with categories as codes; `as_read`
            returns what the file holds.
        columns: What each column is read as.
        keys: What rows are kept together by, or ordered by, (n,), if a split needs it.
        test: The rows of the file to test with, if there is one.
        notes: What else a reader should know, a line each.

    """

    form: str
    decimal: str | None
    styles: dict[str, Style]
    target: Target
    features: pd.DataFrame
    columns: Sequence[Column]
    keys: np.ndarray[Any, Any] | None
    test: HeldOutRows | None
    notes: Sequence[str]


def typed_source(
    path: object,
    test_path: object,
    *,
    target: object,
    drop: Iterable[object],
    form: Form,
    strict: bool,
    task: str,
    positive: object,
    split: str | None,
    key: object,
) -> Source:
    """Return the source that was typed, of which nothing is read yet.

    Raises:
        InvalidArgument: A file is none, both are the same, or none can have the form.

    """
    file, test_file = named_file("path", path, example="houses.csv"), None
    if test_path is not None:
        test_file = named_file("test_path", test_path, example="test.csv")
        if test_file.resolve() == file.resolve():
            raise InvalidArgument("test_path", "another file than path", test_path, "test.csv")
    check_form(form, [file, *filter(None, [test_file])])
    return Source(
        file=Stamped.of(file),
        test_file=None if test_file is None else Stamped.of(test_file),
        target=_named(target),
        drop=tuple(map(str, drop)),
        form=form,
        strict=strict,
        task=task,
        positive=_named(positive),
        split=split,
        key=_named(key),
    )


def _named(value: object) -> str | None:
    # Hydra reads the name 2024 as a number.
    return None if value is None else str(value)


@lru_cache(maxsize=2)
def read_source(source: Source) -> ReadTable:
    """Return the table.

    Raises:
        InvalidArgument: The file cannot be learned from; the message names the argument.

    """
    read = read_table(source.file.path, source.form)
    target = read_target(
        read.frame,
        source.target,
        task=source.task,
        positive=source.positive,
        strict=source.strict,
    )
    table = read.frame
    if not target.has_one.all():
        table = table[target.has_one].reset_index(drop=True)
    keys = read_keys(table, source.key, kind=source.split, target=target.name)
    columns = _columns(table, source, target, styles=read.styles)
    names = [column.name for column in columns if column.kind != LEFT_OUT]
    leaks = find_leaks(table, columns) if source.split not in (GROUP, TIME) else []
    sentinels = find_sentinels(table, names + [target.name] * (not target.labels))
    # Column by column: a selection of many would copy them.
    for name in table.columns.difference(names):
        del table[name]
    texts = [c.name for c in columns if c.kind == CATEGORY and table[c.name].dtype != bool]
    hold_as_codes(table, [*texts, *(column.name for column in columns if column.kind == DATE)])
    test = None
    if source.test_file is not None:
        known = Known(texts=frozenset(texts), decimal=read.decimal)
        test = read_held_out(source.test_file.path, source.form, target, names, known=known)
    return ReadTable(
        form=read.form,
        decimal=read.decimal,
        styles=read.styles,
        target=target,
        features=table,
        columns=columns,
        keys=keys,
        test=test,
        notes=[
            *filter(None, [target.note]),
            *read.notes,
            *sentinels,
            *leaks,
        ],
    )


def _columns(
    table: pd.DataFrame, source: Source, target: Target, *, styles: dict[str, Style]
) -> list[Column]:
    names = _without(table, target=target.name, drop=source.drop)
    columns = read_columns(table, names, styles=styles)
    if source.split == GROUP:
        columns = [_grouping(column) if column.name == source.key else column for column in columns]
    elif source.strict:
        check_columns(columns, drop=source.drop)
    check_some(columns, drop=source.drop, target=target.name)
    return columns


def _grouping(column: Column) -> Column:
    # Those to be predicted later are of other groups.
    return Column(column.name, LEFT_OUT, column.missing, "the groups of the split")


def _without(table: pd.DataFrame, *, target: str, drop: tuple[str, ...]) -> list[str]:
    known = [name for name in table.columns if name != target]
    for name in drop:
        if name not in known:
            right = [other for other in drop if other in known]
            same = [one for one in known if one.lower() == str(name).lower()]
            right += same[:1] or get_close_matches(str(name), known, n=1, cutoff=0.5)
            raise InvalidArgument("drop", "columns beside the target", name, right)
    return [name for name in known if name not in drop]
