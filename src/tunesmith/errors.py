"""The user's mistakes: one clear line each.

InvalidConfig
└── InvalidArgument
"""

import difflib
import re
from collections.abc import Iterable

from tunesmith.overrides import write_for_shell

_REFUSED_TARGET = re.compile(r"Target '([^']+)' is not in the Hydra execution whitelist")


class InvalidConfig(ValueError):  # noqa: N818 - names the mistake
    """A mistake in what the user asked for; the message is one line that says the way out."""


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
        return InvalidArgument(
            f"{group}.{self.name}",
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


def untrusted(text: str) -> str | None:
    """Return what to do about Hydra's refusal of a `_target_`, if `text` is one."""
    found = _REFUSED_TARGET.search(text)
    if found is None:
        return None
    package = found[1].partition(".")[0]
    return f'_target_ {found[1]} is not trusted; add the line "{package}.*", to TRUSTED in train.py'


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known names closest to `name`, or all of a few: 'adam, sgd'."""
    names = sorted(set(known))
    tail = name.rsplit(".", 1)[-1]
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5) or [
        known_name for known_name in names if known_name.rsplit(".", 1)[-1] == tail
    ]
    return ", ".join(close[:3] or names[:10])
