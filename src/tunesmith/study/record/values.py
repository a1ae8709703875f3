"""Read attribute values that anybody may have written: of another type than ours, they are None."""

from typing import Any, TypeVar

T = TypeVar("T")


def typed(value: Any, kind: type[T]) -> T | None:
    """Return the value if it is of this kind, else None."""
    # True is an int to Python, not to us.
    is_flag = isinstance(value, bool) and kind is not bool
    return value if isinstance(value, kind) and not is_flag else None


def number(value: Any) -> float | None:
    """Return an integer or a float as a float, and None for anything else."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def items(value: Any, kind: type[T]) -> list[T] | None:
    """Return a list whose items are all of this kind, else None; a tuple, as memory keeps, too."""
    if not isinstance(value, list | tuple) or any(typed(one, kind) is None for one in value):
        return None
    return list(value)


def numbers(value: Any) -> list[float] | None:
    """Return a list of numbers as floats, and None for anything else."""
    found = [number(one) for one in value] if isinstance(value, list | tuple) else [None]
    return None if None in found else [one for one in found if one is not None]
