"""A search folder says which study it belongs to, and where that lies."""

from pathlib import Path

import pytest
import yaml
from omegaconf import OmegaConf

from tests.commands import read_trials, succeed
from tunesmith.paths import SearchPaths
from tunesmith.search.store import write_study_file

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
