"""A search loses nothing: workers, kills, failures and secrets, with the whole command."""

import math
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
import pytest
import yaml
from mlflow import MlflowClient
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from tests.commands import command, environment, own_entry, read_trials, succeed, train
from tests.mlflow_store import runs_of
from tests.postgres import PostgresServer

QUADRATIC = ("-m", "hparams_search=quadratic", "hydra.sweeper.study_name=s")
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


def trials_of(root: Path, url: str | None = None) -> list[FrozenTrial]:
    """The trials as they lie in the study's store."""
    return read_trials(url or f"sqlite:///{root}/optuna.db")


def run_own(entry: Path, *arguments: str, root: Path) -> subprocess.CompletedProcess[str]:
    """Search with the user's own objective."""
    line = command(*QUADRATIC, "objective._target_=mine.objective", *arguments, root=root)
    line[1] = str(entry)
    return subprocess.run(line, env=environment(), capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_any_number_of_workers_finishes_exactly_the_total(tmp_path: Path, n_jobs: int) -> None:
    succeed(
        *QUADRATIC, "hydra.sweeper.n_trials=12", f"hydra.sweeper.n_jobs={n_jobs}", root=tmp_path
    )
    trials = trials_of(tmp_path)
    assert sum(trial.state in FINISHED for trial in trials) == 12
    assert not [t for t in trials if t.state in (TrialState.RUNNING, TrialState.WAITING)]
    assert len({trial.params["objective.x"] for trial in trials if trial.state in FINISHED}) == 12
    assert "RUNNING" not in {run.info.status for run in runs_of(tmp_path)}


@pytest.mark.parametrize("repeat", [1, 2])
def test_infeasible_points_may_be_infinite_and_end_no_search(tmp_path: Path, repeat: int) -> None:
    source = """
        def objective(cfg):
            x = cfg.objective.x
            return {"y": float("inf") if x < 2 else x, "side": x}
        """
    entry, root = own_entry(tmp_path, source), tmp_path / "outputs"
    many = (f"repeat={repeat}", "seed=1", "hydra.sweeper.n_trials=8")
    done = run_own(entry, *many, root=root)
    assert done.returncode == 0, done.stderr
    trials = trials_of(root)
    assert [t.state for t in trials] == [TrialState.COMPLETE] * 8
    for trial in trials:
        x = trial.params["objective.x"]
        assert trial.value == (math.inf if x < 2 else x)
    best = min(x for t in trials if (x := t.params["objective.x"]) >= 2)
    report = yaml.safe_load((root / "searches/s/optimization_results.yaml").read_text())
    assert report["best_value"] == best
    assert (root / "searches/s/report.html").exists()


def test_a_bug_stops_the_search_after_three_times_and_is_shown_once(tmp_path: Path) -> None:
    entry = own_entry(tmp_path, "def objective(cfg): raise KeyError('no such column')")
    done = run_own(entry, root=tmp_path / "outputs")
    assert done.returncode == 1
    assert (done.stdout + done.stderr).count("no such column") == 1
    trials = trials_of(tmp_path / "outputs")
    assert [trial.state for trial in trials] == [TrialState.FAIL] * 3
    assert "KeyError" in trials[0].user_attrs["fail_traceback"]
    [first] = [r for r in runs_of(tmp_path / "outputs") if r.info.run_name == "trial-0000"]
    assert first.info.status == "FAILED"
    assert "no such column" in first.data.tags["error"]
    client = MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    assert "traceback.txt" in {file.path for file in client.list_artifacts(first.info.run_id)}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("float('nan')", "the objective returned nan"),
        pytest.param("None", "the objective returned", marks=pytest.mark.slow),
        pytest.param("int('x')", "invalid literal", marks=pytest.mark.slow),
        pytest.param("sys.exit(3)", "SystemExit(3)", marks=pytest.mark.slow),
        pytest.param("{'z': 1.0}", "no y", marks=pytest.mark.slow),
    ],
)
def test_a_trial_that_fails_says_why_and_the_search_goes_on(
    tmp_path: Path, bad: str, reason: str
) -> None:
    source = f"""
        import sys
        from tunesmith.study import current_trial

        def objective(cfg):
            x = cfg.objective.x
            return {bad} if current_trial() and current_trial().number == 1 else x * x
        """
    entry, root = own_entry(tmp_path, source), tmp_path / "outputs"
    done = run_own(entry, "hydra.sweeper.n_trials=4", root=root)
    assert done.returncode == 0, done.stderr
    trials = trials_of(root)
    assert sum(trial.state == TrialState.COMPLETE for trial in trials) == 4
    assert trials[1].state == TrialState.FAIL
    assert reason in trials[1].user_attrs["reason"]


@pytest.mark.slow
def test_a_failed_trial_repeats_its_exception(tmp_path: Path) -> None:
    source = """
        def objective(cfg):
            x = cfg.objective.x
            if x > 5:
                raise ArithmeticError(f"{x} is too much")
            return x * x
        """
    entry, root = own_entry(tmp_path, source), tmp_path / "outputs"
    arguments = ("hydra.sweeper.n_trials=10", "hydra/sweeper/sampler=random")
    assert run_own(entry, *arguments, root=root).returncode == 0
    failed = [trial for trial in trials_of(root) if trial.state == TrialState.FAIL]
    trial = failed[0]
    config = Path(trial.user_attrs["hydra.dir"]) / ".hydra"
    again = subprocess.run(
        [sys.executable, entry, "--config-dir", config, "--config-name", "config"],
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert again.returncode == 1
    raised = trial.user_attrs["fail_exception"]
    assert raised == f"ArithmeticError: {trial.params['objective.x']} is too much"
    assert raised.partition(": ")[2] in again.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        (("tracking=none",), "5m"),
        ((), "11m"),
        (("tracking=none", "hydra.sweeper.n_jobs=2"), "5m"),
    ],
    ids=["one worker", "with MLflow", "two workers"],
)
def test_a_full_disk_ends_a_search_in_one_line_and_it_goes_on_when_there_is_room(
    tmp_path: Path, arguments: tuple[str, ...], size: str
) -> None:
    source = """
        from pathlib import Path
        from hydra.core.hydra_config import HydraConfig

        def objective(cfg):
            folder = Path(HydraConfig.get().runtime.output_dir)
            (folder / "model.bin").write_bytes(bytes(200_000))
            return cfg.objective.x ** 2
        """
    disk = tmp_path / "disk"
    disk.mkdir()
    arguments = ("objective._target_=mine.objective", "hydra.sweeper.n_trials=40", *arguments)
    search = command(*QUADRATIC, *arguments, root=disk / "outputs")
    search[1] = str(own_entry(tmp_path, source))
    # The disk is gone with the shell: what it held is copied.
    script = """
        mount -t tmpfs -o size="$0" tmpfs disk || exit 77
        "$@" 2> full; echo $? > code
        mkdir before after; cp disk/outputs/optuna.db* before
        mount -o remount,size=100m disk
        "$@" || exit 1
        cp disk/outputs/optuna.db* after
        """
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script, size, *search],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    said = tmp_path / "full"
    assert re.fullmatch(
        r"(study s stopped: )?no space is left on the disk of \S+/disk/\S+; free some and run the "
        r"same command again: what is finished is kept\n",
        said.read_text(),
    ), said.read_text()
    assert (tmp_path / "code").read_text() == "1\n"
    before, after = (
        [t for t in trials if t.state == TrialState.COMPLETE]
        for trials in map(copied_trials, (tmp_path / "before", tmp_path / "after"))
    )
    assert 0 < len(before) < 40
    assert len(after) == 40
    assert [t for t in after if t.number in {one.number for one in before}] == before
    # It is said soon after the last trial that had room.
    last = max(t.datetime_complete.timestamp() for t in before)
    assert said.stat().st_mtime - last < 20


def copied_trials(folder: Path) -> list[FrozenTrial]:
    """The trials of a store that was copied into a folder."""
    return read_trials(f"sqlite:///{folder}/optuna.db")


@pytest.mark.slow
def test_a_worker_that_aborts_is_replaced_and_its_slot_attempted_again(tmp_path: Path) -> None:
    source = """
        import os
        from tunesmith.study import current_trial

        def objective(cfg):
            trial = current_trial()
            if trial and trial.number == 2:
                os.abort()
            return cfg.objective.x ** 2
        """
    entry, root = own_entry(tmp_path, source), tmp_path / "outputs"
    done = run_own(entry, "hydra.sweeper.n_trials=6", "hydra.sweeper.n_jobs=2", root=root)
    assert done.returncode == 0, done.stderr
    trials = trials_of(root)
    assert sum(trial.state in FINISHED for trial in trials) == 6
    assert trials[2].user_attrs["fail_kind"] == "died"
    [again] = [t for t in trials if t.system_attrs.get("failed_trial") == 2]
    assert again.params == trials[2].params
    assert "RUNNING" not in {run.info.status for run in runs_of(root)}


def test_nothing_completed_is_one_line_and_no_crash(tmp_path: Path) -> None:
    source = """
        import optuna

        def objective(cfg):
            raise optuna.TrialPruned("hopeless")
        """
    done = run_own(own_entry(tmp_path, source), "hydra.sweeper.n_trials=3", root=tmp_path / "o")
    assert done.returncode == 1
    assert "has no complete trial with a finite value (3 pruned)" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_conditional_space_is_searched(tmp_path: Path) -> None:
    source = """
        def objective(cfg):
            return cfg.objective.x ** 2 + cfg.get("extra", 0)

        def extend(cfg, trial):
            if trial.params["objective.x"] > 0:
                trial.suggest_float("+extra", 1, 2)
        """
    entry, root = own_entry(tmp_path, source), tmp_path / "outputs"
    done = run_own(
        entry,
        "hydra.sweeper.custom_search_space=mine.extend",
        "hydra.sweeper.n_trials=8",
        root=root,
    )
    assert done.returncode == 0, done.stderr
    for trial in trials_of(root):
        positive = trial.params["objective.x"] > 0
        assert ("+extra" in trial.params) == positive
        assert trial.value == trial.params["objective.x"] ** 2 + trial.params.get("+extra", 0)


@pytest.mark.slow
def test_a_password_from_the_environment_is_written_nowhere(
    tmp_path: Path, postgres_server: PostgresServer, postgres_url: str
) -> None:
    canary = "c{a%40n:ary"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS canary")
        connection.execute(f"CREATE ROLE canary SUPERUSER LOGIN PASSWORD '{canary}'")
    postgres_server.require_password("canary")
    place = make_url(postgres_url)
    url = place.set(username="canary", password=canary, drivername="postgresql").render_as_string(
        hide_password=False
    )
    arguments = (*QUADRATIC, "storage=postgresql", "hydra.sweeper.n_trials=3")
    done = train(*arguments, "hydra.sweeper.n_jobs=2", root=tmp_path, OPTUNA_STORAGE=url)
    assert done.returncode == 0, done.stderr
    assert sum(trial.state in FINISHED for trial in trials_of(tmp_path, postgres_url)) == 3
    refused = train(*arguments, "objective.x=choice(1,2)", root=tmp_path, OPTUNA_STORAGE=url)
    assert refused.returncode == 1
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    printed = (done.stdout + done.stderr + refused.stdout + refused.stderr).encode()
    for secret in (canary, quote(canary, safe=""), quote(canary, safe=":")):
        assert not [1 for content in [*written, printed] if secret.encode() in content]


@pytest.mark.slow
def test_a_search_outlives_its_mlflow_store(tmp_path: Path) -> None:
    succeed(*QUADRATIC, "hydra.sweeper.n_trials=2", root=tmp_path)
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    [parent] = [run for run in runs_of(tmp_path) if "mlflow.parentRunId" not in run.data.tags]
    client.delete_run(parent.info.run_id)
    succeed(*QUADRATIC, "hydra.sweeper.n_trials=3", root=tmp_path)
    assert client.get_run(parent.info.run_id).info.lifecycle_stage == "active"
    (tmp_path / "mlflow.db").unlink()
    succeed(*QUADRATIC, "hydra.sweeper.n_trials=4", root=tmp_path)
    assert len(trials_of(tmp_path)) == 4
    with sqlite3.connect(tmp_path / "mlflow.db") as store:
        names = {name for (name,) in store.execute("SELECT name FROM runs")}
    store.close()
    assert {"s", "trial-0003"} <= names


@pytest.mark.slow
def test_ctrl_c_ends_an_objective_that_swallows_it(tmp_path: Path) -> None:
    source = """
        import contextlib
        import time
        from pathlib import Path

        def objective(cfg):
            Path("started").touch()
            with contextlib.suppress(KeyboardInterrupt):
                time.sleep(600)
            time.sleep(600)
        """
    entry, root = own_entry(tmp_path, source), tmp_path / "outputs"
    line = command(*QUADRATIC, "objective._target_=mine.objective", root=root)
    line[1] = str(entry)
    running = subprocess.Popen(
        line, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True
    )
    while not (tmp_path / "started").exists():
        assert running.poll() is None
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    printed, _ = running.communicate(timeout=120)
    assert running.returncode == 130
    assert "Interrupted after 0 of 100 trials" in printed
    assert trials_of(root)[0].state == TrialState.FAIL


def workers_of(parent: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The worker processes that a search has started."""
    try:
        return psutil.Process(parent.pid).children()
    except psutil.NoSuchProcess:
        return []


def storm(
    start: Callable[[], subprocess.Popen[bytes]],
    *,
    n_finished: Callable[[], int],
    kill_parent_at: list[int],
) -> int:
    """Kill a random worker every few seconds, the parent at some totals; the last exit code.

    However slow the machine is, a kill waits for a trial to finish after the one before.
    """
    dice = random.Random(0)
    parent, before = start(), 0
    while parent.poll() is None:
        time.sleep(5)
        now = n_finished()
        if now == before:
            continue
        before = now
        if kill_parent_at and now >= kill_parent_at[0]:
            kill_parent_at.pop(0)
            parent.kill()
            parent.wait()
            parent = start()
        elif workers := workers_of(parent):
            dice.choice(workers).send_signal(signal.SIGKILL)
    return parent.wait()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_a_kill_storm_ends_with_exactly_the_total_and_every_trial_repeats(
    tmp_path: Path, store: str, request: pytest.FixtureRequest
) -> None:
    variables, arguments, url = {}, [*QUADRATIC, "hydra.sweeper.n_trials=120"], None
    if store == "postgresql":
        url = request.getfixturevalue("postgres_url")
        arguments.append("storage=postgresql")
        variables["OPTUNA_STORAGE"] = url
    # Kills come often here: no slot may be given up for them.
    arguments += ["hydra.sweeper.n_jobs=4", "hydra.sweeper.max_retries=50"]

    printed = tmp_path / "printed"

    def start() -> subprocess.Popen[bytes]:
        with printed.open("ab") as output:
            return subprocess.Popen(
                command(*arguments, root=tmp_path),
                env=environment(**variables),
                stdout=output,
                stderr=output,
            )

    file = tmp_path / "optuna.db"
    engine = create_engine(url or f"sqlite:///{file}", poolclass=NullPool)

    def n_finished() -> int:
        count = text("SELECT COUNT(*) FROM trials WHERE state IN ('COMPLETE', 'PRUNED')")
        if url is None and not file.exists():
            return 0
        with suppress(DatabaseError), engine.connect() as connection:  # Its tables may be to come.
            return int(connection.execute(count).scalar_one())
        return 0

    exit_code = storm(start, n_finished=n_finished, kill_parent_at=[20, 60])
    assert exit_code == 0, printed.read_text()
    trials = trials_of(tmp_path, url)
    finished = [trial for trial in trials if trial.state in FINISHED]
    assert len(finished) == 120
    assert not [t for t in trials if t.state in (TrialState.RUNNING, TrialState.WAITING)]
    runs = {run.info.run_id: run for run in runs_of(tmp_path)}
    assert "RUNNING" not in {run.info.status for run in runs.values()}
    for trial in finished:
        run = runs[trial.user_attrs["mlflow.run_id"]]
        assert run.data.tags["optuna.trial_state"] == trial.state.name
        assert run.data.metrics["y"] == trial.value

    for trial in random.Random(1).sample(finished, 20 if store == "sqlite" else 3):
        config = Path(trial.user_attrs["hydra.dir"]) / ".hydra"
        root = tmp_path / "repeated" / str(trial.number)
        succeed("--config-dir", str(config), "--config-name", "config", root=root)
        [metrics] = root.glob("runs/*/*/metrics.yaml")
        assert yaml.safe_load(metrics.read_text())["y"] == trial.value


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_sixteen_commands_at_once_on_an_absent_store_make_one_study(tmp_path: Path) -> None:
    """So they do on PostgreSQL: tests/study/test_storage.py."""
    running = [
        subprocess.Popen(
            command(*QUADRATIC, "hydra.sweeper.n_trials=40", root=tmp_path),
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(16)
    ]
    printed = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0] * 16, printed
    assert sum(trial.state in FINISHED for trial in trials_of(tmp_path)) == 40
    parents = [run for run in runs_of(tmp_path) if run.info.run_name == "s"]
    assert [run.info.status for run in parents] == ["FINISHED"]


@pytest.mark.parametrize("mode", ["search", "single run"])
def test_an_mlflow_server_that_is_down_is_one_line_without_the_password(
    tmp_path: Path, mode: str
) -> None:
    arguments = QUADRATIC if mode == "search" else ("objective=quadratic",)
    done = train(
        *arguments, root=tmp_path / "o", MLFLOW_TRACKING_URI="http://me:can4ry@127.0.0.1:9"
    )
    assert done.returncode == 1
    assert done.stderr.startswith("MLFLOW_TRACKING_URI=http://127.0.0.1:9 cannot be used: Conn")
    assert done.stderr.count("\n") == 1
    assert "can4ry" not in done.stdout + done.stderr
    assert not (tmp_path / "o").exists()


def test_a_store_that_cannot_be_reached_is_one_line_without_the_password(tmp_path: Path) -> None:
    url = "postgresql://me:can4ry@127.0.0.1:9/nothing"
    done = train(*QUADRATIC, "storage=postgresql", root=tmp_path / "o", OPTUNA_STORAGE=url)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "can4ry" not in done.stderr
    assert not (tmp_path / "o").exists()
    assert os.environ.get("OPTUNA_STORAGE") is None
