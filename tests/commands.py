"""Run train.py as a user does, and read back what it left."""

import os
import subprocess
import sys
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial

ROOT = Path(__file__).resolve().parents[1]
# A trial of a second or two: what is tested is not what it learns.
QUICK = (
    *("trainer.max_epochs=4", "data.n_samples=200", "trainer.check_val_every_n_epoch=2"),
    "confirm=none",
)


def read_trials(url: str, name: str = "s") -> list[FrozenTrial]:
    """The trials of a study as they lie in its store; no connection is left open."""
    storage = optuna.storages.RDBStorage(url)
    try:
        return optuna.load_study(study_name=name, storage=storage).trials
    finally:
        storage.remove_session()
        storage.engine.dispose()


def command(*arguments: str, root: Path) -> list[str]:
    """The command line, with everything it generates below `root`."""
    return [sys.executable, str(ROOT / "train.py"), *arguments, f"paths.output_root={root}"]


def environment(**variables: str) -> dict[str, str]:
    """The environment of a command: one thread, since tests share the cores."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("OPTUNA_STORAGE", "MLFLOW_TRACKING_URI", "HYDRA_FULL_ERROR")
    }
    return {**kept, "OMP_NUM_THREADS": "1", **variables}


def train(
    *arguments: str, root: Path, cwd: Path = ROOT, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `python train.py` to its end."""
    return subprocess.run(
        command(*arguments, root=root),
        cwd=cwd,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=300,
    )


def refuse(*arguments: str, root: Path, cwd: Path = ROOT) -> str:
    """Run `python train.py`, which must write nothing and say why in one line: that line."""
    done = train(*arguments, root=root, cwd=cwd)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert not root.exists()
    return done.stderr


def succeed(*arguments: str, root: Path, **variables: str) -> str:
    """Run `python train.py`, which must end well, and return what it printed."""
    done = train(*arguments, root=root, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
