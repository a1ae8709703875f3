"""`python -m tunesmith.storage` makes the tables, so that those who search need not be able to."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
import sqlalchemy

from tests.commands import ROOT, environment
from tests.postgres import PostgresServer
from tests.study.searches import bowl, new_study
from tunesmith.passwords import hide_passwords
from tunesmith.storage import main
from tunesmith.study import StopReason, create_schema, open_storage, run_worker

ROLE = "Searcher"
INIT = "python -m tunesmith.storage init"
GRANTS = "python -m tunesmith.storage grants ROLE | psql"


def of_role(url: str) -> str:
    """The URL of the same database for a role without rights of its own."""
    return (
        sqlalchemy.make_url(url)
        ._replace(username=ROLE, password=None)
        .render_as_string(hide_password=False)
    )


@pytest.fixture
def role(postgres_server: PostgresServer, postgres_url: str) -> Iterator[str]:
    """A role that can connect, on a server of before version 15 too, and nothing else."""
    postgres_server.execute(f'CREATE ROLE "{ROLE}" LOGIN')
    database = PostgresServer(sqlalchemy.make_url(postgres_url))
    database.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    yield of_role(postgres_url)
    database.execute(f'DROP OWNED BY "{ROLE}"')
    postgres_server.execute(f'DROP ROLE "{ROLE}"')


def test_the_tables_are_made_once(
    postgres_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPTUNA_STORAGE", postgres_url)
    shown = hide_passwords(postgres_url)
    assert main(["init"]) == 0
    assert capsys.readouterr().out == f"created the tables of {shown}\n"
    assert main(["init"]) == 0
    assert capsys.readouterr().out == f"already there: the tables of {shown}\n"
    assert optuna.get_all_study_names(open_storage(postgres_url)) == []


def test_a_sqlite_file_is_made_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path}/new/optuna.db"
    for said in ("created", "already there:"):
        assert main(["init", url]) == 0
        assert capsys.readouterr().out == f"{said} the tables of {url}\n"


def test_a_role_that_may_create_nothing_runs_a_search(
    postgres_url: str, role: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert create_schema(postgres_url)
    capsys.readouterr()
    assert main(["grants", ROLE]) == 0
    grants = capsys.readouterr().out
    PostgresServer(sqlalchemy.make_url(postgres_url)).execute(grants)
    with pytest.raises(Exception, match="permission denied for schema public"):
        PostgresServer(sqlalchemy.make_url(role)).execute("CREATE TABLE mine (x int)")
    assert main(["init", role]) == 0
    assert capsys.readouterr().out.startswith("already there")
    study = new_study(role)
    assert run_worker(study, bowl, n_trials=8) == StopReason.FINISHED
    study = new_study(role)
    assert run_worker(study, bowl, n_trials=9) == StopReason.FINISHED
    optuna.delete_study(study_name=study.study_name, storage=study._storage)


def test_such_a_role_is_told_what_the_owner_does(
    postgres_url: str, role: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make = "for schema public; the database's owner makes the tables: " + INIT
    give = "for table version_info; the database's owner gives the rights: " + GRANTS
    for said in (make, give):
        assert main(["init", role]) == 1
        printed = capsys.readouterr().err
        assert printed.endswith(f": permission denied {said}\n")
        assert printed.count("\n") == 1
        create_schema(postgres_url)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["postgresql://me:can4ry@host/db"], "postgresql://me:***@host/db holds a password"),
        (["postgresql://me@host/db?password=can4ry"], "holds a password"),
        (["postgresql://me@127.0.0.1:1/db"], "cannot open postgresql+psycopg://me@127.0.0.1:1/db:"),
        (["mysql://host/db"], "a storage of the kind 'mysql' is not supported; try sqlite"),
        (["nonsense"], "the storage is not a database URL; try sqlite"),
        ([], "no storage is named; type export OPTUNA_STORAGE=postgresql://USER:PASSWORD@HOST"),
    ],
)
def test_a_mistake_is_one_line_without_the_password(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPTUNA_STORAGE", raising=False)
    assert main(["init", *arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err
    assert "can4ry" not in printed.err
    assert printed.err.count("\n") == 1


def test_a_missing_driver_names_the_extra(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert main(["init", "postgresql://localhost/db"]) == 1
    assert "[postgresql]" in capsys.readouterr().err


def test_the_command_that_is_printed_is_one(tmp_path: Path) -> None:
    line = shlex.split(INIT)
    done = subprocess.run(
        [sys.executable, *line[1:]],
        cwd=ROOT,
        env=environment(OPTUNA_STORAGE=f"sqlite:///{tmp_path}/optuna.db"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"created the tables of sqlite:///{tmp_path}/optuna.db\n"
