"""Read conf/ for docs/reference/config.md: the keys of each file, with comments and targets."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CONF = Path(__file__).parents[2] / "conf"
_PACKAGE = re.compile(r"# @package (\S+)")


@dataclass(frozen=True)
class Key:
    """A key of a file.

    Attributes:
        name: The whole key, as it is typed.
        default: Its value, as it is written.
        comment: What stands above it, or above the node that it is in.
        target: The `_target_` beside it.

    """

    name: str
    default: str
    comment: str = ""
    target: str = ""


@dataclass(frozen=True)
class Option:
    """A file of conf/.

    Attributes:
        group: Its folder, from conf/.
        name: Its name, without the ending.
        package: Where its keys belong; empty for the whole config.
        head: What it begins with.
        defaults: Its list of defaults.
        keys: Its keys, from top to bottom.

    """

    group: str
    name: str
    package: str
    head: str
    defaults: list[Any]
    keys: list[Key]

    @property
    def target(self) -> str:
        """The `_target_` of the whole file."""
        inner = {key.target for key in self.keys if key.name == f"{self.package}._target_"}
        return next(iter(inner), "")


def _words(lines: list[str]) -> str:
    return " ".join(line.strip().removeprefix("#").strip() for line in lines)


def _first_comment(lines: list[str]) -> list[str]:
    first = []
    for line in lines:
        if not line.startswith("#"):
            break
        first.append(line)
    return first


class _File:
    """The lines of a file, and where its first comment ends."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text("utf-8")
        self.lines = self.text.splitlines()
        top = _first_comment(self.lines)
        self.n_top = len(top)
        self.package = next((found[1] for line in top if (found := _PACKAGE.match(line))), None)
        self.head = _words([line for line in top if not _PACKAGE.match(line)])

    def above(self, number: int) -> str:
        """Return the comment that ends just above a line; that of the whole file is none."""
        start = number
        while start > self.n_top and self.lines[start - 1].strip().startswith("#"):
            start -= 1
        return _words(self.lines[start:number])

    def written(self, node: yaml.Node) -> str:
        """Return a value as the file has it."""
        return self.text[node.start_mark.index : node.end_mark.index].strip()

    def keys(self, node: yaml.Node, *, at: str, comment: str, target: str) -> Iterator[Key]:
        """Yield the keys below a node, the `_target_`s among them."""
        if not (isinstance(node, yaml.MappingNode) and node.value):
            yield Key(at, self.written(node), comment, target)
            return
        inside = {key.value: value for key, value in node.value}
        target = inside["_target_"].value if "_target_" in inside else target
        for key, value in node.value:
            if (at, key.value) != ("", "defaults") and not _is_file_list(self, key):
                name = f"{at}.{key.value}" if at else key.value
                told = self.above(key.start_mark.line) or comment
                yield from self.keys(value, at=name, comment=told, target=target)


def _is_file_list(file: _File, key: yaml.Node) -> bool:
    """Whether a key is the list of defaults at the top of a file."""
    return file.written(key) == "defaults" and key.start_mark.column == 0


def read_option(path: Path) -> Option:
    """Return what a file of conf/ says."""
    file = _File(path)
    folder = path.relative_to(CONF).parent
    group = "" if folder == Path() else folder.as_posix()
    package = group.replace("/", ".") if file.package is None else file.package
    package = "" if package == "_global_" else package
    node = yaml.compose(file.text)
    content = yaml.safe_load(file.text)
    keys = list(file.keys(node, at=package, comment="", target="")) if content else []
    defaults = content.get("defaults", []) if content else []
    return Option(group, path.stem, package, file.head, defaults, keys)


OPTIONS = {
    (option.group, option.name): option for option in map(read_option, sorted(CONF.rglob("*.yaml")))
}


def choices_of(option: Option, *, known: dict[str, str] | None = None) -> dict[str, str]:
    """Return the option of each group where this one is chosen, beside the defaults."""
    chosen = known if known is not None else choices_of(OPTIONS["", "train"], known={})
    for entry in option.defaults:
        if isinstance(entry, str):
            if (option.group, entry) in OPTIONS:
                choices_of(OPTIONS[option.group, entry], known=chosen)
            continue
        [(group, name)] = entry.items()
        group = group.removeprefix("override ").removeprefix("/")
        chosen[group] = name
        if other := OPTIONS.get((group, name)):
            choices_of(other, known=chosen)
    if option.group:
        chosen[option.group] = option.name
    return chosen
