"""The rows of a table as numbers: split, and turned by what was fitted on the training rows."""

import gc
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd
import torch
from sklearn.compose import ColumnTransformer

from tunesmith.data.file_table import as_read
from tunesmith.data.preprocessing import fit_preprocessing
from tunesmith.data.split import Parts, split_rows
from tunesmith.data.split_plan import TIME, Numbers, Split, Splittable
from tunesmith.data.table_source import ReadTable, Source, read_source
from tunesmith.data.tabular import N_EXAMPLE_ROWS, Rows
from tunesmith.freed_memory import release_freed_memory

# Tables of at most so many values are kept in as many splits as a search's folds and seeds ask for.
SMALL, N_SMALL = 200_000, 64
# Numbers take more memory while they are made than they do then.
N_AT_ONCE = 2_000


@dataclass(frozen=True)
class Fitted:
    """The rows of one split, and what was fitted on those to train on.

    Attributes:
        train: The rows to train on.
        preprocessing: Turns raw rows into x.
        table: The table.
        parts: Which rows these are.
        made_test: The rows to test with, where they were made beforehand.

    """

    train: Rows
    preprocessing: ColumnTransformer
    table: ReadTable
    parts: Parts
    made_test: Rows | None = None

    @cached_property
    def val(self) -> Rows:
        """The rows to validate with, made when they are asked for; none where all are trained on.

        A fit that they do not end has room before.
        """
        return _rows(self.table, self.preprocessing, self.parts.val)

    @property
    def test(self) -> Rows:
        """The rows to test with, made when they are asked for: no trial asks."""
        if self.made_test is not None:
            return self.made_test
        held = self.table.test
        if held is None:
            return _rows(self.table, self.preprocessing, self.parts.test)
        x = transform(self.preprocessing, held.features, np.arange(len(held.features)))
        return torch.from_numpy(x), _as_target(held.values, self.table)

    @property
    def stopping(self) -> tuple[Rows, Rows]:
        """The rows to fit on, and those that end the fit."""
        if self.parts.stop is None:
            return self.train, self.val
        stops = torch.from_numpy(np.isin(self.parts.train, self.parts.stop))
        x, y = self.train
        return (x[~stops], y[~stops]), (x[stops], y[stops])

    def raw(self, part: Numbers) -> pd.DataFrame:
        """Return raw rows."""
        return as_read(self.table.features.loc[part].reset_index(drop=True))

    def without_table(self) -> "Fitted":
        """Return the same with only so many raw rows as an example takes."""
        few = self.table.features.loc[self.parts.train[:N_EXAMPLE_ROWS]]
        return replace(self, made_test=self.test, table=replace(self.table, features=few))


def fit_rows(
    source: Source, split: Split, *, fold: int, takes_all: bool, categories: str
) -> Fitted:
    """Split the rows of a table, fit the preprocessing on those to train on, and apply it.

    Args:
        source: The table.
        split: How it is split.
        fold: The fold to validate with, from 1; without folds 1.
        takes_all: Whether the rows to validate with are trained on as well.
        categories: How categories are encoded: onehot or codes.

    Raises:
        InvalidArgument: The file cannot be read, learned from or split.

    """
    asked = (source, split.as_drawn, fold, takes_all, categories)
    if asked in _large:
        return _large[asked]
    if read_source(source).features.size <= SMALL:
        return _fit_small(*asked)
    # Two of them at a time would be one too many.
    _large.clear()
    # A Trainer that has fitted on one goes in a circle with others.
    gc.collect()
    release_freed_memory()
    fitted = _fit(*asked)
    if takes_all:
        # What is delivered is fitted last, on most rows: the table makes room for it.
        fitted = fitted.without_table()
        read_source.cache_clear()
    _large[asked] = fitted
    release_freed_memory()
    return fitted


def _fit(source: Source, split: Split, fold: int, takes_all: bool, categories: str) -> Fitted:
    table = read_source(source)
    rows = Splittable(table.target.values, table.target.labels, table.keys)
    if takes_all and split.kind == TIME and split.folds is not None:
        fold = split.folds  # Earlier ones leave out what comes after them.
    parts = split_rows(rows, split, fold=fold)
    if takes_all:
        parts = Parts(np.concatenate([parts.train, parts.val]), parts.val[:0], parts.test)
    preprocessing = fit_preprocessing(
        table.features,
        parts.train,
        table.columns,
        styles=table.styles,
        decimal=table.decimal,
        categories=categories,
    )
    return Fitted(
        train=_rows(table, preprocessing, parts.train),
        preprocessing=preprocessing,
        table=table,
        parts=parts,
    )


_fit_small = lru_cache(maxsize=N_SMALL)(_fit)
_large: dict[tuple[Source, Split, int, bool, str], Fitted] = {}


def _rows(table: ReadTable, preprocessing: ColumnTransformer, part: Numbers) -> Rows:
    x = transform(preprocessing, table.features, part)
    return torch.from_numpy(x), _as_target(table.target.values[part], table)


def transform(preprocessing: ColumnTransformer, features: pd.DataFrame, part: Numbers) -> Numbers:
    """Return raw rows as numbers, (n, n_features), float32: so many at a time."""
    x = np.empty((len(part), len(preprocessing.get_feature_names_out())), dtype=np.float32)
    for start in range(0, len(part), N_AT_ONCE):
        rows = slice(start, start + N_AT_ONCE)
        x[rows] = preprocessing.transform(features.iloc[part[rows]])
    return x


def _as_target(values: Numbers, table: ReadTable) -> torch.Tensor:
    y = torch.from_numpy(values)
    return y if table.target.labels else y.unsqueeze(1)
