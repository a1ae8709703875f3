"""A search folder says which study it belongs to, and where that lies."""

from pathlib import Path

import pytest
import yaml
from omegaconf import OmegaConf

from tests.commands import read_trials, succeed
from tunesmith.paths import SearchPaths
from tunesmith.search.store import unencrypted, write_study_file

QUADRATIC = ("-m", "hparams_search=quadratic", "hydra.sweeper.study_name=s", "tracking=none")
TWO = ("hydra.sweeper.n_trials=2", "refit=false")


def test_a_search_folder_names_its_study_and_an_absolute_store(tmp_path: Path) -> None:
    succeed(*QUADRATIC, *TWO, root=tmp_path)
    kept = yaml.safe_load((tmp_path / "searches" / "s" / "study.yaml").read_text())
    assert kept == {"study_name": "s", "storage": f"sqlite:///{tmp_path}/optuna.db"}
    assert len(read_trials(kept["storage"], kept["study_name"])) == 2


def test_a_search_in_memory_or_a_dry_run_names_no_store(tmp_path: Path) -> None:
    succeed(*QUADRATIC, *TWO, "dry_run=true", root=tmp_path)
    assert not (tmp_path / "searches").exists()
    succeed(*QUADRATIC, *TWO, "storage=memory", root=tmp_path)
    assert (tmp_path / "searches" / "s" / "report.html").exists()
    assert not (tmp_path / "searches" / "s" / "study.yaml").exists()


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("postgresql://me:can4ry@host/db", "${oc.env:OPTUNA_STORAGE}"),
        ("postgresql://me@host/env", "${oc.env:OPTUNA_STORAGE}"),
        ("postgresql://me@host/other", "postgresql://me@host/other"),
        ("sqlite:////srv/optuna.db", "sqlite:////srv/optuna.db"),
    ],
)
def test_no_password_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, kept: str
) -> None:
    monkeypatch.setenv("OPTUNA_STORAGE", "postgresql://me@host/env")
    paths = SearchPaths(tmp_path / "s")
    write_study_file(paths, study_name="s", storage=url)
    assert "can4ry" not in paths.study.read_text()
    assert yaml.safe_load(paths.study.read_text()) == {"study_name": "s", "storage": kept}
    assert [path.name for path in paths.folder.iterdir()] == ["study.yaml"]
    monkeypatch.setenv("OPTUNA_STORAGE", url)
    assert OmegaConf.load(paths.study).storage == url


def test_a_relative_sqlite_store_is_written_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = SearchPaths(tmp_path / "s")
    write_study_file(paths, study_name="s", storage="sqlite:///outputs/optuna.db")
    stored = yaml.safe_load(paths.study.read_text())["storage"]
    assert stored == f"sqlite:///{tmp_path}/outputs/optuna.db"


NOT_SET = ("PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGSSLROOTCERT", "PGSERVICE")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in NOT_SET:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("url", "added"),
    [
        ("postgresql://me@db.example.org/studies", "?"),
        ("postgresql+psycopg://me@db.example.org:6432/studies", "?"),
        ("postgresql://me@db.example.org/studies?sslmode=disable", "&"),
        ("postgresql://me@db.example.org/studies?sslmode=allow", "&"),
        ("postgresql://me@db.example.org/studies?sslmode=prefer", "&"),
        ("postgresql://me@10.0.0.7/studies", "?"),
        ("postgresql://me@[fd00::7]/studies", "?"),
        ("postgresql:///studies?host=/run/postgresql,db.example.org", "&"),
        ("postgresql://me@localhost/studies?hostaddr=10.0.0.7", "&"),
    ],
)
def test_a_database_elsewhere_without_tls_is_warned_about(
    environment: pytest.MonkeyPatch, url: str, added: str
) -> None:
    warning = unencrypted(url)
    assert warning is not None
    assert f"add {added}sslmode=require to its URL" in warning
    assert "\n" not in warning
    assert unencrypted(url.partition("?")[0] + "?sslmode=require") is None
    if "sslmode" not in url:
        environment.setenv("PGSSLMODE", "verify-full")
        assert unencrypted(url) is None


@pytest.mark.parametrize(
    "url",
    [
        None,
        "sqlite:////srv/optuna.db",
        "postgresql:///studies",
        "postgresql://me@localhost/studies",
        "postgresql://me@127.0.0.1:5433/studies?sslmode=disable",
        "postgresql://me@127.8.8.8/studies",
        "postgresql://me@[::1]/studies",
        "postgresql://me@/studies?host=%2Frun%2Fpostgresql",
        "postgresql://me@db.example.org/studies?sslmode=require",
        "postgresql://me@db.example.org/studies?sslmode=verify-ca",
        "postgresql://me@db.example.org/studies?sslrootcert=system",
    ],
)
def test_a_database_here_or_with_tls_is_not(
    environment: pytest.MonkeyPatch, url: str | None
) -> None:
    assert unencrypted(url) is None


def test_what_a_url_leaves_out_is_taken_from_the_environment(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("PGHOST", "db.example.org")
    assert "on db.example.org may not" in (unencrypted("postgresql:///studies") or "")
    assert unencrypted("postgresql://localhost/studies") is None
    environment.setenv("PGSSLMODE", "require")
    assert unencrypted("postgresql:///studies") is None
    assert unencrypted("postgresql:///studies?sslmode=prefer") is not None


def test_no_password_is_in_the_warning(environment: pytest.MonkeyPatch) -> None:
    assert "can4ry" not in (unencrypted("postgresql://me:can4ry@db.example.org/s") or "can4ry")
