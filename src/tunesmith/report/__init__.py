"""Show a finished or running study: a page, a summary for the terminal, the Pareto front."""

from tunesmith.report.context import ReportContext
from tunesmith.report.page import write_report
from tunesmith.report.pareto import write_front
from tunesmith.report.terminal import terminal_summary

__all__ = ["ReportContext", "terminal_summary", "write_front", "write_report"]
