"""Refuse what was typed of a file that no file can have, before it is read."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tunesmith.data.text_form import SEPARATORS, Form
from tunesmith.data.workbook import SUFFIX as WORKBOOK
from tunesmith.errors import InvalidArgument

_OF_TEXTS = (".csv", ".tsv", ".gz")
_NAMES = {name: mark for mark, name in SEPARATORS.items()}


def named_file(name: str, value: object, *, example: str) -> Path:
    """Return the file that an argument names; raises InvalidArgument if it is no name."""
    if not isinstance(value, str | Path):
        raise InvalidArgument(name, "a CSV, Parquet or .xlsx file", value, example)
    return Path(value)


def check_names(*, drop: object, group: object, time: object) -> None:
    """Raise InvalidArgument for what is no name of a column, or no list of them."""
    if not isinstance(drop, Iterable) or isinstance(drop, str):
        raise InvalidArgument("drop", "a list of columns", drop, [] if drop is None else [drop])
    for name, value in (("group", group), ("time", time)):
        if not isinstance(value, str | int | None):
            raise InvalidArgument(name, "the name of a column", value, None)


def check_form(form: Form, files: Sequence[Path]) -> None:
    """Refuse a form that none of the files can have, such as a sheet of a CSV file.

    Args:
        form: How the files are to be read.
        files: The files; only their suffixes are looked at.

    Raises:
        InvalidArgument: A value is not valid, or no file is of the kind that it is for.

    """
    if form.decimal not in (None, ".", ","):
        raise InvalidArgument("decimal", "'.' or ','", form.decimal, ",")
    if form.separator is not None and len(str(form.separator)) != 1:
        mark = _NAMES.get(str(form.separator), "\t")
        way_out = "leave data.separator out, and it is found" if mark == "\t" else None
        raise InvalidArgument("separator", "one character", form.separator, mark, way_out=way_out)
    suffixes = {file.suffix.lower() for file in files}
    for name, kinds, what in (
        ("sheet", (WORKBOOK,), f"of a workbook ({WORKBOOK})"),
        ("encoding", _OF_TEXTS, "of a text file"),
        ("separator", _OF_TEXTS, "of a text file"),
    ):
        if (value := getattr(form, name)) is None:
            continue
        if suffixes.isdisjoint(kinds):
            detail, way_out = f"and {files[0]} is none", f"leave data.{name} out"
            raise InvalidArgument(name, f"that {what}", value, detail=detail, way_out=way_out)
        if kinds is _OF_TEXTS and not isinstance(value, str):
            raise InvalidArgument(name, "a text", value, str(value))
