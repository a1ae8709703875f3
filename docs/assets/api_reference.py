"""Write docs/reference/api.md from what the packages export: python docs/assets/api_reference.py.

A name that nothing documents needs a docstring or, if it is a constant, a comment above it.
"""

import inspect
import re
from collections.abc import Iterator
from enum import EnumType
from functools import cached_property
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from typing import Any

from docstrings import arguments_of, entries_of, sections_of

PAGE = Path(__file__).parents[1] / "reference" / "api.md"
PACKAGES = (
    "tunesmith",
    *(f"tunesmith.{name}" for name in ("study", "objectives", "models", "data")),
    *(f"tunesmith.{name}" for name in ("report", "advice", "loaded", "tracking")),
)
INTRO = """\
# Python API

<!-- Written by docs/assets/api_reference.py from docstrings: change these. -->

What may be imported, package by package. All other modules are private and change without notice.
"""
WIDTH = 88
_MODULES = re.compile(r"\b(?:[a-z_]\w*\.)+(?=[A-Za-z_])")
_HEADINGS = {"Args": "Arguments", "Attributes": "Attributes", "Returns": "Returns"}


class UndocumentedNameError(LookupError):
    """A name that is exported and not documented."""


def plain(annotation: object) -> str:
    """Return an annotation without the modules of its names."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    text = re.sub(r"\*<class '(.*)'>", r"Unpack[\1]", text)
    return _MODULES.sub("", text).replace("NoneType", "None")


def default_of(value: object) -> str:
    """Return a default as one would write it; `...` for what has no short form."""
    if inspect.isfunction(value):
        return "..." if value.__name__ == "<lambda>" else value.__name__
    text = repr(value)
    return {"mappingproxy({})": "{}", "<factory>": "..."}.get(text, text)


def written(parameter: inspect.Parameter) -> str:
    """Return a parameter with its annotation and its default."""
    star = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    text = f"{star}{parameter.name}"
    typed = parameter.annotation is not parameter.empty
    if typed:
        text += f": {plain(parameter.annotation)}"
    if parameter.default is not parameter.empty:
        text += f"{' = ' if typed else '='}{default_of(parameter.default)}"
    return text


def parameters_of(signature: inspect.Signature) -> list[str]:
    """Return the parameters, with the star before those that are given by name alone."""
    texts: list[str] = []
    kinds = [parameter.kind for parameter in signature.parameters.values()]
    for parameter in signature.parameters.values():
        named = parameter.kind is parameter.KEYWORD_ONLY
        if named and "*" not in texts and parameter.VAR_POSITIONAL not in kinds:
            texts.append("*")
        if parameter.name not in {"self", "cls"}:
            texts.append(written(parameter))
    return texts


def call_of(called: Any) -> tuple[list[str], str]:
    """Return the parameters of a call, and what comes after them."""
    signature = inspect.signature(called)
    texts = parameters_of(signature)
    if inspect.isclass(called) or signature.return_annotation is signature.empty:
        return texts, ")"
    return texts, f") -> {plain(signature.return_annotation)}"


def on_one_line(name: str, called: Any) -> str:
    """Return how something is called."""
    texts, end = call_of(called)
    return f"{name}({', '.join(texts)}{end}"


def wrapped(name: str, called: Any) -> str:
    """Return how something is called, with a line for each parameter where it is long."""
    line = on_one_line(name, called)
    if len(line) <= WIDTH:
        return line
    texts, end = call_of(called)
    return "\n".join((f"{name}(", *(f"    {text}," for text in texts), end))


def fenced(language: str, text: str) -> Iterator[str]:
    """Yield a code block."""
    yield from ("", f"```{language}", text, "```")


def example(text: str, *, is_prose: bool) -> Iterator[str]:
    """Yield the paragraphs of a text, and what is typed in it as code."""
    for paragraph in re.split(r"\n{2,}", text):
        if paragraph.startswith(">>>"):
            # A traceback names a module, which nobody imports.
            shown = re.sub(r"^(?:\w+\.)+(\w+: )", r"\1", paragraph, flags=re.MULTILINE)
            yield from fenced("pycon", shown)
        elif paragraph.startswith("    "):
            yield from fenced("py", dedent(paragraph))
        elif is_prose or paragraph.endswith(":"):
            yield from ("", paragraph.replace("::", ":"))
        else:
            yield from fenced("py", paragraph)


def documentation(documented: object) -> Iterator[str]:
    """Yield a docstring as Markdown."""
    for section, text in sections_of(documented):
        if section in {"", "Example"}:
            yield from example(text, is_prose=not section)
            continue
        yield from ("", f"**{_HEADINGS.get(section, section)}**", "")
        entries = entries_of(text) if section != "Returns" else {}
        if entries:
            yield from (f"- `{name}`: {told}" for name, told in entries.items())
        else:
            yield text


def members(owner: type) -> Iterator[str]:
    """Yield what a class of ours offers, each with its docstring as a list."""
    for name, member in vars(owner).items():
        called = getattr(
            member, "__func__", getattr(member, "func", getattr(member, "fget", member))
        )
        told = inspect.getdoc(called) if inspect.isfunction(called) else None
        if name.startswith("_") or not told or called.__doc__ is None:
            continue
        is_value = isinstance(member, property | cached_property)
        shown = name if is_value else on_one_line(name, called)
        yield from of_member(shown, called)


def of_member(shown: str, called: object) -> Iterator[str]:
    """Yield the docstring of a method or property: its text, then a line for each entry."""
    sections = sections_of(called)
    prose = " ".join(" ".join(text.split()) for section, text in sections if not section)
    yield f"- `{shown}`: {prose}"
    for section, text in sections:
        if section == "Returns":
            yield f"    - returns: {' '.join(text.split())}"
        elif section in {"Args", "Raises"}:
            begin = "raises " if section == "Raises" else ""
            yield from (f"    - {begin}`{name}`: {told}" for name, told in entries_of(text).items())


def comment_above(package: str, name: str) -> str:
    """Return the comment above a constant, wherever the package defines it."""
    folder = Path(str(import_module(package).__file__)).parent
    pattern = re.compile(rf"((?:^# .*\n)+){name}\b[^\n=]*=", re.MULTILINE)
    for path in sorted(folder.rglob("*.py")):
        if found := pattern.search(path.read_text("utf-8")):
            return " ".join(line.removeprefix("# ") for line in found[1].splitlines())
    raise UndocumentedNameError(f"{package}.{name}: write a comment above it")


def of_name(package: str, name: str) -> Iterator[str]:
    """Yield the part of the page about one name."""
    value = getattr(import_module(package), name)
    yield from ("", f"### {name} {{ #{package}.{name} }}")
    if not (inspect.isclass(value) or inspect.isroutine(inspect.unwrap(value))):
        yield from ("", comment_above(package, name))
        return
    if not (value.__doc__ or "").strip():
        raise UndocumentedNameError(f"{package}.{name}: write a docstring")
    if isinstance(value, EnumType):
        yield from (line.replace("**Attributes**", "**Values**") for line in documentation(value))
        if not {member.name for member in value} <= arguments_of(value).keys():
            yield from ("", "**Values**", "", ", ".join(f"`{member.name}`" for member in value))
        return
    if not (inspect.isclass(value) and issubclass(value, BaseException)):
        yield from fenced("py", wrapped(name, value))
    yield from documentation(value)
    if inspect.isclass(value) and (offered := list(members(value))):
        yield from ("", "**Members**", "", *offered)


def of_package(package: str, seen: dict[int, str]) -> Iterator[str]:
    """Yield the part of the page about one package; what others export too is told once."""
    module = import_module(package)
    yield from ("", f"## {package} {{ #{package} }}")
    yield from documentation(module)
    for name in sorted(module.__all__, key=str.lower):
        value = getattr(module, name)
        first = seen.setdefault(id(value), f"{package}.{name}")
        if first == f"{package}.{name}" or isinstance(value, str):
            yield from of_name(package, name)
        else:
            yield from ("", f"`{name}` is [{first}](#{first}).")


def page() -> str:
    """Return the page."""
    seen: dict[int, str] = {}
    lines = [line for package in PACKAGES for line in of_package(package, seen)]
    return INTRO + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
