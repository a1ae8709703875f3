"""What release 0.1.0 left behind is opened, continued, reported and repeated by this one."""

import shlex
import sqlite3
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml
from optuna.trial import TrialState

from tests.commands import ROOT, environment, read_trials

KEPT = Path(__file__).parent / "release_0_1_0"
COMMANDS = (KEPT / "commands.txt").read_text().splitlines()
OLD_IMPORT = "from tunesmith.entry import LIBRARIES, run\n"
OLD_EVALUATE = "from tunesmith.objectives.evaluate import evaluate"
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


@pytest.mark.slow
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
    ("key", "number", "metric"),
    [("mlp", 1, "val/mse"), ("lightgbm", 1, "val/mse"), ("function", 1, "value")],
)
def test_a_trial_of_0_1_0_is_repeated_from_its_folder(
    folder: Path, key: str, number: int, metric: str
) -> None:
    trial = read_trials(f"sqlite:///{folder}/outputs/optuna.db", NAMES[key])[number]
    before = set(folder.glob("outputs/runs/*/*/metrics.yaml"))
    config = f"outputs/searches/{NAMES[key]}/trials/{number}/.hydra"
    succeed(f"train.py --config-dir {config} --config-name config", cwd=folder)
    (metrics,) = set(folder.glob("outputs/runs/*/*/metrics.yaml")) - before
    # Another machine may round the last bits otherwise.
    assert yaml.safe_load(metrics.read_text())[metric] == pytest.approx(trial.value, rel=1e-3)


def test_a_run_of_0_1_0_with_callbacks_is_repeated(folder: Path) -> None:
    (config,) = folder.glob("outputs/runs/*/18-36-43*/.hydra")
    done = run(
        str(ROOT / "train.py"), "--config-dir", str(config), "--config-name", "config", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    assert "tunesmith.objectives.callbacks.KeepBest is now" in done.stderr
    assert len(list(folder.glob("outputs/runs/*/*/checkpoints/best.ckpt"))) == 1


@pytest.mark.slow
def test_the_winner_and_the_next_search_of_0_1_0_run(folder: Path) -> None:
    config = f"outputs/searches/{NAMES['mlp']}"
    succeed(f"train.py --config-dir {config} --config-name best", cwd=folder)
    printed = succeed(
        f"train.py --config-dir {config} --config-name next -m dry_run=true", cwd=folder
    )
    assert "model.n_nodes" in printed


def test_a_search_that_used_a_terminator_of_optuna_is_told_so_in_one_line(folder: Path) -> None:
    line = command_of("terminator=emmr")
    done = run(str(ROOT / "train.py"), *shlex.split(line)[1:], cwd=folder)
    assert done.returncode == 1
    assert "hydra/sweeper/terminator=stagnation" in done.stderr
    assert done.stderr.count("\n") == 1
    # The rule of today under the same key takes the study as it finds it.
    printed = succeed(command_of("study_name=stagnated"), cwd=folder)
    assert "stagnated" in printed


def test_a_train_py_and_a_search_file_of_0_1_0_work_with_one_line(folder: Path) -> None:
    entry = (ROOT / "train.py").read_text()
    entry = entry.replace("from tunesmith import LIBRARIES, run\n", OLD_IMPORT)
    entry = entry.replace("from tunesmith import run_trial", OLD_EVALUATE)
    (folder / "train.py").write_text(entry.replace("return run_trial(cfg)", "return evaluate(cfg)"))
    mine = (ROOT / "conf" / "hparams_search" / "quadratic.yaml").read_text()
    (folder / "conf" / "hparams_search").mkdir(parents=True)
    search = folder / "conf" / "hparams_search" / "mine.yaml"
    search.write_text(mine.replace("- _base", "- /search"))
    done = run("train.py", "-m", "hparams_search=mine", "hydra.sweeper.n_trials=2", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "tunesmith.entry is now tunesmith;" in done.stderr
    assert "/search is now /hparams_search/_base;" in done.stderr
    assert "2 complete" in done.stdout
