"""Load and show a finished or running study: a page, a terminal summary, the Pareto front."""

from tunesmith.report.context import ReportContext
from tunesmith.report.load import load_search, load_study
from tunesmith.report.page import write_report
from tunesmith.report.pareto import write_front
from tunesmith.report.terminal import terminal_summary

__all__ = [
    "ReportContext",
    "load_search",
    "load_study",
    "terminal_summary",
    "write_front",
    "write_report",
]
