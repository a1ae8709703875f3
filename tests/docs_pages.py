"""The pages of docs/ and the code blocks on them."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

from tests.commands import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
_FENCE = re.compile(r"^([ ]*)```(\w*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`([\w./]+\.(py|yaml))`[^`\n]*:$")
_ENDINGS = {"python": "py", "yaml": "yaml"}


@dataclass(frozen=True)
class Block:
    """A code block, and the line before it.

    Attributes:
        page: The page, from docs/.
        language: sh, python, yaml or text.
        text: What stands in it.
        before: The line of prose before it.

    """

    page: str
    language: str
    text: str
    before: str

    @property
    def file(self) -> str | None:
        """The file that the page tells to write with it."""
        named = _FILE.search(self.before)
        return named[1] if named and named[2] == _ENDINGS.get(self.language) else None

    @property
    def lines(self) -> list[str]:
        """Its commands, without comments."""
        told = (line.split(" #")[0].strip() for line in self.text.splitlines())
        return [line for line in told if line]


def name_of(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


def blocks_of(page: Path) -> list[Block]:
    """The code blocks of a page, from top to bottom."""
    text = page.read_text("utf-8")
    found = []
    for fence in _FENCE.finditer(text):
        lines = text[: fence.start()].rstrip().splitlines()
        found.append(
            Block(name_of(page), fence[2], textwrap.dedent(fence[3]), lines[-1] if lines else "")
        )
    return found
