import math
import re
from pathlib import Path
from types import ModuleType

import optuna
import plotly.graph_objects as go
import pytest
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState, create_trial

from tests.studies import add, recorded_article, searched
from tunesmith.advice import rules
from tunesmith.report import Compared, ReportContext, history, page, write_report
from tunesmith.report.plots import plots
from tunesmith.study import Candidate, Confirmation

KEYS = re.compile(r'id="plot-([\w-]+)"')


def text_of(study: optuna.Study, folder: Path, **kwargs: object) -> str:
    """The page without the library it embeds."""
    path = write_report(study, path=folder / "report.html", **kwargs)  # type: ignore[arg-type]
    return path.read_text().split("<script>")[0]


def test_the_page_holds_plotly_once_and_loads_nothing(tmp_path: Path) -> None:
    page = write_report(recorded_article(42), path=tmp_path / "report.html").read_text()
    assert page.count("* plotly.js v") == 1
    assert "<script src" not in page
    assert '<link rel="stylesheet"' not in page


def test_summary_table_and_advice_are_written(tmp_path: Path) -> None:
    study = recorded_article(42)
    study.set_user_attr("baseline", 0)
    study.set_user_attr("metric", "val/mse")
    text = text_of(study, tmp_path)
    for expected in (
        "87 complete, 13 pruned",
        "gain over the baseline",
        "What to do next",
        "best val/mse",
    ):
        assert expected in text


def test_epochs_saved_by_pruning_are_counted(tmp_path: Path) -> None:
    study = searched(lambda t: t.suggest_float("x", 0, 1), trials=3)
    study.set_user_attr("max_epochs", 100)
    add(study, TrialState.PRUNED, epochs=30)
    text = text_of(study, tmp_path)
    assert "70 saved by pruning" in text


def test_folders_are_linked_relative_to_the_page(tmp_path: Path) -> None:
    study = optuna.create_study()
    attrs = {"hydra.dir": str(tmp_path / "trials" / "0"), "mlflow.run_id": "abcdef0123"}
    study.add_trial(create_trial(value=1.0, user_attrs=attrs))
    text = text_of(study, tmp_path)
    assert 'href="trials/0"' in text
    assert "<code>abcdef0123</code>" in text


def test_the_context_is_shown(tmp_path: Path) -> None:
    study = searched(lambda t: t.suggest_float("x", 0, 1), trials=5)
    best = study.best_trial.number
    # The search's best is not the best on new seeds.
    number = next(n for n in range(1, 5) if n != best)
    winner = Candidate(f"trial {number}", [1.0, 1.2], number, 0.9, [1.3, 1.5])
    baseline = Candidate("baseline", [2.0, 2.2], 0, 2.1, [2.3, 2.5])
    context = ReportContext(
        storage="sqlite:///my store.db",
        commands=[("Repeat the winner", "python train.py --config-name best")],
        confirmation=Confirmation([winner, baseline], winner.label, "baseline"),
        data="Data: <houses>.csv",
        compared=[
            Compared("ridge regression", 1.0, 2.05),
            Compared(f"the winner, trial {number}", 1.1, 2.15, is_winner=True),
        ],
        fit=[("Confusion matrix", go.Figure(go.Heatmap(z=[[3, 1], [0, 4]])).to_json())],
    )
    text = text_of(study, tmp_path, context=context)
    for expected in (
        f"Trained again on 2 new seeds, trial {number}",
        f"Parameters of the winner, trial {number}</h2>",
        f"Parameters of the search's best, trial {best}</h2>".replace("'", "&#39;"),
        "on new seeds</span><b>1.10 ± 0.14</b>",
        "the search flattered it by 0.2",
        "On test, baseline reaches 2.4",
        "<h2>Beside models that nobody tuned</h2>",
        "The search found nothing better than ridge regression.",
        "<tr><td>ridge regression</td><td>1</td><td>2.05</td></tr>",
        "<pre>Data: &lt;houses&gt;.csv</pre>",
        "<h2>Confusion matrix</h2>",
        '"z":[[3,1],[0,4]]',
        "python train.py --config-name best",
        "optuna-dashboard &#39;sqlite:///my store.db&#39;",
    ):
        assert expected in text


@pytest.mark.parametrize(
    ("trials", "said"),
    [(12, "12 trials are too few to judge the space by"), (60, "60 trials differ too little")],
)
def test_without_advice_it_says_whether_the_evidence_is_thin(
    tmp_path: Path, trials: int, said: str
) -> None:
    study = searched(lambda t: 0.0 * t.suggest_float("x", 0, 1), trials=trials)
    assert said in text_of(study, tmp_path)


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_one_bad_trial_does_not_flatten_the_others(direction: str) -> None:
    sign = 1 if direction == "minimize" else -1
    study = optuna.create_study(direction=direction)
    for value in (*range(20), 1e6):
        trial = create_trial(
            value=sign * float(value - 5),
            params={"x": value / 1e6},
            distributions={"x": FloatDistribution(0, 1)},
        )
        study.add_trial(trial)
    drawn = {plot.title: plot for plot in plots(study)}
    for title in ("History", "Slices"):
        plot = drawn[title]
        figure = plot.panels[0].figure
        low, high = figure.layout.yaxis.range
        assert 20 < high - low < 40
        assert "1 worse value lies outside" in plot.caption
        outside = next(trace for trace in figure.data if trace.name == "outside the axis")
        assert list(outside.y) == [high if direction == "minimize" else low]


def test_importance_from_few_trials_comes_with_a_caution() -> None:
    few, many = (
        searched(lambda t: t.suggest_float("x", 0, 1) + t.suggest_float("y", 0, 9), trials=count)
        for count in (12, 60)
    )
    cautions = {}
    for study in (few, many):
        of_importance = [plot for plot in plots(study) if plot.title.startswith("Importance")]
        assert len(of_importance) == 2
        cautions[len(study.trials)] = ["may contradict" in plot.caption for plot in of_importance]
    assert cautions == {12: [True, True], 60: [False, False]}


def test_names_are_escaped(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>"
    study = searched(lambda t: t.suggest_float(name, 0, 1), trials=12)
    page = write_report(study, path=tmp_path / "report.html").read_text()
    assert name not in page


def test_surplus_attempts_are_not_shown(tmp_path: Path) -> None:
    study = searched(lambda t: t.suggest_float("x", 0, 1), trials=3)
    add(study, TrialState.FAIL, fail_kind="surplus")
    assert "3 complete</span>" in text_of(study, tmp_path)


@pytest.mark.parametrize(
    "states", [[], [TrialState.RUNNING], [TrialState.FAIL, TrialState.WAITING]]
)
def test_a_study_without_results_still_has_a_page(tmp_path: Path, states: list[TrialState]) -> None:
    study = optuna.create_study()
    for state in states:
        add(study, state)
    text = text_of(study, tmp_path)
    assert "data-plot" not in text
    assert "Best parameters" not in text


def test_values_that_are_not_finite_are_no_leaders(tmp_path: Path) -> None:
    study = searched(lambda t: t.suggest_float("x", 0, 1), trials=12)
    dists = {"x": FloatDistribution(0, 1)}
    study.add_trial(create_trial(params={"x": 0.5}, distributions=dists, value=-math.inf))
    text = text_of(study, tmp_path)
    assert ">-inf<" not in text
    assert "1 without a finite value" in text


def with_lists(trial: optuna.Trial) -> float:
    hidden = trial.suggest_categorical("hidden", [[8, 8], [16], {"a": 1}])
    return trial.suggest_float("x", 0, 1) + len(hidden)


@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution")
def test_choices_that_are_lists_or_dicts_are_plotted_as_texts(tmp_path: Path) -> None:
    study = searched(with_lists, trials=20)
    before = study.get_trials()
    text = text_of(study, tmp_path)
    assert KEYS.findall(text) == [
        "history",
        "slice-0",
        "slice-1",
        "fanova",
        "ped-anova",
        "contour",
        "parallel",
    ]
    assert "[8, 8]" in text
    assert study.get_trials() == before


def valued(*values: float) -> optuna.Study:
    """A study of two parameters whose trials came to these values; NaN fails."""
    left = iter(values)

    def objective(trial: optuna.Trial) -> float:
        for name in "xy":
            trial.suggest_float(name, 0, 1)
        return next(left)

    return searched(objective, trials=len(values))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([math.inf] * 12, "No trial is complete with a finite value"),
        ([math.nan] * 12, "12 of 12 trials diverged or failed"),
        ([1.0], "Search to minimize"),
        ([1.0] * 30, "Search to minimize"),
        ([-1e308, 1e308] * 15, "Search to minimize"),
        ([-math.inf, math.inf, 0.5, math.nan] * 8, "Search to minimize"),
    ],
    ids=["infinite", "nan", "one", "constant", "huge", "mixed"],
)
def test_a_study_of_any_values_has_its_page(
    tmp_path: Path, values: list[float], expected: str
) -> None:
    assert expected in text_of(valued(*values), tmp_path)


@pytest.mark.parametrize(
    ("module", "made"),
    [(history, "_best_so_far"), (page, "_row"), (rules, "advise_failures")],
)
def test_what_cannot_be_made_leaves_a_sentence_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, made: str
) -> None:
    def stumble(*_: object, **__: object) -> None:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(module, made, stumble)
    text = text_of(valued(3.0, 2.0, 1.0), tmp_path)
    assert text.count("ZeroDivisionError: of all things") == 1
    assert "Best parameters" in text


def test_a_rewrite_replaces_the_page_in_one_step(tmp_path: Path) -> None:
    study = searched(lambda t: t.suggest_float("x", 0, 1), trials=3)
    for _ in range(2):
        write_report(study, path=tmp_path / "report.html")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_trials_over_several_spaces_have_a_page_and_advice(tmp_path: Path) -> None:
    study = optuna.create_study()
    spaces: list[dict[str, BaseDistribution]] = [
        {"x": FloatDistribution(0, 1)},
        {"x": FloatDistribution(-9, 9, step=0.5)},
        {"x": CategoricalDistribution([0.5, "a"])},
        {"x": FloatDistribution(1e-3, 9, log=True), "y": IntDistribution(0, 4)},
        {},
    ]
    for space in spaces:
        params = {"x": 0.5, "y": 1}
        drawn = {name: params[name] for name in space}
        for value in range(8):
            study.add_trial(create_trial(params=drawn, distributions=space, value=value))
    assert "40 complete" in text_of(study, tmp_path)
