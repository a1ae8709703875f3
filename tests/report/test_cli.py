import sqlite3
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from tunesmith.report.__main__ import main
from tunesmith.report.load import hide_password


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An output root with the finished search `mlp-1`, the empty `mlp-2` and the failed `mlp-3`."""
    monkeypatch.delenv("OPTUNA_STORAGE", raising=False)
    url = f"sqlite:///{tmp_path / 'optuna.db'}"
    for name in ("mlp-1", "mlp-2", "mlp-3"):
        study = optuna.create_study(study_name=name, storage=url)
        (tmp_path / "searches" / name).mkdir(parents=True)
        if name == "mlp-1":
            study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=5)
        if name == "mlp-3":
            study.add_trial(optuna.trial.create_trial(state=TrialState.FAIL))
    return tmp_path


def test_a_search_folder_gets_its_report(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = root / "searches" / "mlp-1"
    assert main([str(folder)]) == 0
    assert "mlp-1" in (folder / "report.html").read_text()
    out = capsys.readouterr().out
    assert "5 complete" in out
    assert str(folder / "report.html") in out


def test_any_study_gets_its_report(root: Path) -> None:
    output = root / "there" / "page.html"
    url = f"sqlite:///{root / 'optuna.db'}"
    assert main(["--storage", url, "--study", "mlp-1", "--output", str(output)]) == 0
    assert "Best parameters" in output.read_text()


def test_the_store_of_the_environment_is_used(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = root / "elsewhere.db"
    (root / "optuna.db").rename(moved)
    monkeypatch.setenv("OPTUNA_STORAGE", f"sqlite:///{moved}")
    folder = root / "searches" / "mlp-1"
    assert main([str(folder)]) == 0
    (folder / "search.yaml").write_text("storage: sqlite\n")
    assert main([str(folder)]) == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mlp-4", "nearest: mlp-"),
        ("mlp-2", "is empty: no trial was started yet"),
        ("mlp-3", "has no finished trial to report on: its 1 trials are fail"),
    ],
)
def test_a_folder_without_results_is_one_clear_line(
    root: Path, capsys: pytest.CaptureFixture[str], name: str, expected: str
) -> None:
    assert main([str(root / "searches" / name)]) == 1
    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1


def test_a_folder_without_a_study_names_the_nearest(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "searches" / "mlp-9").mkdir()
    assert main([str(root / "searches" / "mlp-9")]) == 1
    assert "no study 'mlp-9'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("storage", "expected"),
    [
        ("sqlite:///{root}/optun.db", "nearest: optuna.db"),
        ("sqlite:///{root}/other.db", "is not an Optuna store"),
        ("sqlite:///{root}/text.db", "cannot read"),
        ("nonsense", "is no usable storage URL"),
        ("sqlite:///{root}/optuna.db", "no study 'x'"),
    ],
)
def test_a_bad_store_is_one_clear_line(
    root: Path, capsys: pytest.CaptureFixture[str], storage: str, expected: str
) -> None:
    connection = sqlite3.connect(root / "other.db")
    connection.execute("create table things (name text)")
    connection.close()
    (root / "text.db").write_text("no database " * 100)
    before = sorted(root.iterdir())
    assert main(["--storage", storage.format(root=root), "--study", "x"]) == 1
    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1
    assert sorted(root.iterdir()) == before


@pytest.mark.parametrize("arguments", [[], ["--storage", "sqlite://"], ["folder", "--study", "x"]])
def test_half_an_address_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)


def test_passwords_are_hidden() -> None:
    shown = hide_password("postgresql+psycopg://me:s3cr:et@host:5432/db")
    assert shown == "postgresql+psycopg://me:***@host:5432/db"
    assert hide_password("sqlite:///a.db") == "sqlite:///a.db"
