"""Workers that are started by hand, each in a checkout of its own."""

import signal
import sys
from pathlib import Path

import pytest

from tests.engines.search import Search, wait_for
from tests.environments.conftest import Installation
from tunesmith.sweeper import FIRST_SIGN

pytestmark = pytest.mark.slow

WORKER = "hydra.sweeper.worker_only=true"


def searches(folder: Path, url: str, *names: str) -> list[Search]:
    here = Installation(Path(sys.prefix))
    for name in names:
        (folder / name).mkdir()
    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/{names[0]}/outputs/mlflow.db"}
    return [Search(folder / name, here, url, variables=store) for name in names]


def test_they_join_the_search_that_another_command_begins(
    tmp_path: Path, postgres_url: str
) -> None:
    first, second, third = searches(tmp_path, postgres_url, "first", "second", "third")
    with second.started(WORKER, n_trials=24) as early:
        wait_for(second.is_there, "study")
        with (
            third.started(WORKER, n_trials=24) as interrupted,
            first.started(n_trials=24) as command,
        ):
            wait_for(lambda: interrupted.pid in first.at_work_or_none(), "worker at work")
            interrupted.send_signal(signal.SIGTERM)
            out, err = command.communicate(timeout=120)
            said, _ = early.communicate(timeout=60)
            interrupted.communicate(timeout=60)
    assert command.returncode == 0, out + err
    assert early.returncode == 0
    assert interrupted.returncode in (130, 143)
    # Between them it says how the search goes.
    own = [line for line in said.splitlines() if " · " not in line]
    assert own == [
        FIRST_SIGN,
        "Waiting for the command that begins study engines.",
        "Working for study engines.",
        "Study engines has 24 trials.",
    ]
    first.assert_whole(24)
    # What a trial leaves lies where it was computed; the report where it was asked for.
    trials = [len(list(s.folder.glob("outputs/searches/*/trials/*"))) for s in (first, second)]
    assert all(trials)
    assert (first.folder / "outputs" / "searches" / "engines" / "report.html").is_file()
    assert not (second.folder / "outputs" / "searches" / "engines" / "report.html").exists()


def test_one_that_is_killed_leaves_its_trial_to_the_others(
    tmp_path: Path, postgres_url: str
) -> None:
    first, second = searches(tmp_path, postgres_url, "first", "second")
    with (
        first.started(n_trials=20) as command,
        second.started(WORKER, n_trials=20) as worker,
    ):
        wait_for(lambda: worker.pid in first.at_work_or_none(), "worker at work")
        worker.kill()
        out, err = command.communicate(timeout=120)
    assert command.returncode == 0, out + err
    first.assert_whole(20, died=1)
