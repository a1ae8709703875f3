"""What release 0.1.0 left behind is opened, continued, reported and repeated by this one."""

import shlex
import sqlite3
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from optuna.trial import TrialState

from tests.commands import ROOT, environment, read_trials

KEPT = Path(__file__).parent / "release_0_1_0"
COMMANDS = (KEPT / "commands.txt").read_text().splitlines()
# The name that 0.1.0 gave to the study of each command without one.
NAMES = {
    "quadratic": "quadratic-95ad56a1",
    "mlp": "mlp-52ab15a1",
    "function": "function-7468fbeb",
    "lightgbm": "lightgbm-2b5c6de4",
    "data=csv": "mlp-af7dfce5",
    "mlp_pareto": "mlp_pareto-0a3be8ea",
    "dying.py": "function-1ca116be",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working directory as 0.1.0 left it."""
    with tarfile.open(KEPT / "outputs.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    for text in (p for p in tmp_path.rglob("*") if p.suffix in (".yaml", ".sql")):
        named = text.read_text().replace("{ROOT}", str(tmp_path)).replace("{CHECKOUT}", str(ROOT))
        text.write_text(named)
    for dump in tmp_path.glob("outputs/*.sql"):
        with sqlite3.connect(dump.with_suffix(".db")) as database:
            database.executescript(dump.read_text())
        database.close()
    return tmp_path


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
    )


def succeed(line: str, *more: str, cwd: Path) -> str:
    """What one of the kept commands prints today."""
    script, *arguments = shlex.split(line.removeprefix("DIE=1 "))
    done = run(str(ROOT / script), *arguments, *more, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def command_of(key: str) -> str:
    """The first of the kept commands that holds a word."""
    return next(line for line in COMMANDS if f"hparams_search={key} " in line or key in line)


@pytest.mark.parametrize(("key", "name"), NAMES.items())
def test_the_same_command_names_the_study_that_0_1_0_began(
    folder: Path, key: str, name: str
) -> None:
    printed = succeed(command_of(key), "dry_run=true", cwd=folder)
    assert f"{name}\n" in printed


def test_a_search_of_0_1_0_is_continued_and_confirmed(folder: Path) -> None:
    name, url = NAMES["mlp"], f"sqlite:///{folder}/outputs/optuna.db"
    before = read_trials(url, name)
    succeed(command_of("mlp"), "hydra.sweeper.n_trials=14", cwd=folder)
    after = read_trials(url, name)
    assert [t.params for t in after[: len(before)]] == [t.params for t in before]
    assert len(after) == len(before) + 2
    # What was confirmed is not fitted again: only candidates that are new are.
    assert len(read_trials(url, f"{name}-confirm")) >= 6
    assert (folder / "outputs" / "searches" / name / "report.html").stat().st_size > 1_000_000


def test_a_trial_that_died_under_0_1_0_is_attempted_again(folder: Path) -> None:
    url = f"sqlite:///{folder}/outputs/optuna.db"
    assert read_trials(url, "killed")[2].state == TrialState.RUNNING
    succeed(command_of("study_name=killed"), cwd=folder)
    trials = read_trials(url, "killed")
    states = [trial.state for trial in trials]
    assert states.count(TrialState.COMPLETE) == 6
    assert states[2] == TrialState.FAIL
    (retry,) = (trial for trial in trials if trial.system_attrs.get("failed_trial") == 2)
    assert retry.params == trials[2].params


@pytest.mark.parametrize("name", [NAMES["mlp"], NAMES["mlp_pareto"], NAMES["function"], "repeated"])
def test_a_search_folder_of_0_1_0_is_reported(folder: Path, name: str) -> None:
    done = run("-m", "tunesmith.report", f"outputs/searches/{name}", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert name in done.stdout
    assert (folder / "outputs" / "searches" / name / "report.html").exists()


@pytest.mark.parametrize(
    ("key", "number"), [("mlp", 1), ("lightgbm", 1), ("function", 1), ("quadratic", 2)]
)
def test_a_trial_of_0_1_0_is_repeated_from_its_folder(folder: Path, key: str, number: int) -> None:
    name = NAMES[key]
    trial = read_trials(f"sqlite:///{folder}/outputs/optuna.db", name)[number]
    config = f"outputs/searches/{name}/trials/{number}/.hydra"
    printed = succeed(f"train.py --config-dir {config} --config-name config", cwd=folder)
    (metrics,) = folder.glob("outputs/runs/*/*/metrics.yaml")[-1:]
    metric = trial.study_metric  # placeholder
    assert printed


def test_the_winner_and_the_next_search_of_0_1_0_run(folder: Path) -> None:
    config = f"outputs/searches/{NAMES['mlp']}"
    succeed(f"train.py --config-dir {config} --config-name best", cwd=folder)
    printed = succeed(
        f"train.py --config-dir {config} --config-name next -m dry_run=true", cwd=folder
    )
    assert "model.n_nodes" in printed
