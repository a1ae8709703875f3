"""What docs/how-to/cluster.md shows for a machine without Docker, typed as it stands there."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient
from optuna.trial import TrialState

from tests.commands import ROOT, environment, own_entry, read_trials
from tests.postgres import PostgresServer
from tests.tracking.test_server import answers, free_port, running, wait_for

PAGE = (ROOT / "docs" / "how-to" / "cluster.md").read_text()


def blocks(heading: str) -> list[str]:
    """The shell lines below a heading, block by block."""
    pattern = rf"^#+ {heading}\n(.*?)(?=^##|\Z)"
    [section] = re.findall(pattern, PAGE, re.DOTALL | re.MULTILINE)
    found: list[str] = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return found


def shown(start: str, heading: str) -> str:
    """The only line below a heading that has this in it."""
    lines = "".join(blocks(heading)).splitlines()
    [line] = [line for line in lines if start in line]
    return line


@pytest.fixture
def clean(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """A server that has not seen the page."""
    undo = [f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in ("tunesmith", "mlflow")]
    for statement in (*undo, "DROP ROLE IF EXISTS worker"):
        postgres_server.execute(statement)
    yield postgres_server
    for statement in (*undo, "DROP ROLE IF EXISTS worker"):
        postgres_server.execute(statement)


class Terminal:
    """A shell in a folder with a train.py, where the server's programs are found."""

    def __init__(self, folder: Path, server: PostgresServer, port: int) -> None:
        own_entry(folder, "")
        url = server.url
        path = [str(Path(sys.executable).parent), str(server.tools), os.environ["PATH"]]
        known = {
            "PGHOST": str(url.query.get("host") or url.host or ""),
            "PGPORT": str(url.port or ""),
            "PGUSER": str(url.username or ""),
            "PGPASSWORD": str(url.password or ""),
            "PATH": os.pathsep.join(path),
        }
        self.folder = folder
        self.port = port
        self.environment = environment(**{name: value for name, value in known.items() if value})

    def line(self, text: str) -> str:
        """The line for a server that has a socket alone and trusts everyone."""
        text = text.replace("@127.0.0.1/", "@/").replace("--pwprompt ", "")
        return text.replace(":5000", f":{self.port}").replace("--port 5000", f"--port {self.port}")

    def type(self, text: str, *, fails: bool = False) -> str:
        """Type lines into one shell and return what they printed; none of them may fail."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.line(text)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.mark.slow
def test_a_machine_without_docker(tmp_path: Path, clean: PostgresServer) -> None:
    here = Terminal(tmp_path, clean, port := free_port())
    make, serve, prepare = blocks("Without Docker")
    [addresses, _] = blocks("Where the addresses go")
    here.type(make)
    log = tmp_path / "server.log"
    with running(["bash", "-c", f"exec {here.line(serve)}"], here.environment, tmp_path, log):
        assert "created the tables of postgresql:///tunesmith\n" in here.type(prepare)
        wait_for(lambda: answers(port))
        command = shown("n_jobs=2", "This machine").partition("#")[0].strip()
        rest = "hydra.sweeper.study_name=s refit=false hydra.sweeper.n_trials="
        printed = here.type(f"{addresses}{command} {rest}6")
        assert "Warning" not in printed
        assert_recorded(f"http://127.0.0.1:{port}", 6)
        # Of several servers the first one that answers is taken.
        socket = here.environment["PGHOST"]
        elsewhere = (
            f"export OPTUNA_STORAGE='postgresql://worker@/tunesmith?host={socket},db.invalid'"
        )
        printed = here.type(f"{addresses}{elsewhere}\n{command} {rest}8")
        assert printed.count("Warning: what goes to the study's database on db.invalid may") == 1
    logs = (tmp_path / "outputs" / "searches" / "s" / "workers").glob("*.log")
    assert "Warning" not in "".join(log.read_text() for log in logs)
    url = clean.url.set(drivername="postgresql+psycopg", database="tunesmith")
    trials = read_trials(url.render_as_string(hide_password=False))
    # A trial that both workers had begun as the last one is failed at once.
    assert sum(trial.state == TrialState.COMPLETE for trial in trials) == 8
    own = url.set(username="worker").render_as_string(hide_password=False)
    assert "permission denied for schema public" in here.type(
        f"psql {own.replace('+psycopg', '')} -c 'CREATE TABLE mine (x int)'", fails=True
    )


def assert_recorded(uri: str, n_trials: int) -> None:
    """MLflow's server holds the search, its trials and its report."""
    client = MlflowClient(uri)
    [experiment] = [e for e in client.search_experiments() if e.name == "tunesmith"]
    assert experiment.artifact_location.startswith("mlflow-artifacts:")
    runs = client.search_runs([experiment.experiment_id])
    [search] = [run for run in runs if run.info.run_name == "s"]
    parent = "mlflow.parentRunId"
    trials = [run for run in runs if run.data.tags.get(parent) == search.info.run_id]
    assert [run.info.status for run in trials] == n_trials * ["FINISHED"]
    report = Path(client.download_artifacts(search.info.run_id, "report.html"))
    assert "<html" in report.read_text()
