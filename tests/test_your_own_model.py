"""The walk-through of docs/how-to/own-model.md, from an empty folder, as it is written."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from optuna.trial import TrialState

from tests.commands import ROOT, environment, read_trials
from tests.mlflow_store import runs_of

pytestmark = pytest.mark.slow
PAGE = (ROOT / "docs" / "how-to" / "own-model.md").read_text()
BLOCKS = re.findall(r"([^\n]+)\n\n```(\w+)\n(.*?)```", PAGE, re.DOTALL)
FILES = {
    re.findall(r"`([\w./]+\.(?:py|yaml))`", before)[0]: block
    for before, language, block in BLOCKS
    if language in ("python", "yaml")
}
COMMANDS = [
    line for _, language, block in BLOCKS if language == "sh" for line in block.splitlines()
]
# The name that the page shows is the one that its files give.
(STUDY,) = set(re.findall(r"digits-[0-9a-f]{8}", PAGE))


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder after all files of the page are written and all its commands have run."""
    folder = tmp_path_factory.mktemp("own")
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    for line in COMMANDS:
        program, *arguments = shlex.split(line)
        assert program == "python"
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == ""
    return folder


def metrics_of(folder: Path) -> dict[str, float]:
    """The metrics that a run left in its folder."""
    metrics: dict[str, float] = yaml.safe_load((folder / "metrics.yaml").read_text())
    return metrics


def test_the_page_has_a_file_for_each_part_and_commands() -> None:
    assert set(FILES) == {
        "digits.py",
        "train.py",
        *(f"conf/{group}/digits.yaml" for group in ("data", "model", "experiment")),
        "conf/hparams_search/digits.yaml",
    }
    assert len(COMMANDS) == 5


def test_the_search_is_pruned_tracked_and_finds_better_than_the_default(walked: Path) -> None:
    trials = read_trials(f"sqlite:///{walked}/outputs/optuna.db", STUDY)
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    pruned = [trial for trial in trials if trial.state == TrialState.PRUNED]
    assert len(complete) + len(pruned) == len(trials) == 20
    assert pruned
    assert all(len(trial.intermediate_values) < 10 for trial in pruned)
    best = max(trial.value or 0.0 for trial in complete)
    assert best > (trials[0].value or 0.0) + 0.05
    runs = {run.info.run_id: run for run in runs_of(walked / "outputs")}
    for trial in trials:
        run = runs[trial.user_attrs["mlflow.run_id"]]
        assert run.data.tags["optuna.trial_state"] == trial.state.name
        assert not [name for name in run.data.metrics if name.startswith("test/")]
        if trial.value is not None:
            assert run.data.metrics["val/acc"] == trial.value


def test_the_winner_is_tested_and_repeats_from_its_config(walked: Path) -> None:
    trials = read_trials(f"sqlite:///{walked}/outputs/optuna.db", STUDY)
    winner = metrics_of(walked / "outputs" / "searches" / STUDY / "best")
    assert winner["val/acc"] == max(trial.value or 0.0 for trial in trials)
    assert winner["test/acc"] > 0.9
    _, repeated, _ = sorted(walked.glob("outputs/runs/*/*"))
    assert metrics_of(repeated) == winner


def test_the_best_epoch_of_a_longer_fit_is_what_is_kept(walked: Path) -> None:
    *_, longer = sorted(walked.glob("outputs/runs/*/*"))
    metrics = metrics_of(longer)
    assert metrics["best_epoch"] == metrics["epochs"] - 5
    assert (longer / "checkpoint.ckpt").exists()


def test_a_classifier_has_a_learning_curve_and_no_predicted_versus_true(walked: Path) -> None:
    for folder in walked.glob("outputs/runs/*/*"):
        assert (folder / "learning_curve.html").exists()
        assert not (folder / "predicted_vs_true.html").exists()


def test_the_quick_check_records_nothing_and_lies_apart(walked: Path) -> None:
    [folder] = walked.glob("outputs/debug/*/*")
    assert metrics_of(folder)["epochs"] == 1
    folders = {run.data.tags.get("hydra.dir") for run in runs_of(walked / "outputs")}
    assert str(folder) not in folders


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("model=digit",), "try model=digits"),
        (("experiment=digits", "model.n_hiden=3"), "did you mean model.n_hidden"),
        (("model._target_=mine.Model",), 'add the line "mine.*", to TRUSTED in train.py'),
    ],
)
def test_a_mistake_in_ones_own_folder_is_one_clear_line(
    walked: Path, arguments: tuple[str, ...], expected: str
) -> None:
    done = subprocess.run(
        [sys.executable, "train.py", *arguments],
        cwd=walked,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1
