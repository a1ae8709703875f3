"""Encoders of categories learn from a few rows what they would from all."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from tunesmith.data.columns import DATE, Column
from tunesmith.data.dates import PARTS, DateNumbers
from tunesmith.data.preprocessing import (
    CODES,
    MAX_CATEGORIES,
    N_AT_ONCE,
    ONE_HOT,
    _encoder,
    _scaling,
    _telling_rows,
    fit_preprocessing,
    inputs_of,
)

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


@pytest.mark.parametrize("n_columns", [1, 5])
def test_dates_are_fitted_in_groups_as_if_they_were_at_once(
    n_columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    days = pd.date_range("2019-03-01", periods=900).strftime("%Y-%m-%d").to_numpy(dtype=object)
    names = [f"day {i}" for i in range(n_columns)]
    raw = pd.DataFrame({name: rng.choice(days, 60) for name in names})
    raw.loc[::7, names[-1]] = None
    formats = dict.fromkeys(names, "%Y-%m-%d")
    whole = make_pipeline(DateNumbers(formats), *_scaling()).fit(raw)
    columns = [Column(name, DATE, 0.0, form) for name, form in formats.items()]
    widths: list[int] = []
    fit = type(_scaling()[1]).fit
    monkeypatch.setattr(
        type(_scaling()[1]), "fit", lambda self, x, *a: widths.append(x.shape[1]) or fit(self, x)
    )
    fitted = fit_preprocessing(raw, np.arange(60), columns, styles={}, decimal=None)
    n_missing = len(PARTS)
    assert max(widths) <= N_AT_ONCE + n_missing
    assert sum(widths) == n_columns * len(PARTS) + n_missing
    assert np.array_equal(fitted.transform(raw), whole.transform(raw))
    said = [name.removeprefix("dates__") for name in fitted.get_feature_names_out()]
    assert said == list(whole.get_feature_names_out())
    made_of = inputs_of(fitted)
    assert made_of[names[-1]][-n_missing:] == list(range(len(said) - n_missing, len(said)))
