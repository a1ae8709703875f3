"""Encoders of categories learn from a few rows what they would from all."""

import numpy as np
import pandas as pd
import pytest

from tunesmith.data.preprocessing import CODES, MAX_CATEGORIES, ONE_HOT, _encoder, _telling_rows

RARE = ["e", "f", "g", "h", "i"]


def letters(n_rows: int = 600) -> pd.DataFrame:
    """Some of them frequent, some once to five times; "-" and None are both missing."""
    rows = np.array([*"abcd"] * n_rows, dtype=object)[:n_rows]
    for times, letter in enumerate(RARE, start=1):
        rows[40 * times : 40 * times + times] = letter
    missing = np.where(np.arange(n_rows) % 2, "-", None)
    rows[500:506] = missing[500:506]
    is_new = np.arange(n_rows) % 3 == 0
    return pd.DataFrame({"letter": rows, "is_new": is_new}).sample(frac=1, random_state=0)


@pytest.mark.parametrize("categories", [ONE_HOT, CODES])
def test_few_rows_tell_an_encoder_as_much_as_all(categories: str) -> None:
    raw = letters()
    few = _telling_rows(raw)
    assert len(few) < len(raw) / 8
    of_all, of_few = _encoder(categories).fit(raw), _encoder(categories).fit(few)
    for ours, same in zip(of_few[-1].categories_, of_all[-1].categories_, strict=True):
        assert ours.tolist() == same.tolist()
    assert [rare for rare in RARE if rare in of_few[-1].infrequent_categories_[0]] == RARE[:-1]
    np.testing.assert_array_equal(of_few.transform(raw), of_all.transform(raw))


def test_all_rows_tell_which_of_very_many_categories_are_frequent() -> None:
    kinds = np.arange(2 * MAX_CATEGORIES).repeat(np.arange(5, 2 * MAX_CATEGORIES + 5))
    raw = pd.DataFrame({"town": [f"town {kind}" for kind in kinds]})
    assert len(_telling_rows(raw)) == len(raw)
