"""`docker compose up -d`: what it starts, as Docker Compose itself reads the file, where it is."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pytest
import yaml

from tests.commands import ROOT
from tests.postgres import PostgresServer

FILE = ROOT / "compose.yaml"
EXAMPLE = ROOT / ".env.example"
PROJECT = (ROOT / "pyproject.toml").read_text()
PASSWORDS = {"POSTGRES_PASSWORD": "can4ry", "MLFLOW_DB_PASSWORD": "c4nary"}
# ${NAME:-default} and ${NAME:?message}
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


class Unset(Exception):  # noqa: N818 - says what is unset
    pass


def read_by_us(variables: Mapping[str, str]) -> dict[str, Any]:
    """The file with its variables filled in as the Compose Specification says."""

    def value(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        if not variables.get(name) and kind == "?":
            raise Unset(rest)
        return variables.get(name) or rest or ""

    filled: dict[str, Any] = yaml.safe_load(VARIABLE.sub(value, FILE.read_text()))
    return filled


@cache
def compose() -> tuple[str, ...]:
    """The command of Docker Compose on this machine, as a plug-in or alone; () if there is none."""
    for command in (("docker", "compose"), ("docker-compose",)):
        if shutil.which(command[0]):
            tried = subprocess.run([*command, "version"], capture_output=True, timeout=60)
            if tried.returncode == 0:
                return command
    return ()


def read_by_docker(variables: Mapping[str, str]) -> dict[str, Any]:
    """The file as Docker Compose shows it, or as we read it where there is none; CI has one."""
    if not compose():
        return read_by_us(variables)
    done = subprocess.run(
        [*compose(), "--env-file", str(EXAMPLE), "-f", str(FILE), "config"],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.returncode:
        raise Unset(done.stderr)
    filled: dict[str, Any] = yaml.safe_load(done.stdout)
    return filled


Reader = Callable[[Mapping[str, str]], dict[str, Any]]


@pytest.fixture(params=[read_by_us, read_by_docker])
def read(request: pytest.FixtureRequest) -> Reader:
    reader: Reader = request.param
    return reader


def published(service: Mapping[str, Any]) -> str:
    """The only published port, in Compose's short form."""
    [port] = service["ports"]
    if not isinstance(port, str):
        return f"{port['host_ip']}:{port['published']}:{port['target']}"
    return port.removesuffix("/tcp")


def test_it_starts_two_servers_for_this_machine_alone(read: Reader) -> None:
    services = read(PASSWORDS)["services"]
    assert sorted(services) == ["mlflow", "postgres"]
    assert published(services["postgres"]) == "127.0.0.1:5432:5432"
    assert published(services["mlflow"]) == "127.0.0.1:5000:5000"
    assert services["mlflow"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    for service in services.values():
        assert service["healthcheck"]["test"]


def test_an_address_and_ports_are_chosen_by_variables(read: Reader) -> None:
    chosen = {"BIND_ADDRESS": "10.0.0.5", "POSTGRES_PORT": "5433", "MLFLOW_PORT": "5001"}
    services = read(PASSWORDS | chosen)["services"]
    assert published(services["postgres"]) == "10.0.0.5:5433:5432"
    assert published(services["mlflow"]) == "10.0.0.5:5001:5000"


@pytest.mark.parametrize("missing", sorted(PASSWORDS))
@pytest.mark.parametrize("value", [None, ""])
def test_nothing_starts_without_its_passwords(
    read: Reader, missing: str, value: str | None
) -> None:
    variables = {name: v for name, v in PASSWORDS.items() if name != missing}
    if value is not None:
        variables[missing] = value
    with pytest.raises(Unset, match=f"set {missing} in .env, see .env.example"):
        read(variables)


def test_passwords_are_in_no_command_and_no_address(read: Reader) -> None:
    for service in read(PASSWORDS)["services"].values():
        rest = {key: value for key, value in service.items() if key != "environment"}
        assert not [1 for secret in PASSWORDS.values() if secret in str(rest)]


def test_the_images_are_pinned_to_what_is_tested() -> None:
    services = read_by_us(PASSWORDS)["services"]
    assert re.fullmatch(r"postgres:\d+", services["postgres"]["image"])
    name, _, tag = services["mlflow"]["image"].partition(":")
    assert name == "ghcr.io/mlflow/mlflow"
    [oldest] = re.findall(r'^mlflow = \["mlflow>=([\d.]+),<4"\]', PROJECT, re.MULTILINE)
    assert re.fullmatch(rf"v{re.escape(oldest)}\.\d+-full", tag)


def test_the_example_holds_no_password_and_the_file_itself_is_ignored() -> None:
    example = EXAMPLE.read_text()
    assert re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE) == [(n, "") for n in PASSWORDS]
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
    named = {found[1] for found in VARIABLE.finditer(FILE.read_text())}
    assert named == set(re.findall(r"^#?(\w+)=", example, re.MULTILINE))


def test_mlflow_gets_a_database_of_its_own(postgres_server: PostgresServer) -> None:
    """The script that the container runs when its database is new."""
    url = postgres_server.url
    host = str(url.query.get("host") or url.host)
    mine = {"PATH": f"{postgres_server.tools}{os.pathsep}{os.environ['PATH']}", "PGHOST": host}
    services = read_by_us(PASSWORDS)["services"]
    [script] = [v for v in services["postgres"]["volumes"] if "initdb.d" in v]
    for undo in ("DROP DATABASE IF EXISTS mlflow", "DROP ROLE IF EXISTS mlflow"):
        postgres_server.execute(undo)
    odd = "c4n'ary$x\\"
    subprocess.run(
        ["sh", str(ROOT / script.split(":")[0])],
        env={**mine, "POSTGRES_USER": str(url.username), "MLFLOW_DB_PASSWORD": odd},
        check=True,
        timeout=60,
    )
    postgres_server.require_password("mlflow")
    own = url.set(username="mlflow", password=odd, database="mlflow")
    PostgresServer(own).execute("CREATE TABLE mine (x int)")
    postgres_server.execute("DROP DATABASE mlflow")
    postgres_server.execute("DROP ROLE mlflow")
