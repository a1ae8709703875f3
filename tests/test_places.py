"""Where nothing can be written is said before anything is, and nothing is left there."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from tests.in_process import refuse_here
from tunesmith.check import check_output_root
from tunesmith.errors import InvalidConfig
from tunesmith.places import check_folder, no_database, obstacle
from tunesmith.study import open_storage

IS_LINUX = Path("/proc/self").is_dir()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with what is no place for outputs."""
    (tmp_path / "file").write_text("a,b\n1,2\n")
    (tmp_path / "inside").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("place", "why"),
    [
        pytest.param("/proc/x", "/proc cannot", marks=pytest.mark.skipif(not IS_LINUX, reason="")),
        ("/dev/null/x", "not a directory"),
        ("file", "file cannot"),
        ("file/x", "file cannot"),
        ("link", "link to what is not there"),
        ("link/x", "link to what is not there"),
        ("a" * 300, "file name too long"),
        ("a/" * 3000, "file name too long"),
        ("a\nb", "control character"),
        ("a\0b", "control character"),
        ("~/outputs", "~ is not expanded here, as in $HOME/outputs"),
    ],
    ids=lambda text: repr(text[:12]),
)
def test_no_place_for_outputs_is_one_line_with_one_that_is(
    folder: Path, place: str, why: str
) -> None:
    before = sorted(folder.rglob("*"))
    with pytest.raises(InvalidConfig) as refused:
        check_folder(place, key="paths.output_root")
    said = str(refused.value)
    assert why in said
    assert said.endswith("; try paths.output_root=outputs")
    assert "\n" not in said
    assert len(said) < 400
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("place", ["new", "new/and/deep", "inside", ".", "~x", "日本 語"])
def test_any_other_is_taken_and_looking_leaves_nothing(folder: Path, place: str) -> None:
    before = sorted(folder.rglob("*"))
    assert obstacle(Path(place)) is None
    assert sorted(folder.rglob("*")) == before


def test_a_folder_in_place_of_the_paths_is_one_line() -> None:
    with pytest.raises(InvalidConfig, match=r"got out; type paths\.output_root=out$"):
        check_output_root(OmegaConf.create({"paths": "out"}))


@pytest.mark.skipif(not IS_LINUX, reason="there is no /proc")
@pytest.mark.parametrize(
    "typed",
    ["objective=quadratic", "-m objective=quadratic seed=1,2", "-m hparams_search=quadratic"],
)
def test_a_command_with_no_place_for_its_outputs_is_one_line(typed: str) -> None:
    said = refuse_here(*typed.split(), root=Path("/proc/x"))
    assert said.startswith("paths.output_root must be a folder that can be written to, got /proc/x")


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("file", "file is no SQLite database"),
        ("inside", "inside is a folder"),
        ("file/x.db", "file is no folder"),
        ("link", "link is a link to what is not there"),
        ("/dev/null", "/dev/null is no file"),
    ],
)
def test_what_is_no_database_is_one_line_and_nothing_is_left_beside_it(
    folder: Path, file: str, why: str
) -> None:
    before = sorted(folder.rglob("*"))
    with pytest.raises(
        ConnectionError, match=f"^cannot open sqlite:///{file}: .*{why}; try sqlite"
    ):
        open_storage(f"sqlite:///{file}")
    assert sorted(folder.rglob("*")) == before


def test_an_empty_file_can_be_made_a_database(folder: Path) -> None:
    (folder / "empty").touch()
    assert no_database(Path("empty")) is None
    open_storage("sqlite:///empty")
    assert no_database(Path("empty")) is None


# Whether another process may write to the database now.
BEGIN = """
import sqlite3, sys
try:
    sqlite3.connect(sys.argv[1], timeout=0).execute("BEGIN IMMEDIATE")
except sqlite3.OperationalError as error:
    print(error)
"""


def test_to_look_at_a_database_leaves_the_locks_of_this_process_on_it(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.execute("BEGIN IMMEDIATE")
        assert no_database(file) is None
        said = subprocess.check_output([sys.executable, "-c", BEGIN, str(file)], text=True)
    assert said == "database is locked\n"


def test_to_look_at_a_database_leaves_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE t (x)")
    before = sorted(tmp_path.iterdir())
    assert no_database(file) is None
    assert sorted(tmp_path.iterdir()) == before
