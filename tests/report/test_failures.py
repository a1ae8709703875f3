"""The page says why trials failed: each reason once, with how often it came."""

from pathlib import Path

import optuna
from optuna.trial import TrialState, create_trial

from tests.studies import searched
from tunesmith.report import write_report
from tunesmith.report.failures import Reason, reasons_of

MEMORY = "OutOfMemoryError: tried to allocate {} GiB"


def failing(*reasons: str, study: optuna.Study | None = None) -> optuna.Study:
    """A study with a failed trial for each reason."""
    study = study or optuna.create_study()
    for reason in reasons:
        attrs = {"reason": reason} if reason else {}
        study.add_trial(create_trial(state=TrialState.FAIL, user_attrs=attrs))
    return study


def test_reasons_that_differ_in_numbers_are_one() -> None:
    study = failing("lr1 got -1e-5", MEMORY.format(2.0), "", MEMORY.format(16), "lr2 got 0")
    assert reasons_of(study) == [
        Reason(MEMORY.format(16), (1, 3)),
        Reason("lr1 got -1e-5", (0,)),
        Reason("no reason given", (2,)),
        Reason("lr2 got 0", (4,)),
    ]


def test_the_page_of_a_search_where_all_failed_groups_their_reasons(tmp_path: Path) -> None:
    study = failing(*(["ValueError: <lr>"] * 12), MEMORY.format(1))
    page = write_report(study, path=tmp_path / "report.html").read_text()
    table = page.split('<section id="failures">')[1].split("</section>")[0]
    assert "<td>12</td><td>ValueError: &lt;lr&gt;</td><td>0, 1, 2, 3, 4, ...</td>" in table
    assert "<td>1</td><td>OutOfMemoryError: tried to allocate 1 GiB</td><td>12</td>" in table


def test_of_many_reasons_the_frequent_ones_are_shown(tmp_path: Path) -> None:
    study = failing(*(f"reason {chr(97 + i)}" for i in range(12)), "reason l")
    page = write_report(study, path=tmp_path / "report.html").read_text()
    assert page.index("<td>2</td><td>reason l</td>") < page.index("<td>1</td><td>reason a</td>")
    assert "And 2 more reasons, of fewer trials." in page


def test_a_search_without_failures_says_nothing_of_them(tmp_path: Path) -> None:
    study = searched(lambda t: t.suggest_float("x", 0, 1), trials=1)
    page = write_report(study, path=tmp_path / "report.html").read_text()
    assert 'id="failures"' not in page
    assert "1 trial is too few to judge the space by" in page
