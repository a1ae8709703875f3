"""In which order the page tells what, and in which form."""

import re
from pathlib import Path

import optuna
import pytest
from optuna.trial import create_trial

from tests.report.test_page import text_of
from tests.studies import recorded_article, searched
from tunesmith.report import RUN_ID, Compared, ReportContext
from tunesmith.report.cards import cards_of
from tunesmith.report.figure import look
from tunesmith.report.plots import plots
from tunesmith.study import Candidate, Confirmation, summarize

COMMAND = "python train.py --config-dir 'a b' --config-name best"


def told() -> ReportContext:
    """All that a finished search knows of its report."""
    winner = Candidate("trial 1", [1.0, 1.2], 1, 0.9, [1.3, 1.5])
    return ReportContext(
        storage="sqlite:///optuna.db",
        facts=[("refit of the winner", "value reproduced exactly")],
        commands=[
            ("repeat the winner", COMMAND),
            ("this search there", "http://127.0.0.1:5000/#/x"),
        ],
        confirmation=Confirmation([winner], winner.label),
        data="Data: houses.csv",
        made=[
            ("command", "python train.py -m"),
            ("commit", "abc123"),
            ("versions", "optuna 5.0.0"),
        ],
    )


def test_the_value_on_test_rows_leads_and_the_flattering_best_follows() -> None:
    study = recorded_article(42)
    study.set_user_attr("metric", "val/mse")
    context = told()
    assert context.confirmation is not None
    cards = cards_of(summarize(study), study.trials[1], context)
    assert [card.label for card in cards[:3]] == [
        "winner's mse on the test rows",
        "winner's val/mse on new seeds",
        "best val/mse in the search",
    ]
    assert cards[0].figure == "1.40 ± 0.14"
    assert "flatters" in cards[2].remark


@pytest.mark.parametrize(
    "context",
    [
        ReportContext(tested=0.25),
        ReportContext(compared=[Compared("it", 1.0, 0.25, is_winner=True)]),
    ],
    ids=["by its refit", "beside other models"],
)
def test_without_a_confirmation_the_refits_test_leads(context: ReportContext) -> None:
    study = searched(lambda t: t.suggest_float("x", 0, 1), trials=5)
    first, second, *_ = cards_of(summarize(study), None, context)
    assert (first.figure, second.label) == ("0.25", "best value")


def test_the_page_goes_from_the_winner_to_what_made_it(tmp_path: Path) -> None:
    text = text_of(recorded_article(42), tmp_path, context=told())
    ids = re.findall(r'<section id="(\w+)"', text)
    assert ids == ["winner", "best", "commands", "advice", "confirmation", "top", "data", "made"]
    plots_from = text.index('id="plot-history"')
    assert text.index('id="commands"') < plots_from < text.index('id="made"')


def test_only_commands_stand_in_code_boxes_each_with_a_button(tmp_path: Path) -> None:
    text = text_of(recorded_article(42), tmp_path, context=told())
    boxes = re.findall(r"<pre><code>(.*?)</code></pre>(.*)", text)
    assert [box for box, _ in boxes] == [
        COMMAND.replace("'", "&#39;"),
        "optuna-dashboard sqlite:///optuna.db",
    ]
    assert all(rest.startswith('<button type="button">copy</button>') for _, rest in boxes)
    assert '<dd><a href="http://127.0.0.1:5000/#/x">' in text
    assert "<dt>refit of the winner</dt><dd>value reproduced exactly</dd>" in text


def test_what_made_the_search_is_told(tmp_path: Path) -> None:
    text = text_of(recorded_article(42), tmp_path, context=told())
    made = text[text.index('id="made"') :]
    for expected in ("<code>python train.py -m</code>", "abc123", "optuna 5.0.0"):
        assert expected in made


def test_runs_are_links_where_their_store_has_pages(tmp_path: Path) -> None:
    study = optuna.create_study()
    study.add_trial(create_trial(value=1.0, user_attrs={"mlflow.run_id": "abcdef0123"}))
    context = ReportContext(run_page=f"http://127.0.0.1:5000/#/experiments/1/runs/{RUN_ID}?a=b")
    text = text_of(study, tmp_path, context=context)
    assert 'href="http://127.0.0.1:5000/#/experiments/1/runs/abcdef0123?a=b"' in text


def test_every_colour_of_plots_is_one_of_both_schemes(tmp_path: Path) -> None:
    study = recorded_article(42)
    text = text_of(study, tmp_path)
    bright, dark = text.split("prefers-color-scheme: dark", maxsplit=1)
    drawn = "".join(panel.json for plot in plots(study) for panel in plot.panels)
    used = set(re.findall(r"var\((--\w+)\)", drawn + str(look().to_plotly_json())))
    assert {"--ink", "--paper", "--grid", "--point", "--best"} <= used
    for scheme in (bright, dark.split("}")[0]):
        assert used <= set(re.findall(r"(--\w+):", scheme))


def test_a_page_that_draws_nothing_is_small(tmp_path: Path) -> None:
    study = optuna.create_study()
    assert len(text_of(study, tmp_path)) < 20_000
    assert (tmp_path / "report.html").stat().st_size < 20_000


def test_a_front_of_many_trials_is_scrolled(tmp_path: Path) -> None:
    study = optuna.create_study(directions=["minimize", "minimize"])
    study.add_trials([create_trial(values=[float(n), float(-n)]) for n in range(40)])
    text = text_of(study, tmp_path)
    assert '<div class="scroll tall">' in text
