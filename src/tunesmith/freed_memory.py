"""Say what becomes of memory that was freed: the system gets it, or it stays at hand.

What the C library is asked for, it does where it is glibc. Python frees most objects by itself, and
looks for those that hold each other whenever there are some more objects than before.
"""

import contextlib
import ctypes
import gc
import sys
from collections.abc import Iterator
from typing import Any

# The numbers of malloc.h, which mallopt(3) describes.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KIB, _MIB = 1 << 10, 1 << 20
# Python's own limits, and those at the start: so many new objects before it looks.
_USUAL = gc.get_threshold()
_SELDOM = (20_000, *_USUAL[1:])


def release_freed_memory() -> None:
    """Have the C library return what it holds without need.

    Many small blocks that are freed leave gaps in which no large one has room.
    """
    if (trim := _of_glibc("malloc_trim")) is not None:
        trim(0)


def keep_freed_memory(*, blocks_mib: int = 32, total_mib: int = 256) -> None:
    """Let the C library keep freed blocks of up to `blocks_mib`, and `total_mib` of them in all.

    glibc's own limits hand the tensors of a training step back to the system, which gives them
    again, to the next one, as zeroed pages: a tenth of the time of a small network.
    """
    if (mallopt := _of_glibc("mallopt")) is not None:
        mallopt(_M_MMAP_THRESHOLD, blocks_mib * _MIB)
        mallopt(_M_TRIM_THRESHOLD, total_mib * _MIB)


@contextlib.contextmanager
def returned_at_once(*, blocks_kib: int = 64) -> Iterator[None]:
    """Have freed blocks of `blocks_kib` and more return at once, as long as the context lasts.

    Vectors that grow leave their former selves behind, which no later one fits into.
    """
    if (mallopt := _of_glibc("mallopt")) is None:
        yield
        return
    mallopt(_M_MMAP_THRESHOLD, blocks_kib * _KIB)
    try:
        yield
    finally:
        # Where glibc's own limits end up in a process that has held large blocks.
        keep_freed_memory(total_mib=64)


def collect_seldom() -> None:
    """Have Python look for cycles of objects seldom, until `collect_as_usual`.

    Importing PyTorch and Lightning makes half a million objects that stay: to look through them a
    thousand times takes a sixth of the import. Limits that somebody else chose are left.
    """
    if gc.get_threshold() == _USUAL:
        gc.set_threshold(*_SELDOM)


def collect_as_usual() -> None:
    """Take back `collect_seldom`: what runs now may make cycles that hold much memory."""
    if gc.get_threshold() == _SELDOM:
        gc.set_threshold(*_USUAL)


@contextlib.contextmanager
def collected_later() -> Iterator[None]:
    """Have Python look for cycles of objects afterwards, where very many are made and stay.

    It goes through all of them again and again while they become more.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _of_glibc(name: str) -> Any:
    """Return a function of the C library; None elsewhere."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform.startswith("linux") else None
