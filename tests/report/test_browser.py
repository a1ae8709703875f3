"""Open the page in a real browser: no script error, and every plot is drawn."""

import re
import shutil
import subprocess
import time
from pathlib import Path

import optuna
import pytest

from tests.studies import article
from tunesmith.report import write_report

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    # Parallel coordinates are drawn by WebGL, here without a graphics card.
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--no-first-run",
    "--enable-logging=stderr",
    "--virtual-time-budget=60000",
    "--dump-dom",
)


def objective(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", -5, 5)
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    size = trial.suggest_int("size", 1, 64)
    flag = trial.suggest_categorical("flag", [True, False])
    value = x**2 + lr + (kind == "b") + size / 64 + 0.1 * flag
    for step in range(5):
        trial.report(value + 1 / (step + 1), step)
    return value


def finished() -> optuna.Study:
    study = article(1, trials=60)
    study.set_user_attr("baseline", 0)
    return study


def running() -> optuna.Study:
    study = optuna.create_study()
    study.optimize(objective, n_trials=12)
    study.ask(study.best_trial.distributions)
    study.enqueue_trial({"x": 0.0})
    return study


def two_objectives() -> optuna.Study:
    study = optuna.create_study(directions=["minimize", "maximize"])
    study.optimize(lambda t: (objective(_Silent(t)), t.params["x"]), n_trials=30)
    return study


class _Silent:
    """A trial that reports nothing: Optuna refuses reports of several objectives."""

    def __init__(self, trial: optuna.Trial) -> None:
        self._trial = trial

    def __getattr__(self, name: str) -> object:
        return (lambda *_: None) if name == "report" else getattr(self._trial, name)


def thousand() -> optuna.Study:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=1000)
    return study


ALL = {"history", "fanova", "ped-anova", "parallel", "contour", *(f"slice-{i}" for i in range(4))}


@pytest.mark.parametrize(
    ("study", "expected"),
    [
        (finished, ALL),
        (running, ALL | {"intermediate", "slice-4"}),
        (thousand, ALL | {"intermediate", "slice-4"}),
        (optuna.create_study, set()),
        (
            two_objectives,
            {"pareto"}
            | {f"{key}-{i}" for i in (0, 1) for key in ("history", "fanova", "parallel", "contour")}
            | {f"slice-{i}-{j}" for i in (0, 1) for j in range(5)},
        ),
    ],
    ids=["finished", "running", "thousand", "empty", "two objectives"],
)
def test_every_plot_is_drawn_without_a_script_error(
    study: object, expected: set[str], tmp_path: Path
) -> None:
    assert callable(study)
    path = write_report(study(), path=tmp_path / "report.html")
    dom, log = browse(path, profile=tmp_path / "profile")
    assert not re.findall(r"CONSOLE.*(?:Error|Uncaught|Refused).*", log)
    body = re.sub(r"<script.*?</script>", "", dom, flags=re.DOTALL)
    parts = re.split(r'id="plot-([\w-]+)"', body)
    drawn = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert set(drawn) == expected
    assert all("main-svg" in part for part in drawn.values())
    assert not expected or 'data-drawn="all"' in dom


def test_plots_follow_a_dark_screen(tmp_path: Path) -> None:
    path = write_report(running(), path=tmp_path / "report.html")
    dark = "--blink-settings=preferredColorScheme=0"
    dom, _ = browse(path, dark, profile=tmp_path / "profile")
    body = re.sub(r"<(script|style).*?</\1>", "", dom, flags=re.DOTALL)
    # Its paper and its points, as the style sheet has them for dark screens.
    for colour in ("rgb(23, 29, 36)", "rgb(110, 168, 224)"):
        assert colour in body


def test_a_thousand_trials_are_written_quickly(tmp_path: Path) -> None:
    study = thousand()
    started = time.perf_counter()
    path = write_report(study, path=tmp_path / "report.html")
    assert time.perf_counter() - started < 60
    assert path.stat().st_size < 10e6


def browse(path: Path, *options: str, profile: Path) -> tuple[str, str]:
    """The document after its scripts have run, and what the browser logged."""
    command = next(filter(None, map(shutil.which, _NAMES)), None)
    if command is None:
        pytest.fail(f"this test opens the report in a browser: install one of {', '.join(_NAMES)}")
    arguments = [command, *_OPTIONS, *options, f"--user-data-dir={profile}", path.as_uri()]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300, check=True)
    return done.stdout, done.stderr
