"""The user's mistakes: one clear line each."""

import difflib
from collections.abc import Iterable


class InvalidConfig(ValueError):  # noqa: N818 - names the mistake
    """A mistake in what the user asked for; the message is one line that says the way out."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The known names closest to `name`, or all of a few: 'adam, sgd'."""
    names = sorted(set(known))
    tail = name.rsplit(".", 1)[-1]
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5) or [
        known_name for known_name in names if known_name.rsplit(".", 1)[-1] == tail
    ]
    return ", ".join(close[:3] or names[:10])
