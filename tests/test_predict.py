"""`python -m tunesmith.predict`: raw rows in, a file of predictions out."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.commands import environment, row_of, succeed
from tests.data.houses import houses
from tests.loaded_models import leave_model
from tests.test_printed_commands import pasted
from tunesmith.predict import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a run that predicts the price of houses."""
    leave_model(tmp_path / "run")
    (tmp_path / "train.csv").unlink()
    return tmp_path / "run"


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """A file of houses without a price, with ids."""
    table = houses().drop(columns="price").assign(id=[f"{i:03}" for i in range(100)])
    table[:7].to_csv(tmp_path / "new.csv", index=False)
    return tmp_path / "new.csv"


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What a command says that must write nothing: one line."""
    assert main([str(argument) for argument in arguments]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_rows_are_predicted_with_their_ids(
    tmp_path: Path, folder: Path, new: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    predictor = leave_model(tmp_path / "again")
    output = tmp_path / f"predictions{suffix}"
    output.write_text("of an earlier time")
    assert main([str(folder), str(new), "--output", str(output), "--id", "id"]) == 0
    assert capsys.readouterr().out == f"{output}: predictions of 7 rows\n"
    readers = {".parquet": pd.read_parquet, ".tsv": lambda f: pd.read_csv(f, sep="\t", dtype=str)}
    table = readers.get(suffix, lambda f: pd.read_csv(f, dtype=str))(output)
    assert list(table) == ["id", "prediction"]
    assert list(table["id"]) == [f"{i:03}" for i in range(7)]
    expected = predictor.predict(houses().drop(columns="price")[:7])[:, 0]
    assert table["prediction"].astype(float).to_numpy() == pytest.approx(expected)
    assert not list(tmp_path.glob(".*"))


def test_classes_come_with_the_probability_of_each(tmp_path: Path, new: Path) -> None:
    predictor = leave_model(tmp_path / "run", "style")
    table = houses()[:3].rename(columns={"price": " price "})
    table.to_csv(new, index=False, sep=";", encoding="utf-16")
    output = tmp_path / "p.csv"
    assert main([str(tmp_path / "run"), str(new), "--output", str(output)]) == 0
    pd.testing.assert_frame_equal(
        pd.read_csv(output), predictor.predict(houses()[:3]), check_dtype=False
    )


def test_one_row_with_what_training_never_saw_is_predicted(
    tmp_path: Path, folder: Path, new: Path
) -> None:
    new.write_text("more,style,garden,rooms,area\n1,straw,,3,?\n")
    assert main([str(folder), str(new), "--output", str(tmp_path / "p.csv")]) == 0
    assert np.isfinite(pd.read_csv(tmp_path / "p.csv")["prediction"]).all()


def test_a_search_predicts_by_its_winner(tmp_path: Path, new: Path) -> None:
    leave_model(tmp_path / "search" / "best")
    assert main([str(tmp_path / "search"), str(new), "--output", str(tmp_path / "p.csv")]) == 0
    assert len(pd.read_csv(tmp_path / "p.csv")) == 7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rooms,style,garden,Area\n1,wood,True,50\n", "new.csv must have the column 'area', which"),
        ("rooms,style,garden,area\n1,wood,True,big\n", "'area' must hold a number in each row"),
        ("rooms,style,garden,area\n", "FILE must be a table of rows, got"),
        ("", "which is empty"),
    ],
)
def test_rows_that_do_not_fit_are_one_clear_line(
    tmp_path: Path,
    folder: Path,
    new: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    expected: str,
) -> None:
    new.write_text(text)
    assert expected in refused(capsys, folder, new, "--output", tmp_path / "p.csv")
    assert not (tmp_path / "p.csv").exists()


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("--separator ab", "--separator must be one character, got 'ab'; leave --separator out"),
        ("--decimal x", "--decimal must be '.' or ',', got 'x'; try --decimal ,"),
        ("--sheet 1", "--sheet must be that of a workbook (.xlsx), got '1'"),
        ("--encoding utf9", "got 'utf9', unknown encoding: utf9; leave --encoding out"),
        (f"--output {'x' * 245}.csv", "a file that can be written, got 'xxx"),
    ],
)
def test_a_form_that_no_file_has_and_an_output_that_cannot_be_are_one_line(
    folder: Path,
    new: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    expected: str,
) -> None:
    monkeypatch.chdir(new.parent)
    said = refused(capsys, folder, new, "--output", "p.csv", *typed.split())
    assert expected in said
    assert sorted(path.name for path in new.parent.iterdir()) == ["new.csv", "run"]


def test_a_missing_column_comes_with_the_nearest_that_is_there(
    tmp_path: Path, folder: Path, new: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new.write_text("rooms,style,garden,Area m2\n1,wood,True,50\n")
    line = refused(capsys, folder, new, "--output", tmp_path / "p.csv")
    assert line.endswith("the nearest there is 'Area m2'\n")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("{run} {new} --output {here}/p.txt", "--output must be a file ending in .csv, .tsv, .par"),
        ("{run} {new} --output {here}/none/p.csv", "--output must be a file in a folder that exis"),
        ("{run} {new} --output {new}", "--output must be another file than that of the rows"),
        ("{run} {new} --output {here}/p.csv --id Id", "--id must be one of area, rooms, style, "),
        ("{run} {here}/news.csv --output {here}/p.csv", "FILE must be a file ending in .csv"),
        ("{run} {new} --output {here}/p.csv --encoding utf-99", "--encoding must be that of"),
        ("{here}/rum {new} --output {here}/p.csv", "no folder {here}/rum; nearest: run"),
        ("{here} {new} --output {here}/p.csv", "has no model to predict with: try {here}/run"),
    ],
)
def test_a_mistake_is_one_clear_line(
    tmp_path: Path,
    folder: Path,
    new: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: str,
    expected: str,
) -> None:
    names = {"run": folder, "new": new, "here": tmp_path}
    before = new.read_text()
    line = refused(capsys, *arguments.format(**names).split())
    assert expected.format(**names) in line
    assert new.read_text() == before
    assert not (tmp_path / "p.csv").exists()


BEST = yaml.safe_dump({"model": None})
OF_OTHERS = yaml.safe_dump({"hydra": {"mode": "RUN"}})


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"study.yaml": ""}, "the search has not ended; the same command continues it"),
        (
            {"study.yaml": "", "optimization_results.yaml": "", "best.yaml": BEST},
            "type python train.py --config-dir {folder} --config-name best and predict with",
        ),
        (
            {"study.yaml": "", "optimization_results.yaml": "", "best.yaml": OF_OTHERS},
            "the app that was searched leaves none; see hydra.sweeper.restore",
        ),
        ({"optimization_results.yaml": "", "pareto.csv": ""}, "several objectives has no winner"),
        ({"optimization_results.yaml": ""}, "has no winner that could be fitted again"),
        ({"metrics.yaml": ""}, "the run was of an earlier release, or its objective restores none"),
        ({}, "it is neither that of a search nor that of a single run that ended well"),
    ],
)
def test_a_folder_without_a_model_says_why_and_what_to_do(
    tmp_path: Path,
    new: Path,
    capsys: pytest.CaptureFixture[str],
    files: dict[str, str],
    expected: str,
) -> None:
    folder = tmp_path / "searches" / "s"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    line = refused(capsys, folder, new, "--output", tmp_path / "p.csv")
    assert line.startswith(f"{folder} has no model to predict with: ")
    assert expected.format(folder=folder) in line


def test_the_installed_command_predicts_too(tmp_path: Path, folder: Path, new: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tunesmith", "predict", folder, new, "--output", "p.csv"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "p.csv: predictions of 7 rows\n", "")


@pytest.mark.slow
def test_from_a_training_file_to_a_submission(tmp_path: Path) -> None:
    table = houses(150).assign(Id=range(1001, 1151))
    table[:120].to_csv(tmp_path / "train.csv", index=False)
    # The command that is printed names a file new.csv.
    table[120:].drop(columns="price").to_csv(tmp_path / "new.csv", index=False)
    said = succeed(
        *("-m", "hparams_search=table", f"data.path={tmp_path / 'train.csv'}", "data.target=price"),
        *("hydra.sweeper.n_trials=6", "confirm.n_best=1", "confirm.n_seeds=2", "metric=rmse"),
        root=tmp_path / "outputs",
    )
    (tmp_path / "outputs" / "mlflow.db").unlink()
    (tmp_path / "train.csv").unlink()
    line = row_of(said, "predict new rows")
    assert pasted(f"{line} --id Id", tmp_path) == "predictions.csv: predictions of 30 rows\n"
    predicted = pd.read_csv(tmp_path / "predictions.csv")
    assert list(predicted["Id"]) == list(table["Id"][120:])
    errors = predicted["prediction"].to_numpy() - table["price"][120:].to_numpy()
    assert np.sqrt((errors**2).mean()) < table["price"].std()
