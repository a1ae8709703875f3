"""A table in a file becomes rows for a network, and raw rows do so again later."""

import pickle
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.data.houses import houses, module
from tunesmith.data.table import TableDataModule
from tunesmith.data.table_source import read_source


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Houses in a CSV file."""
    houses().to_csv(tmp_path / "houses.csv", index=False)
    return tmp_path / "houses.csv"


def prices(data: TableDataModule) -> list[list[float]]:
    """The targets of training, validation and test rows."""
    return [part[1][:, 0].tolist() for part in (data.train, data.val, data.test)]


def test_the_split_is_disjoint_complete_and_by_seed(path: Path) -> None:
    parts = prices(module(path, val_fraction=0.1, test_fraction=0.3))
    assert [len(part) for part in parts] == [60, 10, 30]
    expected = houses()["price"].to_numpy(dtype=np.float32)
    assert sorted(chain.from_iterable(parts)) == sorted(expected.tolist())
    assert parts == prices(module(path, val_fraction=0.1, test_fraction=0.3))
    assert parts != prices(module(path, val_fraction=0.1, test_fraction=0.3, seed=1))


def test_everything_is_fitted_on_the_training_rows_only(path: Path) -> None:
    data = module(path)
    by_price = houses().set_index(houses()["price"].astype(np.float32))
    names = list(data.preprocessing.get_feature_names_out())
    rooms = names.index("numbers__rooms")
    raw = by_price.loc[data.train[1][:, 0].numpy(), "rooms"].to_numpy(dtype=float)
    test = by_price.loc[data.test[1][:, 0].numpy(), "rooms"].to_numpy(dtype=float)
    scaled = (test - raw.mean()) / raw.std()
    np.testing.assert_allclose(data.test[0][:, rooms].numpy(), scaled, rtol=1e-5)
    arguments = data.model_arguments
    assert arguments["target_mean"] == pytest.approx(data.train[1].mean().item())
    assert arguments["target_std"] == pytest.approx(data.train[1].std(correction=0).item())
    assert abs(data.train[0][:, rooms].mean().item()) < 1e-6
    assert abs(data.test[0][:, rooms].mean().item()) > 1e-3


def test_the_width_is_that_of_the_encoded_columns(path: Path) -> None:
    data = module(path)
    assert list(data.preprocessing.get_feature_names_out()) == [
        "numbers__area",
        "numbers__rooms",
        "numbers__missingindicator_area",
        "categories__style_brick",
        "categories__style_glass",
        "categories__style_wood",
        "categories__style_infrequent_sklearn",
        "categories__garden_False",
        "categories__garden_True",
    ]
    assert data.model_arguments["n_features"] == 9
    for x, y in (data.train, data.val, data.test):
        assert x.shape == (len(y), 9)
        assert x.dtype == y.dtype == torch.float32
        assert x.isfinite().all()


def test_raw_rows_with_unknown_and_missing_values_are_taken(path: Path) -> None:
    data = module(path)
    rows = pd.DataFrame(
        {
            "garden": [True, None],
            "style": ["straw", None],
            "rooms": [np.nan, 3],
            "area": [100.0, np.nan],
        }
    )
    x = pickle.loads(pickle.dumps(data.preprocessing)).transform(rows)
    assert x.shape == (2, 9)
    assert np.isfinite(x).all()
    names = list(data.preprocessing.get_feature_names_out())
    encoded = [i for i, name in enumerate(names) if "style" in name]
    # An unknown category is taken for one of the rare ones.
    assert x[0, encoded].tolist() == [0, 0, 0, 1]


def test_the_example_is_raw_validation_rows_that_transform_to_theirs(path: Path) -> None:
    data = module(path)
    assert list(data.example.columns) == ["area", "rooms", "style", "garden"]
    assert data.example["rooms"].dtype == houses()["rooms"].dtype
    x = data.preprocessing.transform(data.example).astype(np.float32)
    assert np.array_equal(x, data.val[0][: len(x)].numpy())


def test_rare_categories_share_a_column(tmp_path: Path) -> None:
    table = houses(400).assign(town=[f"town {i // 2}" for i in range(400)])
    table.loc[:99, "town"] = "big"
    table.to_csv(tmp_path / "towns.csv", index=False)
    names = module(tmp_path / "towns.csv").preprocessing.get_feature_names_out()
    assert [name for name in names if "town" in name] == [
        "categories__town_big",
        "categories__town_infrequent_sklearn",
    ]


def test_codes_number_the_categories_and_rare_ones_share_the_last(tmp_path: Path) -> None:
    table = houses(400).assign(town=[f"town {i // 2}" for i in range(400)])
    table.loc[:199, "town"] = [f"big {i % 10}" for i in range(200)]
    table.loc[200:249, "town"] = None
    table.to_csv(tmp_path / "towns.csv", index=False)
    data = module(tmp_path / "towns.csv", categories="codes")
    names = data.preprocessing.get_feature_names_out()
    assert list(names[list(data.categorical)]) == [
        "categories__style",
        "categories__garden",
        "categories__town",
    ]
    numbers = ["area", "rooms", "style", "garden"]
    raw = houses(5)[numbers].assign(town=["big 0", "big 1", None, "town 140", "elsewhere"])
    codes = data.preprocessing.transform(raw)[:, data.categorical[-1]]
    # Ten towns, a code for what is missing, and one for the rare ones.
    assert codes.tolist() == [0, 1, 10, 11, pytest.approx(np.nan, nan_ok=True)]
    assert module(tmp_path / "towns.csv").categorical == ()


def test_a_column_missing_in_all_training_rows_does_no_harm(tmp_path: Path) -> None:
    table = houses(20).assign(late=np.nan)
    table.loc[3, "late"] = 1.0
    table.to_csv(tmp_path / "late.csv", index=False)
    [seed] = [
        seed
        for seed in range(10)
        if table.loc[3, "price"].astype(np.float32)
        not in prices(module(tmp_path / "late.csv", seed=seed))[0]
    ][:1]
    data = module(tmp_path / "late.csv", seed=seed)
    assert data.train[0].isfinite().all()
    assert data.test[0].isfinite().all()


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".tsv", ".parquet"])
def test_every_format_gives_the_same_rows(tmp_path: Path, suffix: str) -> None:
    there = tmp_path / f"houses{suffix}"
    if suffix == ".parquet":
        houses().to_parquet(there)
    else:
        houses().to_csv(there, index=False, sep="\t" if suffix == ".tsv" else ",")
    reference = tmp_path / "reference.csv"
    houses().to_csv(reference, index=False)
    data, expected = module(there), module(reference)
    for part in ("train", "val", "test"):
        for one, other in zip(getattr(data, part), getattr(expected, part), strict=True):
            assert torch.equal(one, other)


def test_columns_of_nullable_and_categorical_types_are_plain_ones(tmp_path: Path) -> None:
    table = houses().assign(garden=houses()["garden"].where(houses().index != 3).astype("boolean"))
    table["rooms"] = table["rooms"].astype("Int64").where(table.index != 4)
    table["style"] = table["style"].astype("category")
    table["price"] = table["price"].round().astype("Int64")
    table.to_parquet(tmp_path / "typed.parquet")
    table.to_csv(tmp_path / "plain.csv", index=False)
    typed, plain = module(tmp_path / "typed.parquet"), module(tmp_path / "plain.csv")
    assert torch.equal(typed.train[0], plain.train[0])
    assert torch.equal(typed.test[1], plain.test[1])
    assert typed.example["rooms"].dtype == np.float64


def test_text_files_of_other_customs_are_read(tmp_path: Path) -> None:
    there = tmp_path / "häuser.csv"
    table = houses().rename(columns={"price": "größe"}).replace("glass", "Fuß")
    table.to_csv(there, index=False, sep=";", decimal=",", encoding="cp1252")
    data = module(there, target="größe", separator=";", decimal=",", encoding="cp1252")
    assert "categories__style_Fuß" in data.preprocessing.get_feature_names_out()


def test_columns_are_left_out(path: Path) -> None:
    names = module(path, drop=["style", "garden"]).preprocessing.get_feature_names_out()
    assert not [name for name in names if "style" in name or "garden" in name]


def test_mini_batches_hold_every_training_row_once(path: Path) -> None:
    batches = list(module(path, batch_size=16).train_dataloader())
    assert [len(y) for _, y in batches] == [16, 16, 16, 12]
    seen = torch.cat([y for _, y in batches])[:, 0].tolist()
    assert sorted(seen) == sorted(prices(module(path))[0])


def test_a_file_is_read_once_and_again_when_it_changed(path: Path) -> None:
    read_source.cache_clear()
    first = module(path)
    assert module(path, batch_size=8).train[0] is first.train[0]
    assert read_source.cache_info().misses == 1
    changed = houses()
    changed["price"] *= 2
    changed.to_csv(path, index=False)
    assert sorted(prices(module(path))[0]) != sorted(prices(first)[0])


def test_setup_seeds_the_stream_that_weights_are_drawn_from(path: Path) -> None:
    draws = []
    for _ in range(2):
        module(path)
        draws.append(torch.rand(3))
        torch.rand(1)
    assert torch.equal(*draws)


@pytest.mark.parametrize("name", ["_as_floats", "_as_texts"])
def test_the_pickles_of_0_1_0_find_what_they_name(name: str) -> None:
    read = pickle.loads(f"ctunesmith.data.table\n{name}\n.".encode())
    assert read(pd.DataFrame({"a": [1, 2]})).shape == (2, 1)


def test_a_wide_table_is_fitted_in_groups_as_if_it_were_at_once(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60, 20)), columns=[f"x{i}" for i in range(20)])
    for name in ("x1", "x9", "x19"):
        table.loc[::7, name] = np.nan
    table.assign(price=rng.normal(size=60)).to_csv(tmp_path / "wide.csv", index=False)
    data = module(tmp_path / "wide.csv")
    raw = pd.read_csv(tmp_path / "wide.csv")
    # In the order of the fit, on which the last bits of a mean depend.
    of_train = raw.set_index(raw["price"].astype(np.float32)).loc[data.train[1][:, 0].numpy()]
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    whole = make_pipeline(imputer, StandardScaler()).fit(of_train.drop(columns="price"))
    names = [name.removeprefix("numbers__") for name in data.preprocessing.get_feature_names_out()]
    assert names == list(whole.get_feature_names_out())
    assert np.array_equal(data.preprocessing.transform(raw), whole.transform(raw[table.columns]))


def test_a_large_table_is_let_go_for_what_is_delivered_and_gives_the_same_rows(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = module(path, train_on="all")
    monkeypatch.setattr("tunesmith.data.table_rows.SMALL", 0)
    monkeypatch.setattr("tunesmith.data.table_rows._large", {})
    large = module(path, train_on="all")
    assert len(large._fitted.table.features) == len(large.example) == 5
    pd.testing.assert_frame_equal(large.example, small.example)
    for ours, same in zip(large.train + large.test, small.train + small.test, strict=True):
        assert torch.equal(ours, same)
    assert large.summary == small.summary
    # The next split of it reads it again.
    again = module(path)
    assert prices(again)[2] == prices(large)[2]
