"""What to do next, in sentences: rules that read a study, and the search that they propose."""

from tunesmith.advice.advice import Advice
from tunesmith.advice.next_search import next_params, write_next
from tunesmith.advice.rules import advise, why_silent
from tunesmith.advice.sample import steady_space

__all__ = ["Advice", "advise", "next_params", "steady_space", "why_silent", "write_next"]
