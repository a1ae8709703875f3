"""A file that cannot be learned from is refused in one line that says what to type."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import execution_whitelist
from train import TRUSTED

from tests.commands import ROOT
from tests.data.houses import houses
from tests.in_process import refuse_here
from tunesmith.errors import InvalidConfig

SEARCH = ("-m", "hparams_search=mlp")
STRICT = "data.strict=true"


def check(*overrides: str) -> None:
    """What is checked before a run and before a search."""
    from tunesmith.check import check_config

    with initialize_config_dir(str(ROOT / "conf")), execution_whitelist(TRUSTED):
        check_config(compose("train", overrides=["data=table", *overrides]))


def refusal(*overrides: str) -> str:
    """The line with which a config is refused."""
    with pytest.raises(InvalidConfig) as caught:
        check(*overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value)


Change = Callable[[pd.DataFrame], pd.DataFrame]
COLUMNS: dict[str, tuple[Change, str]] = {
    "constant": (lambda t: t.assign(x=3), "'x' (constant)"),
    "constant text": (lambda t: t.assign(x="a"), "'x' (constant)"),
    "all missing": (lambda t: t.assign(x=np.nan), "'x' (all missing)"),
    "all different": (lambda t: t.assign(x=[f"no {i}" for i in t.index]), "texts, all different"),
    "infinite": (lambda t: t.assign(x=t["rooms"].replace(1, np.inf)), "has infinite values"),
    "unclear dates": (lambda t: t.assign(x=["1/2/2026", "3/4/2026"] * 50), "told apart"),
    "free text": (
        lambda t: t.assign(x=[f"a house of no {i // 2 * 2 + i % 3}" for i in t.index]),
        "free text",
    ),
    "running number": (lambda t: t.assign(x=t.index + 1), "(a running number)"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_that_says_nothing_is_named_and_can_be_dropped(tmp_path: Path, name: str) -> None:
    change, reason = COLUMNS[name]
    path = tmp_path / "houses.csv"
    change(houses()).to_csv(path, index=False)
    check(f"data.path={path}", "data.target=price")
    line = refusal(f"data.path={path}", "data.target=price", STRICT)
    assert line.startswith(
        "data.drop must be a list with the columns that nothing can be learned from: 'x'"
    )
    assert reason in line
    [way_out] = shlex.split(line.rpartition("; try ")[2])
    assert way_out == "data.drop=[x]"
    check(f"data.path={path}", "data.target=price", way_out, STRICT)


def test_several_useless_columns_of_odd_names_are_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "houses.parquet"
    odd = {"a b": 1, 'say "so"': 1, "null": 1, "time": pd.Timedelta("1h"), "é=1": "x"}
    table = houses().assign(**odd)
    table["time"] *= table.index
    table.to_parquet(path)
    line = refusal(f"data.path={path}", "data.target=price", "data.drop=[rooms]", STRICT)
    assert "'time' (durations)" in line
    [way_out] = shlex.split(line.rpartition("; try ")[2])
    check(f"data.path={path}", "data.target=price", way_out, STRICT)


def test_a_column_that_is_missing_here_and_there_is_not_constant(tmp_path: Path) -> None:
    table = houses().assign(sold=["yes", None] * 50, balcony=[1.0, np.nan] * 50)
    table.to_csv(tmp_path / "houses.csv", index=False)
    check(f"data.path={tmp_path}/houses.csv", "data.target=price", STRICT)


def test_nothing_but_useless_columns_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"x": 3, "price": range(20)}).to_csv(tmp_path / "a.csv", index=False)
    line = refusal(f"data.path={tmp_path}/a.csv", "data.target=price")
    assert "beside which there is only 'x' (constant)" in line


TARGETS: dict[str, tuple[str, Change, str, str]] = {
    "not given": ("null", lambda t: t, "got None", "data.target=price"),
    "unknown": ("prize", lambda t: t, "got 'prize'", "data.target=price"),
    "text": (
        "style",
        lambda t: t.assign(style=[f"no {i}" for i in t.index]),
        "a column of numbers or of at most 100 classes, got 'style', with 100 different values",
        "data.target=price",
    ),
    "rare class": (
        "style",
        lambda t: t.assign(style=["brick", *["wood"] * 99]),
        "a column whose classes have 3 rows each, got 'style', which is 'brick' in fewer",
        "take these rows out of the file",
    ),
    "one class": ("style", lambda t: t.assign(style="wood"), "'wood' in every row", "=price"),
    "missing": (
        "price",
        lambda t: t.assign(price=t["price"].where(t.index != 7)),
        "got 'price', with 1 missing or infinite values, the first in row 8",
        "take these rows out",
    ),
    "infinite": (
        "price",
        lambda t: t.assign(price=t["price"].where(t.index > 1, -np.inf)),
        "got 'price', with 2 missing or infinite values, the first in row 1",
        "take these rows out",
    ),
    "too large": ("price", lambda t: t.assign(price=t["price"] * 1e40), "with 100", "take these"),
    "constant": ("price", lambda t: t.assign(price=5), "a column that varies", "data.target=rooms"),
    "no other": (
        "style",
        lambda t: t[["garden"]].assign(style="wood"),
        "no other column is one",
        "take another file",
    ),
    "all missing": ("price", lambda t: t.assign(price=np.nan), "with 100 missing", "take these"),
    "alone": ("price", lambda t: t[["price"]], "the only column", "take another file"),
}


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_that_cannot_be_predicted_is_refused(tmp_path: Path, name: str) -> None:
    target, change, came, way_out = TARGETS[name]
    path = tmp_path / "houses.csv"
    change(houses()).to_csv(path, index=False)
    line = refusal(f"data.path={path}", f"data.target={target}", STRICT)
    assert re.match(r"data(\.|: )target must ", line)
    assert came in line
    assert way_out in line


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_too_few_rows_with_a_target_are_refused(tmp_path: Path, value: float) -> None:
    table = houses()
    table.loc[9:, "price"] = value
    table.to_csv(tmp_path / "a.csv", index=False)
    line = refusal(f"data.path={tmp_path}/a.csv", "data.target=price")
    assert "a finite number in 10 rows" in line
    assert "with 91 missing or infinite values, the first in row 10" in line


FILES: dict[str, tuple[str, bytes, str, str]] = {
    "empty": ("a.csv", b"", "which is empty", "data.path="),
    "blank": ("a.csv", b"\n\n", "which is empty", "data.path="),
    "names only": ("a.csv", b"size,price\n", "which has 0", "data.path="),
    "3 rows": (
        "a.csv",
        b"size,price\n1,2\n2,3\n3,5\n",
        "which has 3",
        "data.path=",
    ),
    "unclear encoding": (
        "a.csv",
        "城市,价格\n1,2\n".encode("gb18030"),
        "gb18030 reads '城市,价格'; euc_jp reads '廓偏,勺鯉'",
        "type the one that reads right: data.encoding=gb18030 or data.encoding=euc_jp",
    ),
    "UTF-16": ("a.csv", "size,price\n1,2\n".encode("utf-16"), "which has 1", "data.path="),
    "ragged": ("a.csv", b"size,price\n1,2\n1,2,3\n", "line 3", "correct the file"),
    "shifted": ("a.csv", b"size,price\n1,2,3\n1,2,3\n", "more fields", "correct the file"),
    "not Parquet": ("a.parquet", b"size,price\n1,2\n", "that pandas can read", "correct the file"),
    "not gzip": ("a.csv.gz", b"size,price\n1,2\n", "that pandas can read", "correct the file"),
    "unknown suffix": ("a.xls", b"PK", "whose suffix is none of these", "data.path=houses.csv"),
    "not a workbook": ("a.xlsx", b"PK", "that pandas can read", "correct the file"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, name: str) -> None:
    file, content, came, way_out = FILES[name]
    (tmp_path / file).write_bytes(content)
    line = refusal(f"data.path={tmp_path / file}", "data.target=price")
    assert line.startswith("data.")
    assert came in line
    assert way_out in line


@pytest.mark.parametrize(
    ("overrides", "came", "way_out"),
    [
        (("data.drop=[room]",), "got 'room'", "'data.drop=[rooms]'"),
        (("data.drop=[style,price]",), "got 'price'", "'data.drop=[style]'"),
        (("data.drop=style",), "got 'style'", "'data.drop=[style]'"),
        (("data.drop=[area,rooms,style,garden]",), "leaves a column", "data.drop=[]"),
        (("data.val_fraction=0",), "got 0", "data.val_fraction=0.2"),
        (("data.test_fraction=1.5",), "got 1.5", "data.test_fraction=0.2"),
        (("data.test_fraction=0.7",), "got 0.7", "data.test_fraction=0.2"),
        (("data.seed=-1",), "got -1", "data.seed=42"),
        (("data.batch_size=0",), "got 0", "data.batch_size=256"),
        (("data.encoding=utf9",), "got 'utf9'", "data.encoding=null"),
        (("data.encoding=utf-16",), "got 'utf-16'", "data.encoding=null"),
        (("data.separator=';'",), "'area,rooms,style,garden,price'", "data.separator=null"),
    ],
)
def test_a_bad_setting_is_one_line(
    tmp_path: Path, overrides: tuple[str, ...], came: str, way_out: str
) -> None:
    path = tmp_path / "houses.csv"
    houses().to_csv(path, index=False)
    line = refusal(f"data.path={path}", "data.target=price", *overrides)
    assert line.startswith(overrides[0].partition("=")[0])
    assert came in line
    assert way_out in line


CLASSES = {
    "metric of numbers": (
        ("metric=rmse",),
        "metric.name=val/rmse is for a target of numbers, and this one is read as 3 classes",
        "try metric=log_loss, or data.task=regression",
    ),
    "unknown metric": (("metric.name=val/auc",), "metric.name must be one of", "=val/roc_auc"),
    "unknown task": (
        ("data.task=classification",),
        "one of auto, regression, binary, multiclass",
        "data.task=",
    ),
    "too many for two": (("data.task=binary",), "the 3 classes of 'style'", "data.task=multiclass"),
    "positive of three": (("data.positive=wood",), "null for 3 classes", "leave it out"),
    "positive of none": (
        ("data.target=garden", "data.positive=yes"),
        "one of the classes False, True, got 'yes'",
        "data.positive=",
    ),
    "weights": (("data.class_weight=even",), "one of balanced", "data.class_weight=balanced"),
    "weights of numbers": (
        ("data.target=price", "data.class_weight=balanced"),
        "null for a target of numbers",
        "leave it out",
    ),
    "positive of numbers": (
        ("data.target=price", "data.positive=1"),
        "null for a target of numbers",
        "leave it out",
    ),
    "metric of classes": (
        ("data.target=price", "metric=accuracy"),
        "metric.name=val/accuracy is for a target of classes, and this one is read as numbers",
        "try metric=mse, or data.task=multiclass",
    ),
}


@pytest.mark.parametrize("objective", ["lightning", "lightgbm"])
@pytest.mark.parametrize("name", CLASSES)
def test_what_does_not_fit_the_kind_of_problem_is_refused(
    tmp_path: Path, name: str, objective: str
) -> None:
    overrides, came, way_out = CLASSES[name]
    path = tmp_path / "houses.csv"
    houses().dropna().to_csv(path, index=False)
    line = refusal(f"objective={objective}", f"data.path={path}", "data.target=style", *overrides)
    assert came in line
    assert way_out in line


def test_an_objective_of_lightgbm_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "houses.csv"
    houses().to_csv(path, index=False)
    table = ("objective=lightgbm", f"data.path={path}")
    line = refusal(*table, "data.target=style", "model.objective=l2")
    assert "model.objective must be one of multiclass" in line
    line = refusal(*table, "data.target=price", "model.objective=binary")
    assert "model.objective must be one for a target of numbers, got 'binary'" in line


@pytest.mark.parametrize(
    ("arguments", "came", "way_out"),
    [
        ((), "got None", "data.path=houses.csv"),
        (("data.path=house.csv",), "got 'house.csv', which does not exist", "data.path=houses.csv"),
        (("data.path=.",), "which is a folder", "data.path=houses.csv"),
        (("data.path=houses.csv", "data.target=prize"), "'prize'", "data.target=price"),
        (
            (*SEARCH, "data.path=houses.csv", "data.target=style", "data.task=regression"),
            "'brick'",
            "data.target=price",
        ),
    ],
)
def test_a_bad_table_on_the_command_line_is_one_line_and_writes_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    came: str,
    way_out: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    houses().to_csv("houses.csv", index=False)
    said = refuse_here("data=csv", *arguments, root=tmp_path / "outputs")
    assert came in said
    assert re.search(rf"try '?{re.escape(way_out)}", said)
