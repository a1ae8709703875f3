"""A large table is held once, in few bytes, and no longer than it is needed."""

import gc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from omegaconf import open_dict
from sklearn.linear_model import Ridge

from tests.data.houses import houses, module
from tests.objectives.fits import Compose
from tunesmith.data import table_source
from tunesmith.objectives import run_trial
from tunesmith.objectives.importance import column_importance
from tunesmith.objectives.scikit_learn import ScikitLearnPredictor


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Houses with a date in a CSV file that counts as large."""
    monkeypatch.setattr("tunesmith.data.table_rows.SMALL", 0)
    monkeypatch.setattr("tunesmith.data.table_rows._large", {})
    dates = pd.date_range("2020-01-01", periods=100, freq="5D").strftime("%Y-%m-%d").to_series()
    sold = dates.reset_index(drop=True).where(np.arange(100) % 9 > 0)
    more = {f"x{i}": np.random.default_rng(i).normal(size=100) for i in range(9)}
    table = houses().assign(sold=sold, **more)
    table.loc[::4, "x8"] = np.nan
    table.to_csv(tmp_path / "houses.csv", index=False)
    return tmp_path / "houses.csv"


def test_texts_are_held_once_each_and_given_as_they_were_read(path: Path) -> None:
    data = module(path)
    held = data._fitted.table.features
    assert all(isinstance(held[name].dtype, pd.CategoricalDtype) for name in ("style", "sold"))
    read = pd.read_csv(path).drop(columns="price")
    pd.testing.assert_frame_equal(
        data.raw_val, read.loc[data._fitted.parts.val].reset_index(drop=True)
    )


@pytest.mark.parametrize("categories", ["onehot", "codes"])
def test_the_inputs_of_a_column_are_those_that_change_with_it(path: Path, categories: str) -> None:
    data = module(path, categories=categories)
    rows = data.raw_val
    x = data.preprocessing.transform(rows)
    made_of = data.inputs
    assert sorted(number for own in made_of.values() for number in own) == list(range(x.shape[1]))
    for name in rows:
        shuffled = rows.assign(**{name: rows[name].to_numpy()[::-1]})
        differs = (data.preprocessing.transform(shuffled) != x).any(axis=0)
        assert differs.any()
        assert set(np.flatnonzero(differs)) <= set(made_of[str(name)])


def test_rows_are_preprocessed_once_for_the_importance_of_all_columns(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = module(path)
    x, y = data.train[0].numpy(), data.train[1].numpy()
    predictor = ScikitLearnPredictor(Ridge().fit(x, y[:, 0]), data.preprocessing)
    known = (predictor, data.raw_val, data.val[1][:, 0].numpy())
    slow = column_importance(*known, task=data.task)
    calls: list[Any] = []
    transform = type(data.preprocessing).transform
    monkeypatch.setattr(
        type(data.preprocessing), "transform", lambda *a: calls.append(a) or transform(*a)
    )
    fast = column_importance(*known, task=data.task, inputs=data.inputs)
    pd.testing.assert_frame_equal(fast, slow, check_exact=True)
    assert len(calls) == 1


def test_rows_to_validate_with_are_made_after_a_fit_that_others_end(path: Path) -> None:
    data = module(path, folds=3)
    stopping = data.without_held_out()
    assert len(stopping.train[1]) + len(stopping.val[1]) == len(data.train[1])
    assert "val" not in vars(data._fitted)
    assert len(data.val[1]) == len(data._fitted.parts.val)


def test_another_split_finds_the_memory_of_one_that_a_circle_held(path: Path) -> None:
    circle: list[Any] = [module(path)]
    circle.append(circle)
    former = weakref.ref(circle[0]._fitted)
    gc.disable()
    try:
        del circle
        module(path, seed=1)
        assert former() is None
    finally:
        gc.enable()


def test_a_single_run_reads_the_file_once(
    composed: Compose, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    read_table = table_source.read_table
    monkeypatch.setattr(
        table_source, "read_table", lambda path, form: read.append(path) or read_table(path, form)
    )
    table = ("data=table", f"data.path={path}", "data.target=price")
    cfg = composed("objective=sklearn", *table, "tracking=none")
    with open_dict(cfg):
        del cfg["hydra"]
    run_trial(cfg)
    assert (path.parent / "delivered.yaml").is_file()
    assert len(read) == 1


@pytest.mark.parametrize(
    ("typed", "rows"),
    [
        ((), 20),  # a third of the training rows
        (("+model.bin_construct_sample_cnt=50",), 50),
        (("+model.subsample_for_bin=50",), 50),
    ],
)
def test_bins_are_made_from_a_part_of_many_rows_unless_a_user_says_otherwise(
    composed: Compose,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    typed: tuple[str, ...],
    rows: int,
) -> None:
    monkeypatch.setattr("tunesmith.objectives.lightgbm_parameters._FEW_FOR_BINS", 10)
    table = ("data=table", f"data.path={path}", "data.target=price", "refit_rows=train")
    cfg = composed("objective=lightgbm", "model.num_iterations=2", *table, *typed, "tracking=none")
    with open_dict(cfg):
        del cfg["hydra"]
    run_trial(cfg)
    assert f"[bin_construct_sample_cnt: {rows}]" in (path.parent / "model.txt").read_text()


def test_seeds_that_draw_no_folds_share_a_split(path: Path) -> None:
    kept = module(path, fold_seed=1)._fitted
    assert module(path, fold_seed=2)._fitted is kept
    kept = module(path, folds=3, fold_seed=1)._fitted
    assert module(path, folds=3, fold_seed=2)._fitted is not kept
    in_time = path.with_name("in_time.csv")
    pd.read_csv(path).dropna(subset="sold").to_csv(in_time, index=False)
    kept = module(in_time, folds=3, fold_seed=1, time="sold")._fitted
    assert module(in_time, folds=3, fold_seed=2, time="sold")._fitted is kept
