"""Run an app of somebody else, as its user does, in a folder of its own."""

import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState

from tests.commands import but_surplus

_HERE = Path(__file__).parent
OURS = ("-m", "hydra/sweeper=optuna_study")


@dataclass(frozen=True)
class Kind:
    """A kind of app: what is typed to search over it, or over a wider space, and where it lies."""

    name: str
    search: tuple[str, ...]
    sweeps: str = "multirun/*/*"
    other_space: str = "x=interval(0,3.5)"


KINDS = {
    kind.name: kind
    for kind in (
        Kind("plain", (*OURS, "x=interval(0,3)", "model=choice(small,large)", "y=0.5")),
        Kind("structured", (*OURS, "x=interval(0,3)", "model=deep", "kind=FLAT", "data=a b.csv")),
        Kind(
            "bare",
            (*OURS, "+x=interval(0,3)", "+note=theirs"),
            other_space="+x=interval(0,3.5)",
        ),
        Kind("two", (*OURS, "x=interval(0,3)", "hydra.sweeper.direction=[minimize,maximize]")),
        Kind("zen", (*OURS, "x=interval(0,3)", "width=3")),
        Kind("stamps", (*OURS, "x=interval(0,3)"), "logs/multiruns/*"),
        Kind("chdir", (*OURS, "x=interval(0,3)")),
        Kind("own_logging", (*OURS, "x=interval(0,3)")),
        Kind(
            "template",
            ("-m", "hparams_search=points_optuna"),
            "logs/train/multiruns/*",
            "model.lr=interval(0,4)",
        ),
    )
}


class App:
    """An app in its folder, started by some Python.

    Args:
        kind: Which app.
        root: A new folder, into which it is copied.
        python: The interpreter that has Hydra and this package.

    """

    def __init__(self, kind: Kind, root: Path, *, python: str) -> None:
        self.kind = kind
        self.root = root
        self._python = python
        shutil.copytree(_HERE / kind.name, root)
        shutil.copy(_HERE / "fit.py", root)

    def search(
        self, *arguments: str, n_trials: int, **variables: object
    ) -> subprocess.CompletedProcess[str]:
        """Run the search of this kind."""
        total = f"hydra.sweeper.n_trials={n_trials}"
        return self.run(*self.kind.search, total, *arguments, **variables)

    def run(self, *arguments: str, **variables: object) -> subprocess.CompletedProcess[str]:
        """Run the app to its end."""
        return self._run([self._python, "app.py", *arguments], **variables)

    def paste(self, printed: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Type a printed command into a shell."""
        return self._run(f"{printed} {shlex.join(arguments)}", shell=True)

    def _run(
        self, command: str | list[str], *, shell: bool = False, **variables: object
    ) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if k != "HYDRA_FULL_ERROR"}
        told = {name: str(value) for name, value in variables.items()}
        own = {"LOSSES": str(self.root / "losses.txt"), "OMP_NUM_THREADS": "1"}
        return subprocess.run(
            command,
            shell=shell,
            cwd=self.root,
            env=kept | own | told,
            capture_output=True,
            text=True,
            timeout=300,
        )

    @property
    def losses(self) -> list[float]:
        """What the trainings of all processes came to, in their order."""
        file = self.root / "losses.txt"
        return [float(line) for line in file.read_text().splitlines()] if file.exists() else []

    def folder(self) -> Path:
        """Return the folder of the only search."""
        [folder] = (path for path in self.root.glob(self.kind.sweeps) if path.is_dir())
        return folder

    def trials(self, *states: TrialState, studies: int = 1) -> list[FrozenTrial]:
        """Return the trials in some states of the newest study, of so many."""
        [file] = self.root.rglob("optuna.db")
        storage = optuna.storages.RDBStorage(f"sqlite:///{file}")
        try:
            names = optuna.get_all_study_names(storage)
            assert len(names) == studies
            known = [optuna.load_study(study_name=name, storage=storage) for name in names]
            newest = max(known, key=lambda study: study._study_id)
            return but_surplus(newest.get_trials(states=states or None))
        finally:
            storage.remove_session()
            storage.engine.dispose()


def printed(text: str, purpose: str) -> str:
    """Return the command that was printed for a purpose."""
    found = re.search(rf"^{purpose}  +(.*)$", text, re.MULTILINE)
    assert found is not None, text
    return found[1]
