"""Rows that are to be predicted are read and checked as the training rows were."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.data.houses import module
from tunesmith.data import Form, RawRows, read_table
from tunesmith.errors import InvalidArgument, InvalidConfig

N = 60
AUTO = Form()


def training_rows() -> pd.DataFrame:
    """Numbers of several styles, codes that look like numbers, truth values, and a date."""
    i = np.arange(N)
    return pd.DataFrame(
        {
            "area": 40 + i * 1.5,
            "cost": [f"{1000 + 7 * one:,} €" for one in i],
            "code": [("007", "12", "1.50", "x")[one % 4] for one in i],
            "garden": i % 3 == 0,
            "built": [f"{1 + one % 28:02}.{1 + one % 12:02}.20{one % 20:02}" for one in i],
            "price": i * 2.0 + 1,
        }
    )


@pytest.fixture
def rows(tmp_path: Path) -> RawRows:
    path = tmp_path / "train.csv"
    training_rows().to_csv(path, index=False)
    return RawRows(module(path).preprocessing)


def preprocessed(
    folder: Path, frame: pd.DataFrame, *, separator: str = ","
) -> np.ndarray[Any, Any]:
    """What the fitted preprocessing makes of a file of these rows."""
    training_rows().to_csv(folder / "train.csv", index=False)
    preprocessing = module(folder / "train.csv").preprocessing
    rows = RawRows(preprocessing)
    frame.to_csv(folder / "new.csv", index=False)
    read = read_table(folder / "new.csv", AUTO, known=rows.known())
    made: np.ndarray[Any, Any] = preprocessing.transform(rows.checked(read.frame))
    return made


def test_a_few_rows_are_read_as_among_all_others(tmp_path: Path) -> None:
    whole = preprocessed(tmp_path, training_rows())
    for part in (slice(0, 1), slice(1, 2), slice(2, 3), slice(4, 12, 4)):
        np.testing.assert_array_equal(
            preprocessed(tmp_path, training_rows()[part]), whole[part], strict=True
        )


def test_a_category_that_looks_like_a_number_stays_what_it_is_beside_a_missing_one(
    tmp_path: Path,
) -> None:
    frame = training_rows()[1:7:4]
    expected = preprocessed(tmp_path, frame)
    frame.loc[5, "code"] = None
    assert (preprocessed(tmp_path, frame)[0] == expected[0]).all()


def test_columns_may_be_in_another_order_and_more(tmp_path: Path) -> None:
    frame = training_rows()[:5]
    other = frame[frame.columns[::-1]].assign(more="a", **{"even more": 1})
    np.testing.assert_array_equal(
        preprocessed(tmp_path, other), preprocessed(tmp_path, frame), strict=True
    )


def test_the_decimal_mark_of_training_holds_where_the_file_does_not_tell(tmp_path: Path) -> None:
    train = pd.DataFrame({"weight": [f"{i},25" for i in range(N)], "y": range(N)})
    train.to_csv(tmp_path / "train.csv", index=False, sep=";")
    data = module(tmp_path / "train.csv", target="y", task="regression")
    rows = RawRows(data.preprocessing)
    for text, expected in (("1.234", 1234.0), ("1,5", 1.5), ("1.5", 1.5), ("3", 3.0)):
        (tmp_path / "new.csv").write_text(f"weight;more\n{text};a\n")
        frame = rows.checked(read_table(tmp_path / "new.csv", AUTO, known=rows.known()).frame)
        assert frame["weight"].tolist() == [expected]


def test_a_column_is_kept_as_it_is_written(tmp_path: Path, rows: RawRows) -> None:
    ids = ["001", "NA", "1.0", "9" * 30]
    frame = training_rows()[:4].assign(id=ids)
    frame.to_csv(tmp_path / "new.csv", index=False)
    read = read_table(tmp_path / "new.csv", AUTO, known=rows.known(exact=["id"]))
    assert read.frame["id"].tolist() == ids
    frame.to_parquet(tmp_path / "new.parquet")
    read = read_table(tmp_path / "new.parquet", AUTO, known=rows.known(exact=["id"]))
    assert read.frame["id"].tolist() == ids


def test_no_row_at_all_is_refused(tmp_path: Path, rows: RawRows) -> None:
    training_rows()[:0].to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(InvalidArgument, match=r"must be a table of rows, got .*, which has 0"):
        read_table(tmp_path / "new.csv", AUTO, known=rows.known())
    with pytest.raises(InvalidConfig, match="at least one row"):
        rows.checked(training_rows()[:0])


def with_value(name: str, value: object) -> pd.DataFrame:
    frame = training_rows()[:3].astype(object)
    frame.loc[1, name] = value
    return frame


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (training_rows().drop(columns="area").assign(Area_=1), "'area'.* nearest there is 'Area_'"),
        (training_rows()[["area", "built"]], "columns 'cost', 'code', 'garden', which the model"),
        (with_value("area", "large"), "'area' must hold a number .*, got 'large' in row 2"),
        (with_value("cost", "cheap"), "'cost' must hold a number .*, got 'cheap' in row 2"),
        (with_value("area", np.inf), "'area' holds infinite numbers"),
        (with_value("built", "soon"), r"must hold a date DD.MM.YYYY .*, got 'soon' in row 2"),
        (np.zeros((3, 5)), "must be a DataFrame with the columns 'area', .*, got ndarray"),
    ],
)
def test_rows_that_do_not_fit_are_one_clear_line(rows: RawRows, frame: Any, expected: str) -> None:
    with pytest.raises(InvalidConfig, match=expected) as raised:
        rows.checked(frame, of="new.csv")
    assert str(raised.value).startswith("new.csv")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["area", "cost", "code", "garden", "built"])
@pytest.mark.parametrize("marker", ["", "?", "n/a", None, np.nan])
def test_what_is_missing_is_handled(
    tmp_path: Path, rows: RawRows, name: str, marker: object
) -> None:
    module(tmp_path / "train.csv").preprocessing.transform(rows.checked(with_value(name, marker)))
