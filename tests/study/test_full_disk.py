"""A worker whose disk is full stops at once, hands its trial back, and loses none that finished."""

import errno
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import optuna
import pytest
import sqlalchemy
from optuna.trial import TrialState

from tests.study.searches import bowl, in_state, new_study
from tunesmith.full_disk import DiskFull
from tunesmith.study import StopReason, TrialRecord, run_worker
from tunesmith.study._optuna import database_of

AT_ONCE_S = 5


@pytest.fixture
def study(tmp_path) -> optuna.Study:
    return new_study(f"sqlite:///{tmp_path}/db")


@contextmanager
def no_more_pages(study: optuna.Study) -> Iterator[None]:
    """Have SQLite meet the end of the space at the next page that the file has not got yet."""
    engine = database_of(study).engine

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages}")

    sqlalchemy.event.listen(engine, "connect", limit)
    engine.dispose()
    try:
        yield
    finally:
        sqlalchemy.event.remove(engine, "connect", limit)
        engine.dispose()


def test_a_trial_without_space_is_handed_back_and_computed_when_there_is_some(study) -> None:
    def objective(trial: optuna.Trial) -> float:
        if trial.number == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "trials/2/model.bin")
        return bowl(trial)

    with pytest.raises(DiskFull, match=r"^no space is left on the disk of trials/2/model\.bin$"):
        run_worker(study, objective, n_trials=5)
    before = study.trials
    assert [t.state.name for t in before] == ["COMPLETE", "COMPLETE", "FAIL", "WAITING"]
    failure = TrialRecord.of(before[2]).failure
    assert failure.reason.startswith("no space is left")
    assert not failure.counts

    assert run_worker(study, bowl, n_trials=5) is StopReason.FINISHED
    assert study.trials[:2] == before[:2]
    assert len(in_state(study, TrialState.COMPLETE)) == 5


def test_a_full_database_is_told_at_once_and_keeps_what_is_finished(study, monkeypatch) -> None:
    """Wherever in a trial's life the end of the space comes: many trials meet it in turn."""
    said: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda raised: said.append(str(raised)))
    run_worker(study, bowl, n_trials=3)
    before = study.trials
    began = time.monotonic()
    with no_more_pages(study), pytest.raises(DiskFull, match=r"^no space is left .* of /.*/db$"):
        run_worker(study, bowl, n_trials=1000)
    assert time.monotonic() - began < AT_ONCE_S
    assert not said  # Of the thread that tells that a trial is alive.
    assert study.trials[:3] == before
    n_complete = len(in_state(study, TrialState.COMPLETE))
    assert run_worker(study, bowl, n_trials=n_complete + 3) is StopReason.FINISHED
    assert study.trials[:3] == before
