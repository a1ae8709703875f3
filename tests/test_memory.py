"""Freed memory is at hand for the next step, and cycles are collected where user code runs."""

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from optuna.trial import TrialState

from tests.commands import command, environment, own_entry, read_trials
from tunesmith.freed_memory import collect_as_usual, collect_seldom

USUAL = gc.get_threshold()
STEPS = """
import ctypes, resource
from tunesmith.freed_memory import keep_freed_memory

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
size = 20 << 20

def step():
    blocks = [libc.malloc(size) for _ in range(4)]
    for block in blocks:
        libc.memset(block, 1, size)
    for block in blocks:
        libc.free(block)

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

step()
before = faults()
step()
default = faults() - before
keep_freed_memory()
step()
before = faults()
for _ in range(10):
    step()
print(default, faults() - before)
"""


THRESHOLD = """
import gc

def objective(trial):
    trial.suggest_float("x", 0, 1)
    return gc.get_threshold()[0]
"""


@pytest.fixture(autouse=True)
def usual_limits() -> Iterator[None]:
    yield
    gc.set_threshold(*USUAL)


def test_the_second_step_finds_the_memory_of_the_first() -> None:
    """Page faults tell, counted by the kernel."""
    printed = subprocess.check_output([sys.executable, "-c", STEPS], text=True)
    default, kept = map(int, printed.split())
    assert kept < default / 10


def test_cycles_are_looked_for_seldom_until_it_is_taken_back() -> None:
    collect_seldom()
    collect_seldom()
    assert gc.get_threshold()[0] > 10 * USUAL[0]
    collect_as_usual()
    collect_as_usual()
    assert gc.get_threshold() == USUAL


def test_limits_that_somebody_else_chose_are_left() -> None:
    for change in (collect_seldom, collect_as_usual):
        gc.set_threshold(1234, 5, 6)
        change()
        assert gc.get_threshold() == (1234, 5, 6)
    gc.set_threshold(0)  # As gc.disable, but for what the user calls.
    collect_seldom()
    assert gc.get_threshold()[0] == 0


def test_an_objective_runs_with_the_usual_limits(tmp_path: Path) -> None:
    file = tmp_path / "limits.py"
    file.write_text(THRESHOLD)
    typed = ("objective=function", f"objective.file={file}", "tracking=none")
    search = ("-m", "hparams_search=function", *typed, "hydra.sweeper.n_trials=2")
    for arguments in (
        (*typed, "objective.params={x: 0.5}"),
        (*search, "hydra.sweeper.study_name=s", "confirm=none"),
    ):
        line = command(*arguments, root=tmp_path / "outputs")
        done = subprocess.run(line, env=environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    [metrics] = (tmp_path / "outputs").glob("runs/*/*/metrics.yaml")
    assert metrics.read_text() == f"value: {USUAL[0]}.0\n"
    trials = read_trials(f"sqlite:///{tmp_path}/outputs/optuna.db")
    assert {trial.value for trial in trials} == {USUAL[0]}


# Computes with the limit that was set when a worker imported it, and with that of now.
OWN_OBJECTIVE = """
import gc

AT_IMPORT = gc.get_threshold()[0]

def limits(cfg):
    return {"import": AT_IMPORT, "trial": gc.get_threshold()[0]}
"""


def test_a_worker_imports_the_objective_while_cycles_are_looked_for_seldom(tmp_path: Path) -> None:
    entry = own_entry(tmp_path, module="mine", source=OWN_OBJECTIVE)
    typed = (
        *("-m", "hparams_search=function", "objective._target_=mine.limits"),
        *("metric.name=[import,trial]", "metric.direction=[minimize,minimize]"),
        *("hydra.sweeper.n_jobs=2", "hydra.sweeper.n_trials=2", "hydra.sweeper.study_name=s"),
        *("+objective.x=interval(0,1)", "tracking=none", "confirm=none"),
    )
    line = [sys.executable, str(entry), *typed, f"paths.output_root={tmp_path}/outputs"]
    done = subprocess.run(line, env=environment(), capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    trials = read_trials(f"sqlite:///{tmp_path}/outputs/optuna.db")
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 2
    for at_import, in_trial in (trial.values for trial in trials):
        assert at_import > 10 * USUAL[0]
        assert in_trial == USUAL[0]
