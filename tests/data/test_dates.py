"""Dates are read where it is clear how, and become numbers."""

import datetime

import numpy as np
import pandas as pd
import pytest

from tunesmith.data import dates
from tunesmith.data.dates import TYPED, DateNumbers, find_date_formats, read_dates

READ = {
    "ISO": (["2026-11-24", "2026-01-02"], "2026-11-24"),
    "ISO with time": (["2026-11-24T10:30:00Z", "2026-11-24 10:30"], "2026-11-24 10:30"),
    "slashes": (["2026/11/24", "2026/1/2"], "2026-11-24"),
    "points": (["2.1.2026", "3.2.2026"], "2026-01-02"),
    "day first": (["2/1/2026", "24/1/2026"], "2026-01-02"),
    "month first": (["2/1/2026", "2/24/2026"], "2026-02-01"),
    "two digits": (["24/11/26", "1/2/27"], "2026-11-24"),
    "month": (["2026-11", "2026-12"], "2026-11-01"),
    "English": (["24 Nov 2026"], "2026-11-24"),
    "May": (["May 5, 2026"], "2026-05-05"),
    "Japanese": (["2026年11月24日"], "2026-11-24"),
    "with gaps": ([" 2026-11-24", None], "2026-11-24"),
}


@pytest.mark.parametrize("name", READ)
def test_dates_are_read(name: str) -> None:
    texts, first = READ[name]
    column = pd.Series(texts)
    [form] = find_date_formats(column)
    assert read_dates(column, form)[0] == pd.Timestamp(first)


def test_each_different_text_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[object] = []
    parted = dates._parted
    monkeypatch.setattr(dates, "_parted", lambda *a: looked.append(a[0]) or parted(*a))
    column = pd.Series(["2026-11-24", None, "2026-01-02", "soon"] * 5, index=range(7, 27))
    read = read_dates(column, "%Y-%m-%d")
    assert looked == ["2026-11-24", "2026-01-02", "soon"]
    expected = pd.Series(pd.to_datetime(["2026-11-24", None, "2026-01-02", None] * 5))
    pd.testing.assert_series_equal(read, expected.astype("datetime64[ns]").set_axis(column.index))


@pytest.mark.parametrize(
    "texts", [["1.5", "2.5"], ["2026-13-01"], ["2026-11-24", "soon"], ["10-12"], ["12"], [None]]
)
def test_other_columns_hold_no_dates(texts: list[str]) -> None:
    assert find_date_formats(pd.Series(texts, dtype=object)) == []


def test_day_and_month_that_cannot_be_told_apart_have_two_readings() -> None:
    assert find_date_formats(pd.Series(["1/2/2026", "3/4/2026"])) == ["%d/%m/%Y", "%m/%d/%Y"]
    assert len(find_date_formats(pd.Series(["1/1/2026", "2/2/2026"]))) == 1


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(pd.to_datetime(["2026-11-24", None])),
        pd.Series(pd.to_datetime(["2026-11-24", None], utc=True)),
        pd.Series([datetime.date(2026, 11, 24), None]),
    ],
)
def test_dates_of_their_own_type_are_read(column: pd.Series) -> None:
    assert find_date_formats(column) == [TYPED]
    assert read_dates(column, TYPED)[0] == pd.Timestamp("2026-11-24")


def test_dates_become_numbers_that_count_from_the_first_training_day() -> None:
    train = pd.DataFrame({"sold": ["2026-11-25", "2026-11-24 12:00"]})
    numbers = DateNumbers({"sold": "%Y-%m-%d"}).fit(train)
    assert numbers.get_feature_names_out().tolist() == [
        "sold_year",
        "sold_month",
        "sold_day_of_week",
        "sold_days",
    ]
    assert numbers.transform(train).tolist() == [[2026, 11, 2, 1], [2026, 11, 1, 0.5]]
    later = pd.DataFrame({"sold": ["2027-01-01", "never", None]})
    assert numbers.transform(later)[0].tolist() == [2027, 1, 4, 38]
    assert np.isnan(numbers.transform(later)[1:]).all()
    typed = pd.DataFrame({"sold": pd.to_datetime(["2026-11-26"])})
    assert numbers.transform(typed).tolist() == [[2026, 11, 3, 2]]


def test_a_column_of_dates_that_is_missing_in_all_training_rows_does_no_harm() -> None:
    numbers = DateNumbers({"sold": "%Y-%m-%d"}).fit(pd.DataFrame({"sold": [None, None]}))
    [row] = numbers.transform(pd.DataFrame({"sold": ["2026-11-26"]}))
    assert row[:3].tolist() == [2026, 11, 3]
    assert np.isnan(row[3])
