"""Rows of a label and a text, the text wrapped beside the label and never cut."""

from collections.abc import Iterator

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

# A text gets as many columns at least, however narrow the terminal is.
_LEAST_ROOM = 20


def row(label: str, text: str | Text, *, margin: int, console: Console) -> Iterator[Text]:
    """Yield the lines of a row.

    Args:
        label: What stands before the first line.
        text: What is wrapped between words, or within one that is too long.
        margin: The columns that the label takes.
        console: Where the row is shown.

    """
    room = max(_LEAST_ROOM, console.width - margin)
    for line in Text.assemble(text).wrap(console, room):
        line.rstrip()
        yield Text.assemble((set_label(label, margin), "cyan"), line)
        label = ""


def set_label(label: str, margin: int) -> str:
    """Return a label with blanks up to the margin; one that is too long keeps its own two."""
    return set_cell_size(label, max(margin, cell_len(label) + 2 if label else margin))
