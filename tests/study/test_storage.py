import importlib.util
import pickle
import sqlite3
from contextlib import closing

import optuna
import pytest
import sqlalchemy
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState

from tests.postgres import PostgresServer
from tests.study.searches import bowl, in_state, new_study, start, work, workers
from tunesmith.full_disk import DiskFull
from tunesmith.study import (
    DatabaseAway,
    StopReason,
    create_or_resume_study,
    is_finished,
    open_storage,
    run_worker,
)
from tunesmith.study.retry import Retry, is_passing

CANARY = "c4n{a}ry%:/?#[]@"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/folder/that/is/absent/db"
    return request.getfixturevalue("postgres_url")


def test_none_keeps_the_trials_in_memory() -> None:
    assert isinstance(open_storage(None), InMemoryStorage)


def test_a_search_is_created_and_continued(url: str) -> None:
    assert run_worker(new_study(url), bowl, n_trials=2) == StopReason.FINISHED
    study = new_study(url)
    assert run_worker(study, bowl, n_trials=4) == StopReason.FINISHED
    assert len(study.trials) == 4


def test_a_study_with_other_directions_is_refused(url: str) -> None:
    study = new_study(url)
    with pytest.raises(ValueError, match=r"'search' has the directions \['minimize'\]"):
        create_or_resume_study(
            "search", storage=study._storage, directions=["maximize"], sampler=study.sampler
        )


def test_sqlite_transactions_write_from_their_beginning(tmp_path) -> None:
    path = tmp_path / "db"
    engine = open_storage(f"sqlite:///{path}").engine
    with closing(sqlite3.connect(path, timeout=0)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        with engine.begin() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 60_000
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")
        other.execute("BEGIN IMMEDIATE")


def test_a_storage_that_was_pickled_writes_as_safely(tmp_path) -> None:
    restored = pickle.loads(pickle.dumps(open_storage(f"sqlite:///{tmp_path}/db")))
    with (
        closing(sqlite3.connect(tmp_path / "db", timeout=0)) as other,
        restored.engine.begin(),
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        (f"://{CANARY}", ValueError, "the storage is not a database URL; try sqlite:///path"),
        ("optuna.db", ValueError, "the storage is not a database URL; try sqlite:///path"),
        (
            f"mysql://me:{CANARY}@host/db",
            ValueError,
            "a storage of the kind 'mysql' is not supported; try sqlite",
        ),
        (
            "sqlite://",
            ValueError,
            "names no file; try sqlite:///path/to/file.db, or storage=memory",
        ),
        ("sqlite:////proc/none/db", ConnectionError, "/proc cannot be written to; try sqlite"),
        ("sqlite:////etc/passwd", ConnectionError, "/etc/passwd is no SQLite database"),
        (
            "postgresql://me:c4n%7Ba%7Dry@localhost:1/db",
            ConnectionError,
            r"cannot open postgresql\+psycopg://me:\*\*\*@localhost:1/db: .*refused",
        ),
    ],
)
def test_a_wrong_url_is_one_line_without_the_password(
    wrong: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        open_storage(wrong)
    assert "c4n" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"type pip install .*\[postgresql\]"):
        open_storage("postgresql://localhost/db")


def test_odd_characters_in_a_password_work(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    postgres_server.require_password("odd")
    postgres_server.execute(f"CREATE ROLE odd SUPERUSER LOGIN PASSWORD '{CANARY}'")
    url = sqlalchemy.make_url(postgres_url).set(username="odd", password=CANARY)
    text = url.render_as_string(hide_password=False)
    assert run_worker(new_study(text), bowl, n_trials=1) == StopReason.FINISHED
    # Also as people type it, with only the @ and the % escaped.
    query = postgres_url.partition("?")[2]
    typed = f"postgresql://odd:c4n{{a}}ry%25:/?#[]%40@/{url.database}?{query}"
    assert run_worker(new_study(typed), bowl, n_trials=2) == StopReason.FINISHED
    wrong = url.set(password="c4n4ry").render_as_string(hide_password=False)
    with pytest.raises(ConnectionError, match="password authentication failed") as caught:
        open_storage(wrong)
    assert "c4n" not in str(caught.value)


def test_the_seed_of_a_study_is_set_once(url: str) -> None:
    from tunesmith.study._optuna import set_once

    assert set_once(new_study(url), "key", 1) == 1
    assert set_once(new_study(url), "key", 2) == 1


class Flaky:
    """Fail so many times, then work."""

    def __init__(self, failures: int, error: BaseException) -> None:
        self.failures, self.error, self.calls = failures, error, 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error
        return "worked"


def away(message: str = "server closed the connection") -> Exception:
    import psycopg

    return sqlalchemy.exc.OperationalError("SELECT 1", {}, psycopg.OperationalError(message))


def locked(message: str) -> Exception:
    error = sqlalchemy.exc.OperationalError("SELECT 1", {}, sqlite3.OperationalError(message))
    wrapped = optuna.exceptions.StorageInternalError("wrapped")
    wrapped.__cause__ = error
    return wrapped


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (away(), True),
        (locked("database is locked"), True),
        (locked("database or disk is full"), False),
        (locked("no such table: trials"), False),
        (sqlalchemy.exc.TimeoutError(), True),
        (sqlalchemy.exc.PendingRollbackError(), True),
        (sqlalchemy.exc.IntegrityError("INSERT", {}, sqlite3.IntegrityError()), False),
        (optuna.exceptions.StorageInternalError("odd"), False),
    ],
)
def test_a_passing_error_is_told_from_a_lasting_one(error: Exception, passing: bool) -> None:
    assert is_passing(error) == passing


def test_a_call_is_repeated_after_a_passing_error() -> None:
    retry = Retry(total_s=5, longest_pause_s=0.1)
    call = Flaky(3, away())
    assert retry.call(call, database="db") == "worked"
    assert call.calls == 4
    with pytest.raises(optuna.exceptions.StorageInternalError):
        retry.call(Flaky(1, locked("no such table")), database="db")


def full_of_postgresql() -> Exception:
    import psycopg

    said = 'could not extend file "base/1": No space left on device'
    return sqlalchemy.exc.OperationalError("INSERT", {}, psycopg.errors.DiskFull(said))


@pytest.mark.parametrize("error", [locked("database or disk is full"), full_of_postgresql()])
def test_a_full_disk_is_told_at_once(error: Exception) -> None:
    call = Flaky(1, error)
    with pytest.raises(DiskFull, match=r"^no space .* the disk of outputs/optuna\.db$"):
        Retry(total_s=60, longest_pause_s=1).call(call, database="sqlite:///outputs/optuna.db")
    assert call.calls == 1


def test_retrying_ends() -> None:
    with pytest.raises(
        DatabaseAway, match=r"db did not answer for 0\.2 s: server closed"
    ) as caught:
        Retry(0.2, 0.05).call(Flaky(99, away()), database="db")
    assert "SELECT" not in str(caught.value)


def test_a_locked_database_is_waited_for(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunesmith.study.storage._BUSY_TIMEOUT_S", 0)
    study = new_study(f"sqlite:///{tmp_path}/db")

    def objective(trial: optuna.Trial) -> float:
        # Let go when the next call to the database comes back for the third time.
        # The heartbeat's thread may be the one that comes back for the third time.
        other = sqlite3.connect(tmp_path / "db", timeout=5, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        pauses = iter([None, None])

        def let_go(_: float) -> None:
            if next(pauses, "over") == "over":
                other.close()

        with monkeypatch.context() as during:
            during.setattr("tunesmith.study.retry.time.sleep", let_go)
            return bowl(trial)

    assert run_worker(study, objective, n_trials=1) == StopReason.FINISHED


def claim(url: str) -> None:
    work(url, n_trials=1000, objective=bowl, timeout=20, should_stop=no_more_queued(url))


def no_more_queued(url: str):
    study = new_study(url)
    return lambda: not in_state(study, TrialState.WAITING)


def drain(url: str, *, n_workers: int, n_queued: int) -> None:
    study = new_study(url)
    for number in range(n_queued):
        study.enqueue_trial({"x": number / n_queued, "y": 0.5})
    processes = [start(claim, url) for _ in range(n_workers)]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    xs = [
        t.params["x"] for t in study.trials if is_finished(t) and "fixed_params" in t.system_attrs
    ]
    assert sorted(xs) == [number / n_queued for number in range(n_queued)]


def test_queued_trials_are_claimed_once(tmp_path) -> None:
    drain(f"sqlite:///{tmp_path}/db", n_workers=2, n_queued=20)


@pytest.mark.slow
def test_four_workers_drain_a_hundred_queued_trials_with_none_claimed_twice(url: str) -> None:
    drain(url, n_workers=4, n_queued=100)


def stampede(url: str, *, n: int) -> None:
    with workers(n, url, n_trials=n, sampler="random", seed=None) as processes:
        for process in processes:
            process.join()
            assert process.exitcode == 0
    names = optuna.get_all_study_names(open_storage(url))
    assert names == ["search"]
    trials = new_study(url).trials
    assert sum(map(is_finished, trials)) == n
    assert len({t.params["x"] for t in trials if "x" in t.params}) == len(
        [t for t in trials if "x" in t.params]
    )


def test_processes_that_start_at_once_on_an_absent_database_make_one_study(
    tmp_path,
) -> None:
    stampede(f"sqlite:///{tmp_path}/folder/db", n=3)


@pytest.mark.slow
def test_sixteen_processes_start_at_once_on_an_absent_database(url: str) -> None:
    stampede(url, n=16)
