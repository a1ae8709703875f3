"""A full disk, told from other failures, in one line."""

import errno
import logging
import os
import sys
from pathlib import Path

import pytest

from tunesmith.full_disk import DiskFull, full_disk, logs_without_space
from tunesmith.search.workers import DISK_FULL, SEARCH_FAILED, LocalWorkers, WorkersFailed

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FULL, "no space is left on the disk of outputs"),
        (OSError(errno.EDQUOT, "Quota", "a.bin"), "no space is left on the disk of a.bin"),
        (caused(RuntimeError("cannot save"), FULL), "no space is left on the disk of outputs"),
        (
            RuntimeError("(sqlite3.OperationalError) database or disk is full"),
            "no space is left on the disk of outputs",
        ),
        (DiskFull.at("here"), "no space is left on the disk of here"),
    ],
)
def test_a_full_disk_is_found_in_what_others_made_of_it(error: Exception, said: str) -> None:
    assert str(full_disk(error, place="outputs")) == said


@pytest.mark.parametrize("error", [OSError(errno.EACCES, "denied"), ValueError("full"), OSError()])
def test_another_failure_is_none(error: Exception) -> None:
    assert full_disk(error) is None


def test_a_log_without_space_is_silent_and_any_other_fault_of_it_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Device:
        error: Exception = FULL

        def write(self, text: str) -> None:
            raise self.error

        def flush(self) -> None:
            pass

    logger = logging.Logger("full")
    logger.addHandler(logging.StreamHandler(Device()))
    with logs_without_space():
        logger.warning("lost")
        assert capsys.readouterr().err == ""
        Device.error = ValueError("closed")
        logger.warning("lost")
        assert "closed" in capsys.readouterr().err
    Device.error = FULL
    logger.warning("lost")
    assert "No space left" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "printed", "said"),
    [
        (DISK_FULL, "no space is left on the disk of /x/optuna.db; free some", "/x/optuna.db"),
        (DISK_FULL, "what it said long ago", "no space is left on the disk of {folder}; free some"),
        (DISK_FULL, "", "no space is left on the disk of {folder}; free some"),
        (SEARCH_FAILED, "the first 3 trials all failed", "the first 3 trials all failed"),
    ],
)
def test_a_worker_without_space_ends_the_others_at_its_first_word(
    tmp_path: Path, code: int, printed: str, said: str
) -> None:
    """Where not even its log takes a line, its exit code says it."""
    workers = LocalWorkers(
        command=[sys.executable, "-c", f"print({printed!r}); raise SystemExit({code})"],
        environments={0: dict(os.environ)},
        log_of=lambda number: tmp_path / f"{number}.log",
        is_done=lambda: False,
        progress=lambda: 0,
    )
    with pytest.raises(WorkersFailed) as failed:
        workers.supervise(on_poll=lambda: None, should_stop=lambda: False)
    assert said.format(folder=tmp_path) in str(failed.value)
    assert (tmp_path / "0.log").read_text().count("\n") == 1
