"""Read the pages that people read: their blocks of code, commands, links and anchors."""

import re
from pathlib import Path

from tests.commands import ROOT

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# A heading may name its anchor itself.
_NAME = re.compile(r"\{ *#([^} ]+) *\}")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def blocks(page: Path, *languages: str) -> list[str]:
    """The blocks of code in these languages, in their order."""
    return [code for language, code in _BLOCK.findall(page.read_text()) if language in languages]


def commands(page: Path, *, program: str = "python train.py") -> list[str]:
    """The lines of shell blocks that run a program, without their comments."""
    lines = "".join(blocks(page, "sh")).splitlines()
    return [line.split(" #")[0].strip() for line in lines if line.startswith(program)]


def prose(page: Path) -> str:
    """What is read as text: no code blocks, no targets of links."""
    text = _BLOCK.sub("", page.read_text())
    return re.sub(r"\]\([^)\s]+\)", "]", text)


def broken_links(page: Path) -> list[str]:
    """The relative links of a page whose file, or whose heading in it, is not there."""
    targets = _LINK.findall(_BLOCK.sub("", page.read_text()))
    return [target for target in targets if "://" not in target and not _is_there(page, target)]


def _is_there(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    if not file.exists():
        return False
    return not anchor or anchor in _anchors(file)


def _anchors(page: Path) -> set[str]:
    """Headings as GitHub and MkDocs turn them into anchors."""
    headings = _HEADING.findall(_BLOCK.sub("", page.read_text()))
    named = {name for heading in headings for name in _NAME.findall(heading)}
    plain = [re.sub(r"\]\([^)]*\)", "", heading.lower()) for heading in headings]
    made = {re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-") for heading in plain}
    return made | named


def code_block(page: Path, language: str, *, containing: str) -> str:
    """The only block in this language that contains a text."""
    [block] = [block for block in blocks(page, language) if containing in block]
    return block


README, README_JA = ROOT / "README.md", ROOT / "README.ja.md"
ARTICLE, ARTICLE_JA = ROOT / "docs" / "article.md", ROOT / "docs" / "article.ja.md"
PAGES = (README, README_JA, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
