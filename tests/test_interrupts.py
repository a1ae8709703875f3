"""Ctrl-C is one line at any time, and says how to go on."""

import itertools
import os
import random
import shlex
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import optuna
import pytest
import torch
import yaml
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.demos.boring_classes import BoringModel
from optuna.trial import TrialState

from tests.commands import QUICK, command, environment, read_trials, run_folder, succeed
from tunesmith.interrupts import interrupts_wait, is_interrupt, press_again, swallowed_interrupts
from tunesmith.objectives.lightning.interruption import StopAfterEpoch
from tunesmith.search.stop import SignalGuard
from tunesmith.study import open_storage
from tunesmith.tracking.mlflow import MlflowTracking

SEARCH = ("-m", "hparams_search=quadratic", "hydra.sweeper.study_name=s", "tracking=none")


@pytest.fixture(autouse=True)
def hears_ctrl_c() -> Iterator[None]:
    """Answer Ctrl-C as Python does, also where tests were begun in a shell's background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt(
    *arguments: str, root: Path, when: Callable[[], bool]
) -> subprocess.CompletedProcess[str]:
    """Run train.py, and press Ctrl-C as soon as something has happened."""
    line = command(*arguments, root=root)
    running = subprocess.Popen(
        line, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not when() and running.poll() is None:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    printed, said = running.communicate(timeout=120)
    return subprocess.CompletedProcess(line, running.returncode, printed, said)


def after(seconds: float) -> Callable[[], bool]:
    due = time.monotonic() + seconds
    return lambda: time.monotonic() > due


class Press(Callback):
    """Presses Ctrl-C in the middle of an epoch."""

    def __init__(self, epoch: int, times: int) -> None:
        self.epoch, self.times = epoch, times

    def on_train_batch_start(self, trainer: Trainer, *args: object) -> None:
        if trainer.current_epoch == self.epoch:
            for _ in range(self.times):
                os.kill(os.getpid(), signal.SIGINT)
            self.times = 0


@pytest.mark.parametrize(("times", "is_kept"), [(1, True), (2, False)])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_fit_ends_its_epoch_and_keeps_a_checkpoint(
    tmp_path: Path, times: int, is_kept: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "interrupted.ckpt"
    before = signal.getsignal(signal.SIGINT)
    trainer = Trainer(
        max_epochs=5,
        limit_train_batches=3,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[StopAfterEpoch(kept), Press(1, times)],
    )
    model: LightningModule = BoringModel()
    try:
        with pytest.raises(SystemExit) as ended:
            trainer.fit(model)
    finally:
        left = signal.signal(signal.SIGINT, before)
    assert is_interrupt(ended.value)
    assert left is before
    assert "Ctrl-C again stops at once" in capsys.readouterr().err
    assert kept.exists() is is_kept
    if is_kept:
        assert torch.load(kept, weights_only=True)["global_step"] == 6


def test_an_exit_of_other_reasons_is_no_interrupt() -> None:
    assert not is_interrupt(SystemExit(1))
    assert is_interrupt(KeyboardInterrupt())


def test_what_must_not_be_cut_short_is_finished_first() -> None:
    before, did = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with interrupts_wait():
            with interrupts_wait():  # Only the outermost block counts.
                os.kill(os.getpid(), signal.SIGINT)
            did.append("finished")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert did == ["finished"]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_does_not_wait() -> None:
    did = []

    def work() -> None:
        with interrupts_wait():
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            did.append("finished")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert did == []


class PressesInItsEnd:
    """Ctrl-C comes while this object is destroyed: Python cannot raise there."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):  # The handler is called between two steps.
            pass


def lose_an_interrupt() -> None:
    """Press Ctrl-C in a destructor, and go on for a while."""
    PressesInItsEnd()
    time.sleep(5)
    raise AssertionError("not interrupted")


def test_an_interrupt_in_a_destructor_is_raised_after_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(KeyboardInterrupt), swallowed_interrupts(press_again):
        lose_an_interrupt()
    assert capsys.readouterr().err == ""


def test_training_code_is_interrupted_though_a_destructor_was(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with SignalGuard() as stop:
        with pytest.raises(KeyboardInterrupt), stop.interruptible():
            lose_an_interrupt()
        assert stop.requested
    assert capsys.readouterr().err == ""


def test_what_a_destructor_swallowed_does_not_disturb_the_study() -> None:
    """The trial is over before it can be said again: the request waits as any other does."""
    did = []
    with SignalGuard() as stop:
        with stop.interruptible():
            PressesInItsEnd()
        time.sleep(0.2)
        did.append("told")
    assert stop.requested
    assert did == ["told"]


def test_other_errors_of_a_destructor_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    class Fails:
        def __del__(self) -> None:
            raise ValueError("in a destructor")

    heard: list[object] = []
    before, sys.unraisablehook = sys.unraisablehook, lambda told: heard.append(told.exc_value)
    try:
        with swallowed_interrupts(press_again):
            Fails()
        assert [str(error) for error in heard] == ["in a destructor"]
    finally:
        sys.unraisablehook = before


def press_soon(do: Callable[[int], object], *, within_s: float) -> None:
    """Do something over and over until Ctrl-C comes, at some moment within so many seconds."""
    seconds = random.uniform(0.002, within_s)
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()
    for number in itertools.count():
        do(number)


def assert_unlocked(file: Path) -> None:
    with closing(sqlite3.connect(file, timeout=0)) as another:
        another.execute("BEGIN IMMEDIATE")


@pytest.mark.filterwarnings("ignore:Heartbeat of storage:UserWarning")
def test_no_ctrl_c_leaves_a_database_locked(tmp_path: Path) -> None:
    """Before it waited, one in some fifty left a transaction open, and all waited for that."""
    storage = open_storage(f"sqlite:///{tmp_path}/optuna.db", retry_s=0)
    study = optuna.create_study(storage=storage)
    for _ in range(150):
        trial = study.ask()
        with pytest.raises(KeyboardInterrupt) as kept:  # With all that its frames hold.
            press_soon(partial(trial.report, 1.0), within_s=0.02)
        assert_unlocked(tmp_path / "optuna.db")
        study.tell(trial, state=TrialState.FAIL)
        del kept


def test_no_ctrl_c_leaves_mlflow_locked(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    tracking = MlflowTracking(uri=f"sqlite:///{file}", experiment="e", outbox=tmp_path / "outbox")
    run = tracking.start_run("r", tags={})
    for _ in range(40):
        with pytest.raises(KeyboardInterrupt) as kept:
            press_soon(lambda number: run.set_tags({"n": str(number)}), within_s=0.05)
        assert_unlocked(file)
        del kept


@pytest.mark.parametrize(
    "seconds", [0.3, *(pytest.param(s, marks=pytest.mark.slow) for s in (0.1, 1, 3, 6))]
)
@pytest.mark.parametrize(
    "arguments",
    [
        (*QUICK, "trainer.max_epochs=100000"),
        pytest.param((*SEARCH, "hydra.sweeper.n_trials=100000"), marks=pytest.mark.slow),
    ],
    ids=["fit", "search"],
)
def test_ctrl_c_at_any_time_is_no_traceback(
    tmp_path: Path, seconds: float, arguments: tuple[str, ...]
) -> None:
    done = interrupt(*arguments, root=tmp_path / "outputs", when=after(seconds))
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert "Interrupted" in done.stderr + done.stdout
    assert done.stderr.count("\n") <= 3


@pytest.mark.slow
def test_an_interrupted_fit_goes_on_by_the_printed_command(tmp_path: Path) -> None:
    root = tmp_path / "outputs"
    long = (*QUICK, "tracking=none", "trainer.max_epochs=3000")

    def is_fitting() -> bool:
        return any("epoch 100:" in log.read_text() for log in root.glob("runs/*/*/train.log"))

    done = interrupt(*long, root=root, when=is_fitting)
    assert done.returncode == 130
    folder = run_folder(root)
    assert f"Interrupted; the folder is {folder}, with interrupted.ckpt" in done.stderr
    _, printed = done.stderr.strip().splitlines()[-1].split("to go on: ")
    resumed = subprocess.run(
        [sys.executable, *shlex.split(printed)[1:]],
        cwd=command("", root=root)[1].removesuffix("train.py"),
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert resumed.returncode == 0, resumed.stderr
    [second] = (path for path in root.glob("runs/*/*") if path != folder)
    succeed(*long, root=tmp_path / "whole")
    whole = run_folder(tmp_path / "whole")
    values = [
        yaml.safe_load((path / "metrics.yaml").read_text())["val/mse"] for path in (second, whole)
    ]
    assert values[0] == values[1]


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_search_says_that_its_confirmation_was_interrupted_and_goes_on(
    tmp_path: Path, n_jobs: int
) -> None:
    search = (
        *("-m", "hparams_search=mlp", "hydra.sweeper.study_name=s", "tracking=none", "refit=false"),
        *("trainer.max_epochs=200", "data.n_samples=200", "hydra.sweeper.n_trials=2"),
        *("confirm.n_best=1", "confirm.n_seeds=20", f"hydra.sweeper.n_jobs={n_jobs}"),
    )
    confirmed = tmp_path / "searches" / "s" / "confirm" / "1"
    done = interrupt(*search, root=tmp_path, when=confirmed.is_dir)
    assert done.returncode == 130
    assert "Interrupted while confirming the best trials, " in done.stdout
    assert "Run the same command to confirm study s." in done.stdout
    succeed(*search, root=tmp_path)
    states = [t.state for t in read_trials(f"sqlite:///{tmp_path}/optuna.db", "s-confirm")]
    assert states.count(TrialState.COMPLETE) in (20, 40)
