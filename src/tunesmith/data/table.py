"""Regression on a table in a CSV or Parquet file."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from tunesmith.data.file import check_columns, check_target, is_number, read_table
from tunesmith.data.tabular import N_EXAMPLE_ROWS, Rows, TabularDataModule
from tunesmith.errors import InvalidArgument
from tunesmith.validate import require_integer

# Rarer categories, and those unknown at training time, share one column.
MIN_ROWS_OF_CATEGORY = 5
MAX_CATEGORIES = 50


class TableDataModule(TabularDataModule):
    """The rows of a file: one column is the target, the others are features.

    The rows are shuffled and split; numbers are scaled and categories one-hot encoded by a
    ColumnTransformer fitted on the training rows. Missing features are allowed. `setup` seeds
    PyTorch's global random stream with `seed`: weights drawn afterwards continue it.

    A process reads and fits a file once.

    Args:
        path: A CSV or Parquet file; a relative path counts from the working directory.
        target: The column to predict, of numbers.
        drop: Columns that are no features.
        seed: Shuffles the rows before they are split.
        val_fraction: The share of the rows to validate with.
        test_fraction: The share of the rows to test with.
        batch_size: Rows of a training batch; None takes all training rows at once.
        encoding: How the text of the file is encoded.
        separator: What separates its fields; None is a comma, or a tab in a .tsv file.
        decimal: The decimal mark of its numbers.

    Raises:
        InvalidArgument: The file cannot be learned from; the message names the argument.

    """

    def __init__(
        self,
        *,
        path: str | None,
        target: str | None,
        drop: Iterable[str],
        seed: int,
        val_fraction: float,
        test_fraction: float,
        batch_size: int | None,
        encoding: str,
        separator: str | None,
        decimal: str,
    ) -> None:
        super().__init__(batch_size=batch_size)
        require_integer("seed", seed, minimum=0, example=42)
        _check_fractions(val_fraction, test_fraction)
        if path is None:
            raise InvalidArgument("path", "a CSV or Parquet file", None, "houses.csv")
        if isinstance(drop, str):
            raise InvalidArgument("drop", "a list of columns", drop, [drop])
        self.seed = seed
        file = Path(path)
        self._table = _load(
            file,
            _stamp(file),
            target=None if target is None else str(target),
            drop=tuple(map(str, drop)),
            seed=seed,
            fractions=(val_fraction, test_fraction),
            form=(encoding, separator, decimal),
        )

    @property
    def model_arguments(self) -> dict[str, Any]:
        """The width of x, and mean and standard deviation of the training rows' target."""
        x, y = self._table.train
        return {
            "n_features": x.shape[1],
            "target_mean": float(y.mean(dtype=torch.float64)),
            "target_std": float(y.double().std(correction=0)),
        }

    def setup(self, stage: str) -> None:
        """Seed the random stream that the weights are drawn from, once."""
        if hasattr(self, "train"):
            return
        torch.manual_seed(self.seed)
        self.train = self._table.train
        self.val = self._table.val

    @property
    def test(self) -> Rows:
        """The rows that are neither trained on nor validated with."""
        return self._table.test

    @property
    def preprocessing(self) -> ColumnTransformer:
        """Turns a DataFrame of raw rows into an (n, n_features) array."""
        return self._table.preprocessing

    @property
    def example(self) -> pd.DataFrame:
        """A few raw validation rows, of the types that pandas reads, without the target."""
        return self._table.example


@dataclass(frozen=True)
class _Table:
    train: Rows
    val: Rows
    test: Rows
    preprocessing: ColumnTransformer
    example: pd.DataFrame


@lru_cache(maxsize=2)
def _load(
    path: Path,
    stamp: object,
    *,
    target: str | None,
    drop: tuple[str, ...],
    seed: int,
    fractions: tuple[float, float],
    form: tuple[str, str | None, str],
) -> _Table:
    """Read, check, split and fit; `stamp` tells apart what a path meant at different times."""
    encoding, separator, decimal = form
    table = read_table(path, encoding=encoding, separator=separator, decimal=decimal)
    check_target(table, target)
    assert target is not None
    features = _without(table, target=target, drop=drop)
    check_columns(features, drop=drop)
    y = torch.from_numpy(table[target].to_numpy(dtype=np.float32)).unsqueeze(1)
    train, val, test = _split(len(table), seed=seed, fractions=fractions)
    if y[train].min() == y[train].max():
        raise InvalidArgument(
            "seed",
            "one that leaves different values of the target in the training rows",
            seed,
            seed + 1,
            detail=f"with which {target!r} is {float(y[train][0]):g} in all",
        )
    preprocessing = make_preprocessing(features).fit(features.iloc[train])

    def rows(part: np.ndarray[Any, Any]) -> Rows:
        x = preprocessing.transform(features.iloc[part]).astype(np.float32)
        return torch.from_numpy(x), y[part]

    return _Table(
        train=rows(train),
        val=rows(val),
        test=rows(test),
        preprocessing=preprocessing,
        example=features.iloc[val[:N_EXAMPLE_ROWS]].reset_index(drop=True),
    )


def _stamp(file: Path) -> object:
    if not file.exists():
        return None
    stat = file.stat()
    return file.absolute(), stat.st_mtime_ns, stat.st_size


def make_preprocessing(features: pd.DataFrame) -> ColumnTransformer:
    """Return what turns raw rows into numbers, not yet fitted.

    Numbers get the median for what is missing, a column that says so, zero mean and unit variance.
    Categories get one column each; a missing one is a category of its own.
    """
    numbers = [name for name in features if is_number(features[name])]
    categories = [name for name in features if name not in numbers]
    return ColumnTransformer(
        [
            (
                "numbers",
                make_pipeline(
                    FunctionTransformer(_as_floats, feature_names_out="one-to-one"),
                    # keep_empty_features: a column may be missing in all of the training rows.
                    SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
                    StandardScaler(),
                ),
                numbers,
            ),
            (
                "categories",
                make_pipeline(
                    FunctionTransformer(_as_texts, feature_names_out="one-to-one"),
                    OneHotEncoder(
                        handle_unknown="infrequent_if_exist",
                        min_frequency=MIN_ROWS_OF_CATEGORY,
                        max_categories=MAX_CATEGORIES,
                        sparse_output=False,
                    ),
                ),
                categories,
            ),
        ]
    )


def _as_floats(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.astype("float64")


def _as_texts(rows: pd.DataFrame) -> pd.DataFrame:
    # object: a column of true and false holds no texts otherwise.
    return rows.astype(object).where(rows.notna(), "missing").map(str)


def _without(table: pd.DataFrame, *, target: str, drop: tuple[str, ...]) -> pd.DataFrame:
    known = [name for name in table.columns if name != target]
    for name in drop:
        if name not in known:
            right = [other for other in drop if other in known]
            right += get_close_matches(name, known, n=1, cutoff=0.5)
            raise InvalidArgument("drop", "columns beside the target", name, right)
    return table[[name for name in known if name not in drop]]


def _split(
    n_rows: int, *, seed: int, fractions: tuple[float, float]
) -> tuple[np.ndarray[Any, Any], ...]:
    """Return row numbers to train on, to validate with and to test with."""
    order = np.random.default_rng(seed).permutation(n_rows)
    n_val, n_test = (max(1, round(n_rows * fraction)) for fraction in fractions)
    return order[n_val + n_test :], order[:n_val], order[n_val : n_val + n_test]


def _check_fractions(val_fraction: float, test_fraction: float) -> None:
    for name, value in (("val_fraction", val_fraction), ("test_fraction", test_fraction)):
        if not isinstance(value, int | float) or not 0 < value < 1:
            raise InvalidArgument(name, "a number between 0 and 1", value, 0.2)
    if val_fraction + test_fraction > 0.8:
        raise InvalidArgument(
            "test_fraction",
            "a share that leaves a fifth of the rows to train on",
            test_fraction,
            0.2,
            detail=f"beside val_fraction={val_fraction}",
        )
