"""A drawn value reaches the trial's config as the value that Hydra's grammar means."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands import ROOT, environment, own_entry, read_trials

OBJECTIVE = """
def evaluate(cfg):
    return 0.0
"""
CONFIG = """
# @package _global_
objective:
  _target_: mine.evaluate
  x: 0
  hidden: [8, 8]
  act: null
  names: {1: one, 2: two}
metric: {name: y, direction: minimize}
"""
# Elements of a choice; each row is one sweep.
SWEEPS = {
    "lists": ("objective.hidden", "[8,8],[16],[]"),
    "lists of texts": ("objective.hidden", "choice([a,'b c'],[[1],[2.5]])"),
    "dicts": ("+net", "choice({a:1,b:[1,2]},{a:3,b:null})"),
    "numbers": ("objective.x", "choice(1,2.5,-3,1e-05,1e3)"),
    "truth values": ("objective.x", "true,false"),
    "texts": ("objective.act", "choice(relu,'a,b','e=f','{x}',' a ')"),
    "texts that look otherwise": ("objective.act", "choice('a:b','[1]',x_1,a.b/c-d)"),
    "interpolations": ("objective.act", "choice('${seed}','${objective.x}')"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's own folder: train.py, its function and its config."""
    folder = tmp_path_factory.mktemp("mine")
    own_entry(folder, OBJECTIVE)
    (folder / "own" / "objective").mkdir(parents=True)
    (folder / "own" / "objective" / "plain.yaml").write_text(CONFIG)
    return folder


def multirun(folder: Path, *arguments: str) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "train.py", "-m", "objective=plain", "tracking=none", "confirm=none"),
            *(f"hydra.searchpath=[file://{folder}/own]", *arguments),
        ],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def configs(folder: Path) -> list[Any]:
    """The composed configs of a multirun's jobs, without what only one of two sweepers sets."""
    found = []
    for path in folder.glob("*/.hydra/config.yaml"):
        config = yaml.safe_load(path.read_text())
        found.append({key: config.get(key) for key in ("objective", "net", "tags")})
    return sorted(found, key=str)


@pytest.mark.parametrize(
    "name",
    [name if name == "lists" else pytest.param(name, marks=pytest.mark.slow) for name in SWEEPS],
)
def test_each_element_of_the_grammar_comes_out_as_from_hydra_s_own_multirun(
    folder: Path, tmp_path: Path, name: str
) -> None:
    key, elements = SWEEPS[name]
    sweep = (*(() if key == "objective.x" else ("objective.x=0",)), f"{key}={elements}")
    subdir = "hydra.sweep.subdir=${hydra.job.num}"
    multirun(folder, *sweep, f"hydra.sweep.dir={tmp_path}/hydra", subdir)
    multirun(
        *(folder, *sweep, "hparams_search=quadratic", "hydra/sweeper/sampler=grid"),
        *("hydra.sweeper.baseline=false", "refit=false", "hydra.sweeper.study_name=s"),
        f"paths.output_root={tmp_path}",
    )
    assert configs(tmp_path / "searches" / "s" / "trials") == configs(tmp_path / "hydra")


@pytest.mark.slow
def test_texts_that_hydra_cannot_pass_on_are_drawn_too(folder: Path, tmp_path: Path) -> None:
    multirun(
        *(folder, "objective.x=0", "objective.act=choice(\"it's\",'#1','日本')"),
        *("hparams_search=quadratic", "hydra/sweeper/sampler=grid", "refit=false"),
        *("hydra.sweeper.study_name=s", f"paths.output_root={tmp_path}"),
    )
    drawn = configs(tmp_path / "searches" / "s" / "trials")
    assert {config["objective"]["act"] for config in drawn} == {"it's", "#1", "日本"}


def test_a_default_that_is_a_list_is_the_baseline(folder: Path, tmp_path: Path) -> None:
    multirun(
        *(folder, "objective.hidden=[16],[8,8]", "hparams_search=quadratic"),
        *("objective.x=interval(-1,1)", "hydra.sweeper.n_trials=2"),
        *("hydra.sweeper.study_name=s", f"paths.output_root={tmp_path}"),
    )
    trials = read_trials(f"sqlite:///{tmp_path}/optuna.db")
    assert trials[0].params == {"objective.x": 0.0, "objective.hidden": "[8,8]"}
    following = yaml.safe_load((tmp_path / "searches" / "s" / "next.yaml").read_text())
    assert following["hydra"]["sweeper"]["params"]["objective.hidden"] == "[16],[8,8]"
    assert following["objective"]["hidden"] in ([16], [8, 8])


def test_what_a_function_draws_is_data_and_never_interpolated(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "def objective(trial):\n"
        "    text = trial.suggest_categorical('text', ['${seed}', '${nowhere}'])\n"
        "    assert text in ('${seed}', '${nowhere}')\n"
        "    return float(len(text))\n"
    )
    done = subprocess.run(
        [
            *(sys.executable, str(ROOT / "train.py"), "-m", "hparams_search=function"),
            *("objective.file=mine.py", "hydra.sweeper.n_trials=3", "tracking=none"),
            "hydra.sweeper.study_name=s",
        ],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "value reproduced exactly" in done.stdout
    search = "outputs/searches/s"
    for where, name in ((search, "best"), (f"{search}/trials/0/.hydra", "config")):
        repeated = subprocess.run(
            [sys.executable, str(ROOT / "train.py"), "--config-dir", where, "--config-name", name],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
        )
        assert repeated.returncode == 0, repeated.stderr
