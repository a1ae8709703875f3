"""Every command that is printed, pasted into the same shell, does what it says."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from optuna.trial import FrozenTrial

from tests.commands import ROOT, environment, read_trials
from tunesmith.commands import mlflow_page, open_mlflow

PLAIN = """
# @package _global_
objective:
  _target_: tunesmith.objectives.quadratic
  x: 9
  hidden: [8, 8]
  names: {1: one, 2: two}
metric: {name: loss, direction: minimize}
"""
NET = """
# @package _global_
defaults:
  - /net/opt@net.solver: fast
objective: {_target_: tunesmith.objectives.quadratic, x: 9}
metric: {name: loss, direction: minimize}
"""
# The optimum lies beyond the range: there is advice, and so another search that follows.
SEARCH = "-m hparams_search=quadratic tracking=none 'objective.x=interval(5,10)'"
# What to add to a search, and where its study and its folder then lie.
HERE = ("outputs/optuna.db", "outputs")
ODD = {
    "store and root": (
        "storage.url=sqlite:///{cwd}/own.db 'paths.output_root={cwd}/a b' "
        "hydra/sweeper/sampler=random hydra/sweeper/pruner=none hydra.sweeper.baseline=false",
        ("own.db", "a b"),
    ),
    "workers": ("hydra.sweeper.n_jobs=2 hydra.sweeper.timeout=100", HERE),
    "direction": ("metric.direction=maximize hydra.sweeper.direction=maximize", HERE),
    "an element of a dict": ("objective=plain 'objective.names.1=choice(a,b)'", HERE),
    "an element of a list": ("objective=plain 'objective.hidden.0=choice(4,5)'", HERE),
    "a group elsewhere": ("objective=net 'net/opt@net.solver=choice(fast,slow)'", HERE),
    "a list": ("objective=plain 'objective.hidden=[8,8],[16]'", HERE),
    "a text of any kind": (shlex.quote(r'+tag="it\'s $HOME, {{x}}: \\"'), HERE),
    "two values of one key": ("'+net={{x:1}}' '++net={{y:2}}' hydra.job.chdir=true", HERE),
}


def paste(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Type a line into a shell whose `python` is this one."""
    binaries = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", line],
        cwd=cwd,
        env=environment(PATH=binaries),
        capture_output=True,
        text=True,
        timeout=300,
    )


def pasted(line: str, cwd: Path) -> str:
    """What a line prints that must end well."""
    done = paste(line, cwd)
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def commands_in(printed: str) -> dict[str, str]:
    """The commands of a search's end, by their purpose."""
    pairs = (re.split(r"  +", line, maxsplit=1) for line in printed.splitlines())
    wanted = ("to continue", "repeat the winner", "next search", "load the model")
    return {purpose: line for purpose, *line in pairs if purpose in wanted for line in line}


def studies(folder: Path) -> list[str]:
    """The names of the studies that have a folder below an output root."""
    return sorted(path.name for path in (folder / "searches").iterdir())


def configs(folder: Path) -> None:
    """Write configs of the user's own into a folder."""
    for name, text in (
        ("objective/plain", PLAIN),
        ("objective/net", NET),
        ("net/opt/fast", "step: 1"),
        ("net/opt/slow", "step: 2"),
    ):
        file = folder / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.lstrip())


def began(cwd: Path, odd: str, *, n_trials: int) -> tuple[str, str]:
    """Carry an odd search out; return what was typed and what was printed."""
    configs(cwd / "mine")
    more = ODD[odd][0].format(cwd=cwd)
    typed = f"{SEARCH} --config-dir mine {more} hydra.sweeper.n_trials={n_trials}"
    return typed, pasted(f"python {ROOT}/train.py {typed}", cwd)


def test_what_a_short_search_prints_names_its_own_study_and_folder(tmp_path: Path) -> None:
    _, printed = began(tmp_path, "store and root", n_trials=2)
    [folder] = (tmp_path / "a b" / "searches").iterdir()
    found = commands_in(printed)
    # Without advice on the space the next search would be the same one.
    assert set(found) == {"to continue", "repeat the winner"}
    pasted(found["repeat the winner"], tmp_path)
    assert len(list((tmp_path / "a b" / "runs").glob("*/*/metrics.yaml"))) == 1
    # The parabola reads neither data nor model.
    kept = yaml.safe_load((folder / "best.yaml").read_text())
    assert not {"data", "model", "optimizer", "scheduler", "trainer", "callbacks"} & kept.keys()
    written = (folder / "next.yaml").read_text().splitlines()[0].removeprefix("# ")
    for line, total in ((found["to continue"], 4), (written, 2)):
        planned = pasted(f"{line} dry_run=true", tmp_path)
        for said in (folder.name, f"{total} in total", "own.db", "RandomSampler", str(folder)):
            assert said in planned
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"mine", "a b", "own.db", "own.db.lock"}


def fixed_of(trial: FrozenTrial, typed: str) -> list[str]:
    """Which of the typed overrides a trial was composed with, in their order.

    The file of the next search chooses `hparams_search` itself.
    """
    lines = [line for line in shlex.split(typed) if not line.startswith("hparams_search=")]
    return [line for line in trial.user_attrs["overrides"] if line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("odd", ODD)
def test_each_command_of_a_search_does_what_it_says(tmp_path: Path, odd: str) -> None:
    store, root = ODD[odd][1]
    url = f"sqlite:///{tmp_path / store}"
    typed, printed = began(tmp_path, odd, n_trials=26)
    found = commands_in(printed)
    assert set(found) == {"to continue", "repeat the winner", "next search"}
    [first] = studies(tmp_path / root)
    known = {path.name for path in tmp_path.iterdir()}

    pasted(found["repeat the winner"], tmp_path)
    [metrics] = tmp_path.glob(f"{root}/runs/*/*/metrics.yaml")
    values = [trial.value for trial in read_trials(url, first) if trial.value is not None]
    best = max(values) if odd == "direction" else min(values)
    assert list(yaml.safe_load(metrics.read_text()).values()) == [best]

    pasted(found["next search"], tmp_path)
    [second] = {*studies(tmp_path / root)} - {first}
    before, after = read_trials(url, first), read_trials(url, second)
    assert len(after) == len(before) == 26
    assert after[0].distributions.keys() == before[0].distributions.keys()
    assert after[0].distributions != before[0].distributions
    assert fixed_of(after[-1], typed) == fixed_of(before[-1], typed)

    pasted(found["to continue"], tmp_path)
    assert studies(tmp_path / root) == sorted([first, second])
    assert len(read_trials(url, first)) == 52
    assert {path.name for path in tmp_path.iterdir()} == known


@pytest.mark.parametrize(
    ("uri", "command", "link"),
    [
        (
            "sqlite:///a b.db",
            "mlflow ui --backend-store-uri 'sqlite:///a b.db'",
            "http://127.0.0.1:5000/#/p",
        ),
        (
            "postgresql+psycopg://me:secret@host/db",
            'mlflow ui --backend-store-uri "$MLFLOW_TRACKING_URI"',
            "http://127.0.0.1:5000/#/p",
        ),
        ("http://host:5000", None, "http://host:5000/#/p"),
        ("https://me:secret@host/below/", None, "https://host/below/#/p"),
        ("databricks", None, None),
        ("databricks://profile", None, None),
    ],
)
def test_a_store_is_opened_where_its_pages_are(
    uri: str, command: str | None, link: str | None
) -> None:
    assert (open_mlflow(uri), mlflow_page(uri, "#/p")) == (command, link)
