"""What a search says while it goes: on a terminal of some width, and in a log."""

import io
import re
import threading

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial
from rich.cells import cell_len
from rich.console import Console

from tunesmith.report import terminal_summary
from tunesmith.search.console import Progress
from tunesmith.search.pace import Pace, rough
from tunesmith.search.session import _console
from tunesmith.study import FailKind, Failure
from tunesmith.study.record import failure_attributes

SPACE = {f"model.part_{i}.rate": FloatDistribution(0, 1) for i in range(10)}
WHY = Failure(FailKind.EXCEPTION, "ValueError: no such luck")
WIDE = {"モデル.層": CategoricalDistribution(["畳み込み層", "全結合層"])}


def study_of(*states: TrialState, space: dict[str, object] = SPACE) -> optuna.Study:
    study = optuna.create_study()
    for number, state in enumerate(states):
        add(study, state, value=float(10 - number), space=space)
    return study


def add(
    study: optuna.Study, state: TrialState, *, value: float = 1.0, space: dict[str, object] = SPACE
) -> None:
    params = {
        name: dist.choices[0] if isinstance(dist, CategoricalDistribution) else i / 12
        for i, (name, dist) in enumerate(space.items())
    }
    study.add_trial(
        create_trial(
            params=params,
            distributions=space,  # type: ignore[arg-type]
            state=state,
            value=value if state == TrialState.COMPLETE else None,
            intermediate_values={5: 0.25, 10: 0.125} if state == TrialState.RUNNING else {},
        )
    )


def on_terminal(study: optuna.Study, *, width: int, height: int = 30, n_jobs: int = 2) -> list[str]:
    """The lines that are shown on a terminal in the midst of a search of 20 trials."""
    console = Console(
        file=io.StringIO(), width=width, height=height, force_interactive=True, color_system=None
    )
    empty = optuna.create_study()
    progress = Progress(empty, n_trials=20, n_jobs=n_jobs, console=console)
    progress.update(study)
    with console.capture() as captured:
        console.print(progress._block())
    return captured.get().splitlines()


def log_of(study: optuna.Study, *later: TrialState, n_trials: int, unit: str = "trials") -> str:
    """What is printed to a log while trials are added to a study."""
    stream = io.StringIO()
    console = Console(file=stream)
    with Progress(study, n_trials=n_trials, n_jobs=1, console=console, unit=unit) as progress:
        for state in later:
            add(study, state, value=0.5)
            progress.update(study)
    return stream.getvalue()


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("space", [SPACE, WIDE])
def test_a_terminal_shows_all_within_its_width(width: int, space: dict[str, object]) -> None:
    study = study_of(TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, space=space)
    lines = on_terminal(study, width=width)
    assert max(map(cell_len, lines)) <= width
    assert lines[0].startswith("2/20 trials · ")
    text = "".join("".join(lines).split())
    for name, value in study.trials[0].params.items():
        assert f"{name}={value:.4g}" in text if isinstance(value, float) else f"{name}={value}"
    for said in ("left", "1pruned", "1failed", "0of2workersatwork", "best10,trial0:"):
        assert said in text


@pytest.mark.parametrize(
    ("height", "rows", "params"), [(60, 2, True), (14, 2, False), (7, 0, False)]
)
def test_trials_under_way_are_a_table_where_it_fits(height: int, rows: int, params: bool) -> None:
    study = study_of(TrialState.COMPLETE, TrialState.RUNNING, TrialState.RUNNING)
    lines = on_terminal(study, width=80, height=height)
    assert len(lines) < height
    assert sum(line.split()[2:5] == ["s", "10", "0.125"] for line in lines) == rows
    assert any("parameters" in line for line in lines) == params
    assert not any("step" in line for line in on_terminal(study, width=80, n_jobs=1))


def test_workers_that_load_their_libraries_are_said_to_start() -> None:
    assert "2 workers are starting" in on_terminal(study_of(), width=80)[0]
    assert "0 s into the next one" in on_terminal(study_of(), width=80, n_jobs=1)[0]
    begun = study_of(TrialState.RUNNING)
    assert "1 of 2 workers at work" in on_terminal(begun, width=80)[0]


def test_a_log_gets_five_lines_and_each_best_once_with_its_parameters() -> None:
    study = study_of()
    printed = log_of(study, *[TrialState.COMPLETE] * 100, n_trials=100)
    lines = printed.splitlines()
    assert [line.split(" ")[0] for line in lines] == [f"{20 * i}/100" for i in range(1, 6)]
    assert "\x1b" not in printed
    assert "best 0.5 (trial 0: model.part_0.rate=0 model.part_1.rate=0.08333 " in lines[0]
    assert lines[1].endswith("best 0.5 (trial 0)")


@pytest.mark.parametrize("n_ended", [0, 1])
def test_a_log_shows_that_a_long_trial_is_still_under_way(n_ended: int) -> None:
    study = study_of(*[TrialState.COMPLETE] * n_ended)
    console = Console(file=io.StringIO())
    spoke = threading.Event()
    console.print = lambda text, **_: (said.append(str(text)), spoke.set())  # type: ignore
    said: list[str] = []
    with Progress(study, n_trials=9, n_jobs=1, console=console, silence_s=0.05):
        assert spoke.wait(60)
    told = f"{n_ended}/9 trials · time left unknown · none ended in the last 0 s"
    assert said[0].startswith(told)


def test_why_trials_fail_is_said_while_others_go_on() -> None:
    study = study_of()
    with_reason = create_trial(state=TrialState.FAIL, user_attrs=failure_attributes(WHY))
    stream = io.StringIO()
    with Progress(study, n_trials=3, n_jobs=1, console=Console(file=stream)) as progress:
        for _ in range(2):
            add(study, TrialState.COMPLETE)
            study.add_trial(with_reason)
            progress.update(study)
    first, second = stream.getvalue().splitlines()
    assert " · 1 failed · " in first
    assert first.endswith(" · failed: ValueError: no such luck, trial 1")
    assert second.endswith(" · failed: ValueError: no such luck, trial 3")


def test_fits_on_other_seeds_have_no_best_one() -> None:
    printed = log_of(study_of(), TrialState.COMPLETE, n_trials=1, unit="fits")
    assert printed.startswith("1/1 fits · in ")
    assert "best" not in printed


def test_what_is_left_counts_down_and_never_below_what_the_rest_takes() -> None:
    now = 0.0
    pace = Pace(11, done=0, timeout=1000, clock=lambda: now)
    assert pace.left() == "time limit in 17 min"
    now = 50.0  # Workers take as long to start.
    pace.update(0, is_begun=False)
    now = 60.0
    pace.update(1, is_begun=True)
    assert pace.left() == "2 min left"
    now = 70.0
    assert pace.left() == "2 min left"
    pace.update(10, is_begun=True)
    assert pace.left() == "2 s left"
    now = 75.0
    assert pace.left() == "the last one takes longer"
    assert pace.silent() == 5.0


def test_a_time_limit_is_told_where_it_comes_before_the_last_trial() -> None:
    now = 0.0
    pace = Pace(10**6, done=0, timeout=3600, clock=lambda: now)
    now = 1.0
    pace.update(1, is_begun=True)
    assert pace.left() == "time limit in 60 min"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (5400, "1 h 30 min")]
)
def test_a_rough_time_has_one_unit_or_two(seconds: float, text: str) -> None:
    assert rough(seconds) == text


@pytest.mark.parametrize(("variable", "is_coloured"), [("FORCE_COLOR", True), ("NO_COLOR", False)])
def test_a_pipe_has_colours_where_they_are_asked_for_and_no_line_is_rewritten(
    monkeypatch: pytest.MonkeyPatch, variable: str, is_coloured: bool
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "1")
    stream, study = io.StringIO(), study_of(TrialState.COMPLETE)
    console = _console(stream)
    with Progress(study, n_trials=2, n_jobs=1, console=console) as progress:
        add(study, TrialState.COMPLETE, value=0.5)
        progress.update(study)
    console.print(terminal_summary(study, []))
    codes = re.findall(r"\x1b\[[^A-Za-z]*[A-Za-z]|\x1b[^\[]|\r", stream.getvalue())
    assert bool(codes) is is_coloured
    assert all(code.endswith("m") for code in codes)
    assert "2/2 trials" in re.sub(r"\x1b\[[^A-Za-z]*[A-Za-z]", "", stream.getvalue())
