"""Code that has changed since earlier trials is noticed by content, and not mixed in silently."""

from pathlib import Path

import pytest
from optuna.trial import TrialState

from tests.commands import read_trials, succeed, train
from tunesmith.search.user_code import _digest

CODE = """
import hydra

TRUSTED = ("tunesmith.*",)
WIDTH = 64


@hydra.main(execution_whitelist=TRUSTED)
def objective(trial):
    return trial.suggest_float("x", -1, 1) ** 2 + WIDTH
"""
SEARCH = ("-m", "hparams_search=function", "objective.file=mine.py", "tracking=none")
NAMED = (*SEARCH, "hydra.sweeper.study_name=s", "refit=false")


def digest(folder: Path, code: str) -> str:
    path = folder / "mine.py"
    path.write_text(code)
    return _digest(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("WIDTH = 64", "WIDTH = 64  # nodes"),
        ("WIDTH = 64", "WIDTH    =    64"),
        ("import hydra", '"""What it computes."""\n\nimport hydra'),
        ("    return", '    """Compute."""\n    return'),
        ('("tunesmith.*",)', '("tunesmith.*", "mine.*")'),
    ],
    ids=["comment", "layout", "docstring", "another docstring", "what a config may run"],
)
def test_code_that_computes_the_same_has_the_same_digest(
    tmp_path: Path, old: str, new: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    assert old in CODE
    assert digest(tmp_path, CODE) == digest(tmp_path / "elsewhere", CODE.replace(old, new))


@pytest.mark.parametrize(("old", "new"), [("WIDTH = 64", "WIDTH = 65"), ("** 2", "** 4")])
def test_code_that_computes_something_else_has_another_digest(
    tmp_path: Path, old: str, new: str
) -> None:
    assert digest(tmp_path, CODE) != digest(tmp_path, CODE.replace(old, new))


def write(folder: Path, value: str, *, more: str = "") -> None:
    """The user's file; its function returns `value`."""
    text = f"def objective(trial):\n    x = trial.suggest_float('x', -1, 1)\n    return {value}\n"
    (folder / "mine.py").write_text(more + text)


def n_complete(root: Path, name: str = "s") -> int:
    trials = read_trials(f"sqlite:///{root}/optuna.db", name)
    return sum(trial.state == TrialState.COMPLETE for trial in trials)


@pytest.mark.slow
def test_changed_code_is_refused_continued_or_begun_anew(tmp_path: Path) -> None:
    root = tmp_path / "outputs"
    write(tmp_path, "x**2")
    succeed(*NAMED, "hydra.sweeper.n_trials=2", root=root, cwd=tmp_path)
    # Another remark is no other code.
    write(tmp_path, "x**2", more="# a parabola\n")
    succeed(*NAMED, "hydra.sweeper.n_trials=3", root=root, cwd=tmp_path)

    write(tmp_path, "x**4")
    more = (*NAMED, "hydra.sweeper.n_trials=4")
    refused = train(*more, root=root, cwd=tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "mine.py" in refused.stderr
    assert "hydra.sweeper.code_change=new" in refused.stderr
    assert n_complete(root) == 3

    new = (*more, "hydra.sweeper.code_change=new")
    succeed(*new, root=root, cwd=tmp_path)
    (other,) = (path.name for path in (root / "searches").iterdir() if path.name != "s")
    assert (n_complete(root), n_complete(root, other)) == (3, 4)
    succeed(*new, "hydra.sweeper.n_trials=5", root=root, cwd=tmp_path)
    assert n_complete(root, other) == 5

    continued = succeed(*more, "hydra.sweeper.code_change=continue", root=root, cwd=tmp_path)
    assert "mine.py" in continued
    assert n_complete(root) == 4


def test_failed_trials_do_not_count_so_that_code_may_be_repaired(tmp_path: Path) -> None:
    root = tmp_path / "outputs"
    write(tmp_path, "x / 0")
    failed = train(*NAMED, "hydra.sweeper.n_trials=4", root=root, cwd=tmp_path)
    assert "division by zero" in failed.stderr
    write(tmp_path, "x / 1")
    succeed(*NAMED, "hydra.sweeper.n_trials=4", root=root, cwd=tmp_path)
    assert n_complete(root) == 4


@pytest.mark.slow
def test_workers_and_another_folder_have_the_same_code(tmp_path: Path) -> None:
    root = tmp_path / "outputs"
    write(tmp_path, "x**2")
    new = (*NAMED, "hydra.sweeper.code_change=new", "hydra.sweeper.n_jobs=2")
    succeed(*new, "hydra.sweeper.n_trials=4", root=root, cwd=tmp_path)
    (name,) = (path.name for path in (root / "searches").iterdir())
    (tmp_path / "elsewhere").mkdir()
    write(tmp_path / "elsewhere", "x**2")
    one = (*NAMED, "hydra.sweeper.code_change=new", "hydra.sweeper.n_trials=6")
    succeed(*one, root=root, cwd=tmp_path / "elsewhere")
    assert n_complete(root, name) == 6


@pytest.mark.slow
def test_a_confirmation_of_other_code_is_not_reused(tmp_path: Path) -> None:
    root = tmp_path / "outputs"
    write(tmp_path, "x**2 + random.random()", more="import random\n")
    confirm = (*NAMED, "confirm=retrain", "confirm.n_best=1", "confirm.n_seeds=2")
    succeed(*confirm, "hydra.sweeper.n_trials=2", root=root, cwd=tmp_path)
    before = n_complete(root, "s-confirm")
    write(tmp_path, "x**2 + 2 * random.random()", more="import random\n")
    again = ("hydra.sweeper.n_trials=2", "hydra.sweeper.code_change=continue")
    succeed(*confirm, *again, root=root, cwd=tmp_path)
    assert n_complete(root, "s-confirm") == 2 * before


def test_a_way_that_is_none_is_one_line(tmp_path: Path) -> None:
    write(tmp_path, "x")
    done = train(*NAMED, "hydra.sweeper.code_change=no", root=tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 1
    assert "must be one of refuse, continue, new, got 'no'" in done.stderr
    assert not (tmp_path / "out").exists()
