"""A page that is written again shows what the search told its own."""

import json
from dataclasses import fields, replace
from pathlib import Path

import optuna
import pytest

from tests.studies import searched
from tunesmith.paths import SearchPaths
from tunesmith.report import Compared, ReportContext, keep_context
from tunesmith.report.__main__ import main
from tunesmith.report.kept import kept_context

TOLD = ReportContext(
    facts=[("refit of the winner", "outputs/searches/s/best")],
    commands=[("repeat the winner", "python train.py x=1"), ("to continue", "python train.py -m")],
    data="rows       100",
    compared=[Compared("linear", 0.5, None), Compared("the winner", 0.25, 0.375, is_winner=True)],
    fit=[("Residuals", '{"data": [], "layout": {"height": 300}}')],
    tested=0.375,
    run_page="http://localhost:5000/#/experiments/1/runs/RUN_ID",
    made=[("command", "python train.py -m hparams_search=s"), ("commit", "abc")],
)


def study_of(folder: Path, *, n_trials: int = 3) -> optuna.Study:
    """A search's study, whose folder holds what was told of it."""
    study = searched(lambda t: t.suggest_float("x", 0, 1), trials=n_trials)
    keep_context(TOLD, study, SearchPaths(folder))
    return study


def test_all_comes_back_that_the_study_does_not_tell(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    found = kept_context(study, tmp_path)
    assert found == TOLD
    told = {field.name for field in fields(TOLD) if getattr(TOLD, field.name)}
    assert told == {field.name for field in fields(TOLD)} - {"storage", "confirmation", "advice"}


def test_after_further_trials_nothing_is_said_of_the_former_winner(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=1)
    assert kept_context(study, tmp_path) == replace(
        TOLD, facts=(), compared=(), fit=(), tested=None
    )


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"trials": 3', json.dumps({"facts": 1})])
def test_a_search_that_kept_nothing_is_shown_without_it(tmp_path: Path, text: str | None) -> None:
    study = study_of(tmp_path)
    file = SearchPaths(tmp_path).report_context
    file.unlink()
    if text is not None:
        file.write_text(text)
    assert kept_context(study, tmp_path) == kept_context(study, None) == ReportContext()


def test_a_study_that_is_named_in_its_store_finds_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/optuna.db"
    study = optuna.create_study(study_name="s", storage=url)
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=2)
    study.set_user_attr("folder", str(tmp_path / "s"))
    keep_context(TOLD, study, SearchPaths(tmp_path / "s"))
    page = tmp_path / "page.html"
    assert main(["--storage", url, "--study", "s", "--output", str(page)]) == 0
    for section in ("commands", "compared", "data", "made"):
        assert f'<section id="{section}">' in page.read_text()
    assert "python train.py x=1" in capsys.readouterr().out
