"""Say a mistake in the command line in one line, with the nearest names."""

from tunesmith.explain.line import one_line

__all__ = ["one_line"]
