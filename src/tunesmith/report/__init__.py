"""Load and show a finished or running study: an HTML page, a terminal summary, the Pareto front.

`write_report` needs the packages of the extra `tunesmith[report]`, the other names do not.
"""

from typing import TYPE_CHECKING

from tunesmith._lazy import load_from
from tunesmith.report.context import RUN_ID, Compared, ReportContext
from tunesmith.report.kept import keep_context
from tunesmith.report.load import load_search, load_study, storage_of
from tunesmith.report.note import write_note
from tunesmith.report.pareto import write_front
from tunesmith.report.terminal import terminal_summary

if TYPE_CHECKING:
    from tunesmith.report.page import write_report

__all__ = [
    "RUN_ID",
    "Compared",
    "ReportContext",
    "keep_context",
    "load_search",
    "load_study",
    "storage_of",
    "terminal_summary",
    "write_front",
    "write_note",
    "write_report",
]

__getattr__ = load_from(__name__, {"write_report": "page"})
