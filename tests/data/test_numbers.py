"""Numbers that are written as text are read where all of a column is."""

import math

import pandas as pd
import pytest

from tunesmith.data.numbers import find_style, read_numbers

READ: dict[str, tuple[list[str | None], list[float]]] = {
    "thousands": (["1,234.5", "12", "1,234,567"], [1234.5, 12, 1234567]),
    "German": (["1.234,5", "12"], [1234.5, 12]),
    "French": (["1 234,5", "1\u202f234", "2"], [1234.5, 1234, 2]),
    "Swiss": (["1'234.50", "2"], [1234.5, 2]),
    "percent": (["12 %", "3.5%"], [12, 3.5]),
    "dollars": (["$1,234.50", "-$5", "$ 6"], [1234.5, -5, 6]),
    "euros": (["5,50 €", "1.234,00 €"], [5.5, 1234]),
    "yen": (["￥1,234,567", "¥5"], [1234567, 5]),
    "full width": (["\uff11\uff12\uff13", "\uff14"], [123, 4]),
    "brackets": (["(3)", "4"], [-3, 4]),
    "minus": (["\u22123", "+4"], [-3, 4]),
    "powers": (["1e3", "2.5E-1"], [1000, 0.25]),
    "blanks and gaps": ([" 1,5 ", "n/a", " ? ", "-", "NA", None], [1.5, *[math.nan] * 5]),
    "below one": (["0,123", "0,456"], [0.123, 0.456]),
}


@pytest.mark.parametrize("name", READ)
def test_numbers_are_read(name: str) -> None:
    texts, expected = READ[name]
    column = pd.Series(texts)
    style = find_style(column)
    assert style is not None
    assert read_numbers(column, style).tolist() == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    "texts",
    [
        ["1,234.5", "1.234,5"],
        ["5 %", "5"],
        ["$5", "€6"],
        ["12", "a dozen"],
        ["1.2.3"],
        ["1-2"],
        ["01:30"],
        ["?", ""],
        ["1,23,4"],
        ["true", "false"],
    ],
)
def test_a_column_that_is_not_written_in_one_way_is_no_number(texts: list[str]) -> None:
    assert find_style(pd.Series(texts)) is None


@pytest.mark.parametrize(("decimal", "number"), [(None, 1234), (".", 1234), (",", 1.234)])
def test_what_can_be_read_in_two_ways_follows_the_decimal_mark(
    decimal: str | None, number: float
) -> None:
    column = pd.Series(["1,234", "5,678"])
    style = find_style(column, decimal=decimal)
    assert style is not None
    assert style.is_ambiguous
    assert read_numbers(column, style)[0] == number


def test_what_is_read_later_in_another_way_is_missing() -> None:
    style = find_style(pd.Series(["1.234,5"]))
    rows = pd.Series(["2,5", "two", 3.5, None], dtype=object)
    read = read_numbers(rows, style).tolist()
    assert read == pytest.approx([2.5, math.nan, 3.5, math.nan], nan_ok=True)
