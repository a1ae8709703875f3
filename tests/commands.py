"""Run train.py as a user does, and read back what it left."""

import os
import re
import subprocess
import sys
import textwrap
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import optuna
from optuna.trial import FrozenTrial

from tunesmith.sweeper import FIRST_SIGN

UNTRACKED = {"tracking=none", "dry_run=true"}
ROOT = Path(__file__).resolve().parents[1]
# A trial of a second or two: what is tested is not what it learns.
QUICK = (
    *("trainer.max_epochs=4", "data.n_samples=200", "trainer.check_val_every_n_epoch=2"),
    "confirm=none",
)


def read_trials(url: str, name: str = "s") -> list[FrozenTrial]:
    """The trials of a study as they lie in its store, but surplus ones; no connection is left."""
    storage = optuna.storages.RDBStorage(url)
    try:
        return but_surplus(optuna.load_study(study_name=name, storage=storage).trials)
    finally:
        storage.remove_session()
        storage.engine.dispose()


def but_surplus(trials: list[FrozenTrial]) -> list[FrozenTrial]:
    """The trials but those that one of several workers began when others had taken all."""
    return [trial for trial in trials if trial.user_attrs.get("fail_kind") != "surplus"]


def command(*arguments: str, root: Path) -> list[str]:
    """The command line, with everything it generates below `root`."""
    return [sys.executable, str(ROOT / "train.py"), *arguments, f"paths.output_root={root}"]


def own_entry(
    folder: Path, source: str, *, module: str = "mine", conf: str = str(ROOT / "conf")
) -> Path:
    """Write a train.py that trusts the user's own module, whose code is `source`; return it."""
    (folder / f"{module}.py").write_text(textwrap.dedent(source))
    text = (ROOT / "train.py").read_text()
    text = text.replace('"tunesmith.*",', f'"tunesmith.*", "{module}.*",')
    entry = folder / "train.py"
    entry.write_text(text.replace('config_path="conf"', f'config_path="{conf}"'))
    return entry


def run_folder(root: Path) -> Path:
    """The folder of the only single run."""
    [folder] = root.glob("runs/*/*")
    return folder


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


def row_of(printed: str, label: str) -> str:
    """The text beside a label of the table that ends a search."""
    found = re.search(rf"^{re.escape(label)}  +(.*)$", printed, re.MULTILINE)
    assert found is not None, printed
    return found[1]


def refuse(*arguments: str, root: Path, cwd: Path = ROOT) -> str:
    """Run `python train.py`, which must write nothing and say why in one line: that line."""
    done = train(*arguments, root=root, cwd=cwd)
    assert done.returncode == 1
    assert done.stdout in ("", f"{FIRST_SIGN}\n")
    assert done.stderr.count("\n") == 1
    assert not root.exists()
    return done.stderr


@cache
def empty_mlflow_store() -> bytes:
    """A store without experiments: making one takes MLflow two seconds each time."""
    from mlflow import MlflowClient  # here: the core is tested without it

    with TemporaryDirectory() as folder:
        file = Path(folder) / "mlflow.db"
        MlflowClient(f"sqlite:///{file}")
        return file.read_bytes()


def succeed(*arguments: str, root: Path, **variables: str) -> str:
    """Run `python train.py`, which must end well, and return what it printed.

    A search finds an empty MLflow store; single runs and what tests start otherwise make it.
    """
    file = root / "mlflow.db"
    if "-m" in arguments and not file.exists() and not UNTRACKED.intersection(arguments):
        root.mkdir(parents=True, exist_ok=True)
        file.write_bytes(empty_mlflow_store())
    done = train(*arguments, root=root, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
