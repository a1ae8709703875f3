"""Which addresses of a tracking store are taken; its password is shown by nobody."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.commands import environment
from tests.tracking.test_mlflow import opened
from tunesmith.errors import InvalidConfig
from tunesmith.tracking.address import without_password


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USERNAME", "PASSWORD", "URI"):
        # Set first: what the code sets is then taken back too.
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", "")
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}")


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("./mlruns", "MLFLOW_TRACKING_URI=./mlruns is a folder, which MLflow no longer writes to"),
        ("mlruns", "is a folder"),
        ("file:///tmp/mlruns", "MLFLOW_TRACKING_URI=file:///tmp/mlruns is a folder"),
        ("http://127.0.0.1:9", "cannot be used: Connection refused"),
        ("http://me:c4n%40ry@127.0.0.1:9", "TRACKING_URI=http://127.0.0.1:9 cannot be used: Conn"),
        ("http://me:c4n%40ry@no.invalid", "cannot be used: "),
        ("postgresql+psycopg://me:c4n%40ry@127.0.0.1:9/x", "//me:***@127.0.0.1:9/x cannot be used"),
        ("nonsense://me:c4n%40ry@x", "unsupported URI 'nonsense://me:***@x'"),
    ],
)
def test_an_address_without_a_store_is_one_quick_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uri: str, expected: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(tmp_path)
    before = time.monotonic()
    with pytest.raises(InvalidConfig) as caught:
        opened(uri, tmp_path).check()
    assert time.monotonic() - before < 20
    text = str(caught.value)
    assert expected in text
    assert "unset MLFLOW_TRACKING_URI" in text
    assert "\n" not in text
    assert "c4n" not in text
    assert not list(tmp_path.iterdir())


def test_a_folder_that_the_user_allows_mlflow_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    opened(f"{tmp_path}/mlruns", tmp_path).check()


def test_mlflow_reports_no_usage_and_says_nothing_of_its_tables() -> None:
    code = """
        import tunesmith.tracking.mlflow
        import logging, mlflow.telemetry
        assert mlflow.telemetry.get_telemetry_client() is None
        assert logging.getLogger("mlflow").level == logging.WARNING
    """
    names = {"MLFLOW_DISABLE_TELEMETRY", "MLFLOW_LOGGING_LEVEL", "DO_NOT_TRACK", "CI"}
    kept = {name: value for name, value in environment().items() if name not in names}
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=kept, check=True)


def test_mlflow_gets_the_password_by_its_own_variables() -> None:
    assert without_password("https://me:c4n%40ry@host:80/a?b=1") == "https://host:80/a?b=1"
    assert os.environ["MLFLOW_TRACKING_USERNAME"] == "me"
    assert os.environ["MLFLOW_TRACKING_PASSWORD"] == "c4n@ry"


@pytest.mark.parametrize("uri", ["sqlite:///a@b.db", "http://host/a@b", "databricks"])
def test_an_address_without_a_password_stays(uri: str) -> None:
    assert without_password(uri) == uri
    assert "MLFLOW_TRACKING_PASSWORD" not in os.environ
