"""Give memory that was freed back to the system."""

import ctypes
import sys


def release_freed_memory() -> None:
    """Have the C library return what it holds without need; does nothing without glibc.

    Many small blocks that are freed leave gaps in which no large one has room.
    """
    if not sys.platform.startswith("linux"):
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
