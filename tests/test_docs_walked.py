"""The pages that lead from a file to a result are walked: commands run, and print what is shown."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands import ROOT, environment
from tests.docs_pages import DOCS, Block, blocks_of

pytestmark = pytest.mark.slow

WALKED = ("tutorial.md", "how-to/notebooks.md", "how-to/own-function.md", "how-to/tables.md")
# Every search and fit is cut short; what is shown is the shape of what is printed.
SHORTER = ((r"n_trials=(\d+)", "n_trials=4"), (r"max_epochs=\d+", "max_epochs=4"))
# These change the machine, run until they are stopped, or belong to the reader's own entry.
LEFT_OUT = re.compile(r"python3 -m venv|pip install|mlflow ui|.*objective=mine")
# What a search says only where it has the evidence.
MAYBE = {"advice", "next", "x=2.08554", "'x=interval(1.3,2.7)'.", "flattered"}


def shortened(line: str) -> str:
    for pattern, by in SHORTER:
        line = re.sub(pattern, by, line)
    if " -m hparams_search" in line:
        line += "" if "n_trials" in line else " hydra.sweeper.n_trials=4"
        line += " confirm.n_best=1 confirm.n_seeds=2" if "function" not in line else ""
    return line


def named(text: str, folder: Path) -> str:
    """A text whose placeholder is the name of the only search so far."""
    found = [path for path in folder.glob("outputs/searches/*") if "confirm" not in path.name]
    return text.replace("searches/NAME", f"searches/{found[0].name}") if found else text


def typed(line: str, folder: Path) -> str:
    """What a command prints; it has to end well."""
    program, *arguments = shlex.split(named(shortened(line), folder))
    assert program == "python"
    if arguments[0] == "train.py":
        arguments[0] = str(ROOT / "train.py")
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment(COLUMNS="160"),
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, line + done.stdout + done.stderr
    return done.stdout


def labels(block: Block) -> set[str]:
    """The words that the lines of a shown output begin with."""
    lines = [line for line in block.text.splitlines() if line[:1].strip()]
    return {line.split()[0] for line in lines} - MAYBE


@pytest.mark.parametrize("page", WALKED)
def test_a_page_is_walked_from_top_to_bottom(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    printed = ""
    for block in blocks_of(DOCS / page):
        if block.file is not None:
            (tmp_path / block.file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / block.file).write_text(block.text)
        elif block.language == "python":
            exec(compile(named(block.text, tmp_path), page, "exec"), names)
        elif block.language == "sh":
            lines = [line for line in block.lines if not LEFT_OUT.match(line)]
            printed += "".join(typed(line, tmp_path) for line in lines)
        elif block.language == "text" and "!python" not in block.text:
            begun = {line.split()[0] for line in printed.splitlines() if line.strip()}
            assert {label for label in labels(block) if "-" not in label} <= begun
