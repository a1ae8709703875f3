"""The user's mistakes: one clear line each.

InvalidConfig
└── InvalidArgument
"""

import argparse
import difflib
import logging
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn, TypeVar

from tunesmith.extras import extra_of, install_extra
from tunesmith.overrides import write_for_shell

T = TypeVar("T")
log = logging.getLogger(__name__)

# Hydra's two sentences about a target that it did not get, and its mark of the key that named it.
_LOST_TARGET = re.compile(r"Error (?:locating target|loading) '([^']+)'")
_NAMED_BY = re.compile(r"full_key: (\S+)")
_REFUSED_TARGET = re.compile(r"Target '([^']+)' is not in the Hydra execution whitelist")


class InvalidConfig(ValueError):  # noqa: N818 - names the mistake
    """A mistake of the user's; the message is one line: what came, what was expected, what to do.

    A ValueError. Raise it in a check of your own and the command ends with its message and exit
    code 1, without a traceback.

    Example:
        >>> raise InvalidConfig("model.depth must be even, got 3; try model.depth=4")
        Traceback (most recent call last):
        tunesmith.errors.InvalidConfig: model.depth must be even, got 3; try model.depth=4

    """


class InvalidArgument(InvalidConfig):
    """A value that is refused: what came, what was expected, what to type instead.

    Args:
        name: The argument, as its owner calls it.
        expected: What the value must be: "an integer of at least 1".
        value: What came.
        example: A value to try, or the whole way out as a sentence in `way_out`.
        detail: What else there is to say of what came, after a comma.
        way_out: What to do instead, where it is not one value.

    >>> print(InvalidArgument("n_layers", "an integer of at least 1", 0, 2).within("model"))
    model.n_layers must be an integer of at least 1, got 0; try model.n_layers=2

    """

    def __init__(
        self,
        name: str,
        expected: str,
        value: object,
        example: object = None,
        *,
        detail: str = "",
        way_out: str | None = None,
    ) -> None:
        self.name = name
        self.expected = expected
        self.value = value
        self.example = example
        self.detail = detail
        self.way_out = way_out
        super().__init__(self._line())

    def within(self, group: str) -> "InvalidArgument":
        """Return the same mistake with the name of the config group before that of the argument."""
        return self.called(f"{group}.{self.name}")

    def called(self, name: str) -> "InvalidArgument":
        """Return the same mistake of an argument of another name."""
        return InvalidArgument(
            name,
            self.expected,
            self.value,
            self.example,
            detail=self.detail,
            way_out=self.way_out,
        )

    def _line(self) -> str:
        way_out = self.way_out or f"try {write_for_shell(self.name, self.example)}"
        detail = f", {self.detail}" if self.detail else ""
        return f"{self.name} must be {self.expected}, got {self.value!r}{detail}; {way_out}"


class OneLineParser(argparse.ArgumentParser):
    """A parser of a program's arguments that says a mistake in one line, with exit status 1."""

    def error(self, message: str) -> NoReturn:
        """Exit with what is wrong and where help is."""
        sys.exit(f"{message}; type {self.prog} --help for all that it takes")


def untrusted(text: str) -> str | None:
    """Return what to do about Hydra's refusal of a `_target_`, if `text` is one."""
    found = _REFUSED_TARGET.search(text)
    if found is None:
        return None
    package = found[1].partition(".")[0]
    own = Path(sys.argv[0]).name == "train.py"
    where = "TRUSTED in train.py" if own else "the execution_whitelist of the app's hydra.main"
    return f'_target_ {found[1]} is not trusted; add the line "{package}.*", to {where}'


def terminator_gone(asked: str) -> str:
    """Return what to do about a terminator of Optuna, which release 0.1.0 offered."""
    return (
        f"{asked}: Optuna drops its terminators in release 6, so they are no longer offered; "
        "try hydra/sweeper/terminator=stagnation"
    )


def import_failure(error: BaseException) -> str | None:
    """Return in one line why something that a config names could not be imported.

    Hydra wraps what went wrong, sometimes twice, and does not always repeat it.

    Args:
        error: Whatever was raised while a `_target_` was instantiated.

    Returns:
        None unless a `_target_` was not found, or needs a package that is missing.

    """
    chain = list(_chain(error))
    targets = [found[1] for link in chain if (found := _LOST_TARGET.search(str(link)))]
    cause = next((link for link in chain if not _LOST_TARGET.search(str(link))), None)
    if targets and cause is not None:
        return f"_target_ {targets[0]} cannot be imported: {_reason(cause, target=targets[0])}"
    notes = "\n".join(getattr(error, "__notes__", ()))
    if isinstance(error, ImportError) and (key := _NAMED_BY.search(notes)):
        return f"{key[1]} cannot be imported: {_reason(error)}"
    return None


def own_mistake(error: BaseException) -> InvalidConfig | None:
    """Return the mistake that Hydra wrapped while it instantiated something, None if it is none."""
    return next((link for link in _chain(error) if isinstance(link, InvalidConfig)), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _reason(cause: BaseException, *, target: str | None = None) -> str:
    text = " ".join(str(cause).split())
    if isinstance(cause, ModuleNotFoundError) and cause.name:
        package = cause.name.partition(".")[0]
        is_absent = package not in sys.modules and find_spec(package) is None
        extra = extra_of(package, target=target)
        command = f"pip install {package}" if extra is None else install_extra(extra)
        return f"{text}; install it with {command}" if is_absent else text
    if isinstance(cause, ImportError | SyntaxError):
        return text
    last = traceback.extract_tb(cause.__traceback__)[-1]
    return f"{type(cause).__name__}: {text} ({last.filename}:{last.lineno})"


def attempt(make: Callable[[], list[T]]) -> tuple[list[T], str]:
    """Return what `make` returns and an empty text, or nothing and in words what was raised.

    It is for what a user can do without: a plot, a table, a piece of advice. The log gets the
    traceback.

    >>> attempt(lambda: [{[8]: 1}])
    ([], "TypeError: unhashable type: 'list'")

    """
    try:
        return make(), ""
    except Exception as error:
        log.info("left out", exc_info=True)
        return [], " ".join(f"{type(error).__name__}: {error}".split()).rstrip(": ")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known names closest to `name` in any case, or all of a few: 'adam, sgd'."""
    names = sorted(set(known) - {name})
    lowered = [one.lower() for one in names]
    close = difflib.get_close_matches(name.lower(), lowered, n=3, cutoff=0.65)
    found = [one for match in dict.fromkeys(close) for one in names if one.lower() == match]
    return ", ".join(found[:3] or names[:15])
