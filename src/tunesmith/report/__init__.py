"""Read a finished or running study: plots, advice in sentences, and the next search."""

from tunesmith.report.advice import advise
from tunesmith.report.confirmation import read_confirmation
from tunesmith.report.context import Candidate, Confirmation, ReportContext
from tunesmith.report.front import write_front
from tunesmith.report.next_search import next_params, write_next
from tunesmith.report.page import write_report
from tunesmith.report.piece import Advice
from tunesmith.report.terminal import terminal_summary

__all__ = [
    "Advice",
    "Candidate",
    "Confirmation",
    "ReportContext",
    "advise",
    "next_params",
    "read_confirmation",
    "terminal_summary",
    "write_front",
    "write_next",
    "write_report",
]
