"""The searches that docs/how-to/cluster.md shows are accepted where the engines are installed."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.commands import ROOT, environment
from tests.environments.conftest import Installation

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "how-to" / "cluster.md").read_text()
SHOWN = [
    line.partition("#")[0] for line in re.findall(r"^python train\.py .*$", PAGE, re.MULTILINE)
]
# What the page's tables add to a search, by the launcher that takes it.
ADDED = {
    "slurm": re.findall(r"\| `(\+?hydra\.launcher\.[^`]+)` \|$", PAGE, re.MULTILINE),
    "ray_cluster": re.findall(r"`(\+?hydra\.launcher\.ray\.[^`]+)`", PAGE),
}


def dry_run(engines: Installation, arguments: str, root: Path) -> None:
    further = [f"paths.output_root={root}", "dry_run=true"]
    # There is no PyTorch in this environment, which only a fit needs.
    typed = [one for one in shlex.split(arguments) if one != "trainer=gpu"]
    variables = environment(OPTUNA_STORAGE="postgresql://worker@db.example.org/tunesmith")
    variables.pop("PYTHONPATH", None)
    done = subprocess.run(
        [str(engines.python), "train.py", *typed, *further],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr


def test_there_is_a_command_for_each_step() -> None:
    assert len(SHOWN) == 7
    assert [len(added) for added in ADDED.values()] == [5, 2]


@pytest.mark.parametrize("line", SHOWN)
def test_a_shown_search_is_accepted(engines: Installation, line: str, tmp_path: Path) -> None:
    dry_run(engines, line.removeprefix("python train.py"), tmp_path)


@pytest.mark.parametrize("launcher", sorted(ADDED))
def test_what_a_launcher_takes_is_a_key_of_it(
    engines: Installation, launcher: str, tmp_path: Path
) -> None:
    line = f"-m hparams_search=quadratic storage=postgresql hydra/launcher={launcher}"
    dry_run(engines, " ".join([line, *ADDED[launcher]]), tmp_path)
