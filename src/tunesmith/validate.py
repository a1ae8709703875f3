"""Check single values: one home for "must be ..., got ...; try ..."."""

import math
from collections.abc import Collection

from tunesmith.errors import InvalidArgument, nearest

# What NumPy and Lightning take as a seed.
MAX_SEED = 2**32 - 1


def require_integer(
    name: str, value: object, *, minimum: int, example: object, optional: bool = False
) -> None:
    """Raise InvalidArgument unless `value` is an integer of at least `minimum`.

    Args:
        name: What the value is called where it was typed.
        value: Anything; True and False are no integers.
        minimum: The smallest integer allowed.
        example: What to try instead.
        optional: None is allowed too.

    """
    if value is None and optional:
        return
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        raise InvalidArgument(name, f"an integer of at least {minimum}", value, example)


def require_seed(name: str, value: object, *, example: object, optional: bool = False) -> None:
    """Raise InvalidArgument unless `value` is a seed: an integer from 0 to `MAX_SEED`."""
    require_integer(name, value, minimum=0, example=example, optional=optional)
    if isinstance(value, int) and value > MAX_SEED:
        raise InvalidArgument(name, f"an integer from 0 to {MAX_SEED}", value, example)


def require_text(name: str, value: object, *, expected: str, example: object) -> None:
    """Raise InvalidArgument, which says what is expected, unless `value` is a text with a word."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidArgument(name, expected, value, example)


def require_switch(name: str, value: object) -> None:
    """Raise InvalidArgument unless `value` is True or False."""
    if not isinstance(value, bool):
        raise InvalidArgument(name, "true or false", value, example=True)


def require_positive(name: str, value: object, *, example: object) -> None:
    """Raise InvalidArgument unless `value` is a finite number above 0."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value < math.inf:  # type: ignore[operator]
        raise InvalidArgument(name, "a positive number", value, example)


def require_choice(name: str, value: object, choices: Collection[str]) -> None:
    """Raise InvalidArgument, which tries the nearest choice, unless `value` is one of them."""
    # A list, since a value that has no hash is in no set.
    if value not in list(choices):
        close = nearest(str(value), choices).split(", ")[0]
        raise InvalidArgument(name, f"one of {', '.join(choices)}", value, close)
