"""A search with a real MLflow server, which is killed and started again in the midst of it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from optuna.trial import FrozenTrial, TrialState

from tests.commands import command, environment, own_entry, read_trials, succeed
from tests.mlflow_store import runs_of

QUADRATIC = ("-m", "hparams_search=quadratic", "hydra.sweeper.study_name=s")
CANARY = "c4n%40ry"
SLOW = """
    import time
    from pathlib import Path
    from tunesmith.study import current_trial

    def objective(cfg):
        time.sleep(0.3)
        trial = current_trial()
        while trial and trial.number >= 9 and not (Path(__file__).parent / "back").exists():
            time.sleep(0.2)
        return {"y": cfg.objective.x ** 2, "other": 1.0}
    """


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool], *, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def server(folder: Path, port: int) -> Iterator[None]:
    """A server over the tracking store of this folder; it is killed at the end."""
    line = [*(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port))]
    line += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--workers", "1"]
    line += ["--artifacts-destination", str(folder / "artifacts")]
    with running(line, environment(), folder, folder / "server.log"):
        wait_for(lambda: answers(port))
        yield


@contextmanager
def running(
    command: Sequence[str], variables: Mapping[str, str], cwd: Path, log: Path
) -> Iterator[None]:
    """A command at work beside the block; it and all that it started are killed at the end."""
    with log.open("ab") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=file, env=variables, cwd=cwd, start_new_session=True
        )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def trials_of(root: Path) -> list[FrozenTrial]:
    return read_trials(f"sqlite:///{root}/optuna.db")


def n_complete(root: Path) -> int:
    # Made when the study is.
    if not (root / "searches" / "s" / "trials").exists():
        return 0
    return sum(trial.state == TrialState.COMPLETE for trial in trials_of(root))


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_server_that_is_killed_and_comes_back_misses_nothing(tmp_path: Path, n_jobs: int) -> None:
    entry, root, port = own_entry(tmp_path, SLOW), tmp_path / "outputs", free_port()
    uri = f"http://user:{CANARY}@127.0.0.1:{port}"
    line = command(
        *QUADRATIC,
        "objective._target_=mine.objective",
        "hydra.sweeper.n_trials=12",
        f"hydra.sweeper.n_jobs={n_jobs}",
        root=root,
    )
    line[1] = str(entry)
    with server(tmp_path, port):
        search = subprocess.Popen(
            line,
            env=environment(MLFLOW_TRACKING_URI=uri),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        wait_for(lambda: n_complete(root) >= 3)
    wait_for(lambda: n_complete(root) >= 9)
    assert search.poll() is None
    with server(tmp_path, port):
        (tmp_path / "back").touch()
        printed, _ = search.communicate(timeout=180)
    assert search.returncode == 0, printed
    assert not list((root / "mlflow-outbox").glob("*.json"))
    trials, runs = trials_of(root), runs_of(tmp_path)
    [parent] = [run for run in runs if run.info.run_name == "s"]
    stored = {run.data.tags.get("optuna.trial_number"): run for run in runs}
    assert len(trials) == 12
    for trial in trials:
        run = stored[str(trial.number)]
        assert run.info.status == "FINISHED"
        assert run.data.metrics["y"] == trial.value
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert run.data.params["objective.x"] == str(trial.params["objective.x"])
    assert parent.info.status == "FINISHED"
    assert_hidden(root, printed)


def assert_hidden(root: Path, printed: str) -> None:
    """Nothing that was printed or written holds the password."""
    written = [path.read_bytes() for path in root.rglob("*") if path.is_file()]
    for secret in (CANARY, "c4n@ry"):
        assert not [1 for content in [*written, printed.encode()] if secret.encode() in content]


@pytest.mark.slow
def test_the_printed_links_show_the_search_with_its_note_and_no_trial_before_it(
    tmp_path: Path,
) -> None:
    printed = succeed(*QUADRATIC, "hydra.sweeper.n_trials=3", root=tmp_path)
    search, listed = re.findall(r"http://127\.0\.0\.1:5000/(\S+)", printed)
    port = free_port()
    with server(tmp_path, port):
        page = looked_at(f"http://127.0.0.1:{port}/{search}", tmp_path)
        assert "Winner: trial" in page
        assert "hydra.sweeper.n_trials=3" in page
        page = looked_at(f"http://127.0.0.1:{port}/{listed}", tmp_path)
    assert re.search(r">s</", page)
    assert "trial-0000" not in page


def looked_at(link: str, folder: Path) -> str:
    """What a browser has of a page once its scripts have run."""
    names = ("chromium", "chromium-browser", "google-chrome")
    browser = next(found for name in names if (found := shutil.which(name)))
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=30000")
    profile = f"--user-data-dir={folder / 'profile'}"
    done = subprocess.run(
        [browser, *options, profile, "--dump-dom", link], capture_output=True, timeout=120
    )
    return done.stdout.decode()
