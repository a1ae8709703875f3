import sqlite3
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy import NullPool

from tunesmith.passwords import hide_passwords
from tunesmith.report.__main__ import main


def keep_elsewhere(url: str, *, name: str, value: float) -> None:
    """Make a study of one trial in a PostgreSQL store."""
    url = url.replace("postgresql://", "postgresql+psycopg://")
    storage = optuna.storages.RDBStorage(url, engine_kwargs={"poolclass": NullPool})
    study = optuna.create_study(study_name=name, storage=storage)
    study.add_trial(optuna.trial.create_trial(value=value))


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


def test_a_page_that_cannot_be_written_is_one_line(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, output = root / "searches" / "mlp-1", root / f"{'x' * 245}.html"
    assert main([str(folder), "--output", str(output)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"{output} cannot be written: File name too long; try --output FILE\n"


def test_a_study_without_a_value_gets_its_report(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(root / "searches" / "mlp-3")]) == 0
    assert "No trial is complete with a finite value" in capsys.readouterr().out
    assert "1 fail" in (root / "searches" / "mlp-3" / "report.html").read_text()


def note(folder: Path, storage: str) -> None:
    """Write what a search notes of its own study when it begins."""
    (folder / "study.yaml").write_text(f"study_name: {folder.name}\nstorage: {storage}\n")


def test_a_folder_without_a_note_is_looked_up_in_the_environment_last(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, moved = root / "searches" / "mlp-1", root / "elsewhere.db"
    (root / "optuna.db").rename(moved)
    assert main([str(folder)]) == 1
    assert "export OPTUNA_STORAGE=URL" in capsys.readouterr().err
    monkeypatch.setenv("OPTUNA_STORAGE", f"sqlite:///{moved}")
    assert main([str(folder)]) == 0


@pytest.mark.parametrize("noted", [True, False], ids=["with a note", "of release 0.1.0"])
def test_an_sqlite_search_is_read_from_its_own_store_whatever_is_exported(
    root: Path, noted: bool, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    keep_elsewhere(postgres_url, name="mlp-1", value=-1234.5)
    monkeypatch.setenv("OPTUNA_STORAGE", postgres_url)
    folder = root / "searches" / "mlp-1"
    if noted:
        note(folder, f"sqlite:///{root}/optuna.db")
    assert main([str(folder)]) == 0
    assert "-1234.5" not in (folder / "report.html").read_text()


def test_a_search_on_postgresql_is_read_from_there(
    root: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    keep_elsewhere(postgres_url, name="mlp-1", value=-1234.5)
    folder = root / "searches" / "mlp-1"
    note(folder, "${oc.env:OPTUNA_STORAGE}")
    assert main([str(folder)]) == 1
    monkeypatch.setenv("OPTUNA_STORAGE", postgres_url)
    assert main([str(folder)]) == 0
    assert "-1234.5" in (folder / "report.html").read_text()


def test_a_folder_that_was_moved_with_its_root_is_read_from_its_new_place(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    note(root / "searches" / "mlp-1", f"sqlite:///{root}/optuna.db")
    moved = tmp_path_factory.mktemp("moved") / "outputs"
    root.rename(moved)
    assert main([str(moved / "searches" / "mlp-1")]) == 0


URLS = ["sqlite:///{}?timeout=30", "sqlite:///file:{}?mode=rw&uri=true", "sqlite+pysqlite:///{}"]


@pytest.mark.parametrize("url", URLS)
def test_a_store_that_the_folder_states_is_read_however_its_url_is_written(
    root: Path, url: str
) -> None:
    own = root / "own.db"
    study = optuna.create_study(study_name="mlp-1", storage=f"sqlite:///{own}")
    study.add_trial(optuna.trial.create_trial(value=-1234.5))
    folder = root / "searches" / "mlp-1"
    note(folder, url.format(own))
    assert main([str(folder)]) == 0
    assert "-1234.5" in (folder / "report.html").read_text()


@pytest.mark.parametrize("url", URLS)
def test_a_moved_folder_is_read_from_its_new_place_however_its_url_is_written(
    root: Path, url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    note(root / "searches" / "mlp-1", url.format(root / "optuna.db"))
    moved = tmp_path_factory.mktemp("moved") / "outputs"
    root.rename(moved)
    assert main([str(moved / "searches" / "mlp-1")]) == 0


@pytest.mark.parametrize("stated", ["sqlite:////nowhere/own.db", "nonsense"])
def test_a_store_that_is_not_to_be_found_is_named_as_the_folder_states_it(
    root: Path, capsys: pytest.CaptureFixture[str], stated: str
) -> None:
    (root / "searches" / "mlp-9").mkdir()
    note(root / "searches" / "mlp-9", stated)
    assert main([str(root / "searches" / "mlp-9")]) == 1
    error = capsys.readouterr().err
    assert stated.removeprefix("sqlite:///") in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mlp-4", "nearest: mlp-"),
        ("mlp-2", "is empty: no trial was started yet"),
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


@pytest.mark.parametrize("place", ["", "searches", "searches/mlp-1/trials/0"])
def test_a_folder_above_or_inside_a_search_names_the_search(
    root: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    note(root / "searches" / "mlp-1", f"sqlite:///{root}/optuna.db")
    (root / "searches" / "mlp-1" / "trials" / "0").mkdir(parents=True)
    (root / ".gitignore").touch()
    assert main([str(root / place)]) == 1
    assert capsys.readouterr().err == (
        f"{root / place} is no search folder; try {root / 'searches' / 'mlp-1'}\n"
    )


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
    shown = hide_passwords("postgresql+psycopg://me:s3cr:et@host:5432/db")
    assert shown == "postgresql+psycopg://me:***@host:5432/db"
    assert hide_passwords("sqlite:///a.db") == "sqlite:///a.db"
