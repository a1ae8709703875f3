"""Find out how a text file is written: its encoding, what separates its fields, their names."""

import csv
import gzip
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from tunesmith.data.encodings import find_encoding
from tunesmith.errors import InvalidArgument

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
N_LINES = 200
MIN_CONSISTENT = 0.9


@dataclass(frozen=True)
class Form:
    """How a file is to be read; what is None is detected.

    Attributes:
        encoding: The encoding of a text file, such as "cp932".
        separator: The character that separates the fields of a text file, such as ";".
        decimal: The decimal mark of the numbers, "." or ",".
        sheet: The name of a workbook's sheet; None takes its only one.

    """

    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class TextForm:
    """How a text file is written: what was typed, and what was found out for the rest.

    Attributes:
        encoding: How its text is encoded.
        separator: What separates its fields.
        names: The fields of its first line that is not blank.

    """

    encoding: str
    separator: str
    names: list[str]

    def __str__(self) -> str:
        between = SEPARATORS.get(self.separator, repr(self.separator))
        return f"{self.encoding.removesuffix('-sig')}, separated by {between}"


def find_form(path: Path, form: Form) -> TextForm:
    """Return how a text file is written; what `form` holds is taken as it is.

    Args:
        path: The file; packed by gzip if it ends in .gz.
        form: What was typed.

    Raises:
        InvalidArgument: The encoding is not clear, or not that of the file.
        OSError: The file cannot be read or unpacked.

    """
    with _opened(path) as file:
        encoding = form.encoding or find_encoding(file, path=path)
        lines = _first_lines(file, encoding=encoding)
    prefers = "\t" if ".tsv" in path.name.lower() else ","
    separator = form.separator or _find_separator(lines, prefers=prefers)
    rows = _rows(lines, separator) if len(separator) == 1 else []
    return TextForm(encoding, separator, rows[0] if rows else [])


def unknown_encoding(path: Path, encoding: str | None, error: Exception) -> InvalidArgument:
    """Return the mistake of an encoding that does not read the file."""
    return InvalidArgument(
        "encoding", f"that of {path}", encoding, None, detail=" ".join(str(error).split())
    )


def _opened(path: Path) -> BinaryIO:
    is_packed = path.suffix.lower() == ".gz"
    return cast("BinaryIO", gzip.open(path)) if is_packed else path.open("rb")


def _first_lines(file: BinaryIO, *, encoding: str) -> list[str]:
    # Enough for the lines of any table; what it cuts off is no whole line.
    file.seek(0)
    reader = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        lines = [line for _, line in zip(range(N_LINES), reader, strict=False)]
    finally:
        reader.detach()
    return [line for line in lines if line.strip()]


def _find_separator(lines: list[str], *, prefers: str) -> str:
    """Return what splits most lines into as many fields as the first; `prefers` if nothing does."""
    scores = {mark: _consistency(_rows(lines, mark)) for mark in SEPARATORS}
    best = max(scores, key=lambda mark: (scores[mark], mark == prefers))
    return best if scores[best] > (0, 0) else prefers


def _consistency(rows: list[list[str]]) -> tuple[float, int]:
    """Return how many rows have as many fields as the first, and how many those are."""
    width = len(rows[0]) if rows else 0
    if width < 2:
        return 0, 0
    share = Counter(map(len, rows))[width] / len(rows)
    return (share, width) if share >= MIN_CONSISTENT else (0, 0)


def _rows(lines: list[str], separator: str) -> list[list[str]]:
    try:
        rows = list(csv.reader(lines, delimiter=separator))
    except csv.Error:
        return []
    # The last of many may be cut within quotes.
    return rows[:-1] if len(lines) >= N_LINES - 1 else rows
