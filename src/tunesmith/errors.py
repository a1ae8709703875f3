"""The user's mistakes: one clear line each."""

import difflib
import re
from collections.abc import Iterable

REFUSED_TARGET = re.compile(r"Target '([^']+)' is not in the Hydra execution whitelist")


class InvalidConfig(ValueError):  # noqa: N818 - names the mistake
    """A mistake in what the user asked for; the message is one line that says the way out."""


def untrusted(text: str) -> str | None:
    """What to do about Hydra's refusal of a `_target_`, if `text` is one."""
    found = REFUSED_TARGET.search(text)
    if found is None:
        return None
    package = found[1].partition(".")[0]
    return f'_target_ {found[1]} is not trusted; add the line "{package}.*", to TRUSTED in train.py'


def nearest(name: str, known: Iterable[str]) -> str:
    """The known names closest to `name`, or all of a few: 'adam, sgd'."""
    names = sorted(set(known))
    tail = name.rsplit(".", 1)[-1]
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5) or [
        known_name for known_name in names if known_name.rsplit(".", 1)[-1] == tail
    ]
    return ", ".join(close[:3] or names[:10])
