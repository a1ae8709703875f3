"""Files as people have them are read as they mean them, and a summary says how."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_diabetes

from tests.data.houses import houses, module
from tunesmith.errors import InvalidArgument


def same_rows(path: Path, reference: Path, **changes: Any) -> None:
    """Fail unless two files hold the same rows, to the last bit."""
    data, expected = module(path, **changes), module(reference, **changes)
    for part in ("train", "val", "test"):
        for one, other in zip(getattr(data, part), getattr(expected, part), strict=True):
            assert torch.equal(one, other)


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    """Houses with whole prices in a plain CSV file."""
    table = houses().round({"area": 2, "price": 1})
    table.to_csv(tmp_path / "reference.csv", index=False)
    return tmp_path / "reference.csv"


WRITTEN = [
    *itertools.product([",", ";", "\t", "|"], [".", ","], ["utf-8"]),
    *itertools.product([";"], [","], ["utf-8-sig", "utf-16", "cp1252", "cp932"]),
]


@pytest.mark.parametrize(("separator", "decimal", "encoding"), WRITTEN)
def test_encoding_separator_and_decimal_mark_are_found(
    tmp_path: Path, reference: Path, separator: str, decimal: str, encoding: str
) -> None:
    names = {"cp932": "様式", "cp1252": "Außen"}
    rename = {"style": names.get(encoding, "Außen")}
    table = pd.read_csv(reference).rename(columns=rename)
    table.to_csv(reference, index=False)
    there = tmp_path / "there.csv"
    table.to_csv(there, index=False, sep=separator, decimal=decimal, encoding=encoding)
    same_rows(there, reference)
    assert f"decimal mark {decimal!r}" in module(there).summary


def test_what_is_typed_wins(tmp_path: Path) -> None:
    text = "price;size\n" + "".join(f"1,{i};{i}.5\n" for i in range(10, 30))
    (tmp_path / "a.csv").write_text(text)
    found = module(tmp_path / "a.csv", target="size")
    assert "price  number, written like '1,10'" in found.summary
    with pytest.raises(InvalidArgument, match="divides 'price;size' into columns"):
        module(tmp_path / "a.csv", target="size", separator="|")


def money(number: float) -> str:
    return f"{number:,.1f}".replace(",", "\0").replace(".", ",").replace("\0", ".") + " €"


def test_numbers_written_as_text_are_the_same_numbers(tmp_path: Path, reference: Path) -> None:
    table = pd.read_csv(reference)
    written = table.assign(
        price=table["price"].map(money),
        rooms=table["rooms"].map("{} %".format),
        area=table["area"].map(" {:,.2f}".format).replace(" nan", " ?"),
    )
    written.to_csv(tmp_path / "written.csv", index=False)
    same_rows(tmp_path / "written.csv", reference)
    data = module(tmp_path / "written.csv")
    raw = written.drop(columns="price").iloc[:3]
    expected = data.preprocessing.transform(table.drop(columns="price").iloc[:3])
    assert np.array_equal(data.preprocessing.transform(raw), expected)
    assert "rooms   number, written like" in data.summary


@pytest.mark.parametrize("marker", ["?", "-", "--", "N/A", "n/a", ".", " ? ", ""])
def test_markers_of_missing_values_are_missing(
    tmp_path: Path, reference: Path, marker: str
) -> None:
    table = pd.read_csv(reference, dtype=str).fillna(marker)
    table.to_csv(tmp_path / "marked.csv", index=False)
    same_rows(tmp_path / "marked.csv", reference)


@pytest.mark.parametrize(
    ("lines", "told", "price"),
    [
        ("n;price\n{};1,234\n", "read as 1234 since the decimal mark is '.'", 1234),
        ("n;price\n{},5;1,234\n", "read as 1.234 since the decimal mark is ','", 1.234),
        ("n;price\n{},5;1.234\n", "read as 1234 since the decimal mark is ','", 1234),
        (
            "n;price\n{}.5;1.234\n",
            "read as 1.234 since the decimal mark is '.'; 'data.decimal=\",\"' reads it otherwise",
            1.234,
        ),
    ],
)
def test_what_can_be_read_in_two_ways_is_said(
    tmp_path: Path, lines: str, told: str, price: float
) -> None:
    names, row, _ = lines.split("\n")
    rows = [row.format(i * i).replace("234", str(234 + i)) for i in range(30)]
    (tmp_path / "a.csv").write_text("\n".join([names, *rows]))
    data = module(tmp_path / "a.csv")
    assert told in data.summary
    values = torch.cat([data.train[1], data.val[1], data.test[1]])
    assert values.min().item() == pytest.approx(price)


def test_raw_rows_may_hold_numbers_as_they_stand_in_the_file(
    tmp_path: Path, reference: Path
) -> None:
    path = tmp_path / "a.csv"
    pd.read_csv(reference).to_csv(path, index=False, sep=";", decimal=",")
    data = module(path)
    rows = pd.read_csv(path, sep=";", dtype=str).drop(columns="price")
    read = pd.read_csv(reference).drop(columns="price")
    assert np.array_equal(data.preprocessing.transform(rows), data.preprocessing.transform(read))
    rows.loc[0, "rooms"] = "many"
    with pytest.raises(ValueError, match="many"):
        data.preprocessing.transform(rows)


def test_names_are_tidied_and_told_apart(tmp_path: Path) -> None:
    text = " price ,size, size,\n" + "".join(f"{i},{i % 7},{i % 5},{i % 3}\n" for i in range(30))
    (tmp_path / "a.csv").write_text(text)
    data = module(tmp_path / "a.csv")
    assert list(data.example.columns) == ["size", "size.1", "Unnamed: 3"]
    assert "Note: another column is called 'size': column 3 is 'size.1'." in data.summary
    assert "Note: column 4 has no name: it is called 'Unnamed: 3'." in data.summary


def test_dates_are_inputs_and_raw_rows_hold_them_as_they_come(tmp_path: Path) -> None:
    days = pd.date_range("2026-01-30", periods=100).strftime("%d.%m.%Y")
    table = houses().assign(sold=days)
    table.to_csv(tmp_path / "a.csv", index=False)
    data = module(tmp_path / "a.csv")
    names = list(data.preprocessing.get_feature_names_out())
    assert names[-4:] == [f"dates__sold_{p}" for p in ("year", "month", "day_of_week", "days")]
    assert data.example["sold"].str.fullmatch(r"\d\d\.\d\d\.2026").all()
    x = data.preprocessing.transform(data.example).astype(np.float32)
    assert np.array_equal(x, data.val[0][: len(x)].numpy())
    assert "sold    date, DD.MM.YYYY" in data.summary


def test_useless_columns_and_rows_without_a_target_are_left_out(
    tmp_path: Path, reference: Path
) -> None:
    table = pd.read_csv(reference)
    gap = pd.DataFrame({"rooms": [3.0, 4], "area": [50.0, 60], "price": [np.nan, np.inf]})
    odd = pd.concat([table.iloc[:50], gap, table.iloc[50:]]).reset_index(drop=True)
    odd = odd.assign(id=range(1, 103), same="x", empty=np.nan, customer_id=np.arange(102)[::-1] * 3)
    odd.to_csv(tmp_path / "odd.csv", index=False)
    same_rows(tmp_path / "odd.csv", reference)
    summary = module(tmp_path / "odd.csv").summary
    assert "rows       100: 60 to train on, 20 to validate with, 20 to test with; 2 without" in (
        summary
    )
    for line in (
        "id           left out: a running number",
        "same         left out: constant",
        "empty        left out: all missing, 100% missing",
        "customer_id  left out: a running number",
    ):
        assert line in summary
    with pytest.raises(InvalidArgument, match="with 2 missing or infinite values"):
        module(tmp_path / "odd.csv", strict=True)


def test_a_running_number_counts_where_there_is_nothing_else(tmp_path: Path) -> None:
    pd.DataFrame({"year": range(50), "price": range(50)}).to_csv(tmp_path / "a.csv", index=False)
    assert "year  number" in module(tmp_path / "a.csv").summary


@pytest.mark.parametrize("name", ["area", "population", "Madrid", "paid"])
def test_numbers_that_all_differ_are_no_ids_by_that_alone(tmp_path: Path, name: str) -> None:
    table = houses().assign(**{name: np.random.default_rng(0).permutation(100) * 7})
    table.to_csv(tmp_path / "a.csv", index=False)
    assert name in module(tmp_path / "a.csv").example.columns


def test_a_frequent_outlier_is_warned_of_and_kept(tmp_path: Path, reference: Path) -> None:
    table = pd.read_csv(reference)
    table["rooms"] = table["rooms"].where(table.index % 10 != 0, -999)
    table["price"] = table["price"].where(table.index % 9 != 0, -9999)
    table.to_csv(tmp_path / "a.csv", index=False)
    data = module(tmp_path / "a.csv")
    assert "Note: 'rooms' is -999 in 10 rows, unlike its other values" in data.summary
    assert "Note: 'price' is -9999 in 12 rows" in data.summary
    assert "-999" not in module(reference).summary


def test_a_workbook_is_read(tmp_path: Path, reference: Path) -> None:
    pd.read_csv(reference).to_excel(tmp_path / "a.xlsx", index=False, sheet_name="Preise")
    same_rows(tmp_path / "a.xlsx", reference)
    assert "Data: a.xlsx, sheet 'Preise'" in module(tmp_path / "a.xlsx").summary


def test_a_workbook_of_several_sheets_asks_which(tmp_path: Path) -> None:
    with pd.ExcelWriter(tmp_path / "a.xlsx") as book:
        for name in ("Notes", "価格"):
            houses().to_excel(book, index=False, sheet_name=name)
    with pytest.raises(InvalidArgument, match="one of the sheets 'Notes', '価格', got None"):
        module(tmp_path / "a.xlsx")
    assert "'価格'" in module(tmp_path / "a.xlsx", sheet="価格").summary
    with pytest.raises(InvalidArgument, match="got 'Preise'"):
        module(tmp_path / "a.xlsx", sheet="Preise")


def test_a_workbook_without_its_extra_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    monkeypatch.setattr("tunesmith.data.workbook.missing", lambda extra: [extra])
    with pytest.raises(InvalidArgument, match=r'openpyxl; type pip install .*\[excel\]"') as caught:
        module(tmp_path / "a.xlsx")
    assert "\n" not in str(caught.value)


def test_the_summary_of_a_real_table(tmp_path: Path) -> None:
    load_diabetes(as_frame=True, scaled=False).frame.to_csv(tmp_path / "a.csv", index=False)
    lines = module(tmp_path / "a.csv", target="target").summary.splitlines()
    assert lines[:5] == [
        "Data: a.csv, utf-8, separated by comma, decimal mark '.'",
        "rows       442: 266 to train on, 88 to validate with, 88 to test with",
        "target     target, 25 to 346, quartiles 87, 140.5, 211.5",
        "columns    10 numbers",
        "  age  number",
    ]


def test_a_wide_table_shows_its_first_columns_and_all_left_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(rng.normal(size=(40, 200))).rename(columns="x{}".format)
    wide["x150"] = 1
    wide["x160"] = "ab" * 1
    wide.loc[::2, "x160"] = "b"
    wide.assign(price=rng.normal(size=40)).to_csv(tmp_path / "a.csv", index=False)
    lines = module(tmp_path / "a.csv").summary.splitlines()
    assert len(lines) == 27
    assert lines[3] == "columns    198 numbers, 1 left out, 1 category"
    assert lines[-3:-1] == ["  x150  left out: constant", "  and 179 more: 178 numbers, 1 category"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_markers_among_categories_are_a_category_of_their_own_and_said(
    tmp_path: Path, suffix: str
) -> None:
    table = houses(120).assign(rhesus=["+", "-", "-"] * 40, area=["-", *map(str, range(119))])
    table.loc[:4, "style"] = "?"
    path = tmp_path / f"houses{suffix}"
    table.to_csv(path, index=False) if suffix == ".csv" else table.to_parquet(path)
    data = module(path)
    said = "taken for missing values: '?' in 5 rows of 'style', '-' in 80 rows of 'rhesus'."
    assert said in data.summary
    # A number that is missing needs no word.
    assert "'area'" not in data.summary
    names = list(data.preprocessing.get_feature_names_out())
    assert "categories__rhesus_+" in names
    assert "categories__rhesus_missing" in names


def test_texts_without_markers_are_not_spoken_of(reference: Path) -> None:
    assert "taken for" not in module(reference).summary
