"""Say a mistake in the command line in one line, with the nearest names."""

from tunesmith.explain.choices import check_single_options, misused_choice
from tunesmith.explain.circles import endless_defaults
from tunesmith.explain.ending import ending_in_one_line
from tunesmith.explain.keys import keys_like
from tunesmith.explain.line import one_line

__all__ = [
    "check_single_options",
    "ending_in_one_line",
    "endless_defaults",
    "keys_like",
    "misused_choice",
    "one_line",
]
