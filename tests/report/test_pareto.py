"""Two objectives and means over repetitions, in the table, the plot and the summary."""

import csv
from pathlib import Path

import optuna
import plotly.graph_objects as go
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import create_trial
from rich.console import Console

from tunesmith.report import terminal_summary, write_front, write_report
from tunesmith.report.figure import BEST
from tunesmith.report.plots import plots

POINTS = [(100.0, 1.0), (1.0, 100.0), (10.0, 10.0), (50.0, 50.0)]


def study_of(points: list[tuple[float, float]]) -> optuna.Study:
    """A study of two objectives, both minimized, with these values."""
    study = optuna.create_study(directions=["minimize", "minimize"])
    study.set_user_attr("metric", ["error", "size"])
    for x, values in enumerate(points):
        space = {"x": FloatDistribution(0.0, 100.0)}
        study.add_trial(create_trial(params={"x": x}, distributions=space, values=list(values)))
    return study


def front_of(study: optuna.Study) -> go.Figure:
    """The plot of the front."""
    [front] = [plot for plot in plots(study) if plot.title == "Pareto front"]
    return front.panels[0].figure


def test_the_table_holds_the_whole_front_by_the_first_objective(tmp_path: Path) -> None:
    points = [(float(n), float(40 - n)) for n in range(30, 0, -1)] + [(99.0, 99.0)]
    path = write_front(study_of(points), path=tmp_path / "f.csv", repeat=lambda t: f"n {t.number}")
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [float(row["error"]) for row in rows] == [float(n) for n in range(1, 31)]
    assert rows[0] == {"trial": "29", "error": "1.0", "size": "39.0", "x": "29", "repeat": "n 29"}
    page = write_report(study_of(points), path=tmp_path / "r.html", top_n=3).read_text()
    assert page.count("<tr><td>") == 30


@pytest.mark.parametrize(
    ("points", "scale"), [(POINTS, "log"), ([(1.0, 1.0), (2.0, 2.0)], None), ([(-1.0, 9.0)], None)]
)
def test_a_front_over_decades_is_drawn_on_log_scales(
    points: list[tuple[float, float]], scale: str | None
) -> None:
    layout = front_of(study_of(points)).layout
    assert (layout.xaxis.type, layout.yaxis.type) == (scale, scale)


def test_the_front_stands_out_in_the_plot() -> None:
    figure = front_of(study_of(POINTS))
    red = [trace for trace in figure.data if trace.marker.color == BEST]
    assert [sorted(trace.x) for trace in red] == [[1.0, 10.0, 100.0]]


def test_the_summary_names_the_ends_of_the_front() -> None:
    console = Console(width=120)
    with console.capture() as capture:
        console.print(terminal_summary(study_of(POINTS), []))
    text = capture.get()
    assert "3 trials on the Pareto front" in text
    assert "best error: error 1, size 100, trial 1" in text
    assert "best size: error 100, size 1, trial 0" in text


def test_a_mean_over_repetitions_shows_its_deviation(tmp_path: Path) -> None:
    study = study_of(POINTS)
    numbered = study.get_trials()
    repeated = optuna.create_study(directions=["minimize", "minimize"])
    repeated.set_user_attr("metric", ["error", "size"])
    for trial in numbered:
        error, size = trial.values
        trial.user_attrs["repetitions"] = {"error": [error - 1, error + 1], "size": [size, size]}
        repeated.add_trial(trial)
    page = write_report(repeated, path=tmp_path / "r.html").read_text()
    assert "<td>10.0 ± 1.4</td><td>10</td>" in "".join(page.split("\n")).replace("  ", "")
