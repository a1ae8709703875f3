"""Read docstrings for the pages of docs/reference/: their sections, and what these tell by name."""

import inspect
import re
from textwrap import dedent

_SECTION = re.compile(r"(Args|Attributes|Returns|Raises|Example):")
_ENTRY = re.compile(r"([\w.]+): (.*)")


def sections_of(documented: object) -> list[tuple[str, str]]:
    """Return the parts of a docstring in order: a section's name, or "", and its text."""
    parts: list[tuple[str, list[str]]] = [("", [])]
    for line in (inspect.getdoc(documented) or "").splitlines():
        if heading := _SECTION.fullmatch(line):
            parts.append((heading[1], []))
            continue
        if parts[-1][0] and line and not line.startswith(" "):
            parts.append(("", []))
        parts[-1][1].append(line)
    return [(name, dedent("\n".join(lines)).strip("\n")) for name, lines in parts if lines]


def entries_of(section: str) -> dict[str, str]:
    """Return what a section tells of each name, each text as one line."""
    found: dict[str, str] = {}
    for line in section.splitlines():
        if entry := _ENTRY.fullmatch(line):
            found[entry[1]] = entry[2]
        elif found:
            found[next(reversed(found))] += f" {line.strip()}"
    return found


def arguments_of(documented: object) -> dict[str, str]:
    """Return what a docstring tells of the arguments, or of the fields."""
    told: dict[str, str] = {}
    for name, text in sections_of(documented):
        if name in {"Args", "Attributes"}:
            told = {**entries_of(text), **told}
    return told
