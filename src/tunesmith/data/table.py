"""Regression on a table in a CSV or Parquet file."""

import logging
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

from tunesmith.data.columns import LEFT_OUT, check_columns, check_some, read_columns, sentinels
from tunesmith.data.file import read_table
from tunesmith.data.preprocessing import as_floats, as_texts, make_preprocessing
from tunesmith.data.summary import summarize_table
from tunesmith.data.tabular import N_EXAMPLE_ROWS, Rows, TabularDataModule
from tunesmith.data.target import check_target, has_target
from tunesmith.data.text_form import Form
from tunesmith.errors import InvalidArgument
from tunesmith.validate import require_integer

log = logging.getLogger(__name__)

# Models that were logged by 0.1.0 name these here.
_as_floats, _as_texts = as_floats, as_texts


class TableDataModule(TabularDataModule):
    """The rows of a file: one column is the target, the others are features.

    The rows are shuffled and split; numbers are scaled and categories one-hot encoded by a
    ColumnTransformer fitted on the training rows. Missing features are allowed; rows without a
    target and columns that nothing can be learned from are left out. `setup` seeds PyTorch's global
    random stream with `seed`: weights drawn afterwards continue it.

    A process reads and fits a file once.

    Args:
        path: A CSV, Parquet or .xlsx file; a relative path counts from the working directory.
        target: The column to predict, of numbers.
        drop: Columns that are no features.
        seed: Shuffles the rows before they are split.
        val_fraction: The share of the rows to validate with.
        test_fraction: The share of the rows to test with.
        batch_size: Rows of a training batch; None takes all training rows at once.
        encoding: How the text of the file is encoded; None is found out.
        separator: What separates its fields; None is found out.
        decimal: The decimal mark of its numbers; None is found out.
        sheet: The sheet of a workbook; None is its only one.
        strict: Whether rows without a target and useless columns are refused, not left out.

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
        encoding: str | None,
        separator: str | None,
        decimal: str | None,
        sheet: str | None = None,
        strict: bool = False,
    ) -> None:
        super().__init__(batch_size=batch_size)
        require_integer("seed", seed, minimum=0, example=42)
        _check_fractions(val_fraction, test_fraction)
        if path is None:
            raise InvalidArgument("path", "a CSV, Parquet or .xlsx file", None, "houses.csv")
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
            form=Form(encoding, separator, decimal, sheet),
            strict=strict,
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
        """Log the summary, and seed the random stream that the weights are drawn from, once."""
        if hasattr(self, "train"):
            return
        log.info("%s", self.summary)
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

    @property
    def summary(self) -> str:
        """What was read of the file, in lines."""
        return self._table.summary


@dataclass(frozen=True)
class _Table:
    train: Rows
    val: Rows
    test: Rows
    preprocessing: ColumnTransformer
    example: pd.DataFrame
    summary: str


@lru_cache(maxsize=2)
def _load(
    path: Path,
    stamp: object,
    *,
    target: str | None,
    drop: tuple[str, ...],
    seed: int,
    fractions: tuple[float, float],
    form: Form,
    strict: bool,
) -> _Table:
    """Read, check, split and fit; `stamp` tells apart what a path meant at different times."""
    read = read_table(path, form)
    check_target(read.frame, target, strict=strict)
    assert target is not None
    has_one = has_target(read.frame[target])
    table = read.frame[has_one].reset_index(drop=True)
    features = _without(table, target=target, drop=drop)
    columns = read_columns(features, styles=read.styles)
    if strict:
        check_columns(columns, drop=drop)
    check_some(columns, drop=drop, target=target)
    features = features[[column.name for column in columns if column.kind != LEFT_OUT]]
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
    preprocessing = make_preprocessing(columns, styles=read.styles, decimal=read.decimal)
    preprocessing.fit(features.iloc[train])

    def rows(part: np.ndarray[Any, Any]) -> Rows:
        x = preprocessing.transform(features.iloc[part]).astype(np.float32)
        return torch.from_numpy(x), y[part]

    return _Table(
        train=rows(train),
        val=rows(val),
        test=rows(test),
        preprocessing=preprocessing,
        example=features.iloc[val[:N_EXAMPLE_ROWS]].reset_index(drop=True),
        summary=summarize_table(
            path,
            form=read.form,
            target=table[target],
            n_without=int((~has_one).sum()),
            columns=columns,
            split=(len(train), len(val), len(test)),
            notes=[*read.notes, *sentinels(table[[*features, target]])],
        ),
    )


def _stamp(file: Path) -> object:
    if not file.exists():
        return None
    stat = file.stat()
    return file.absolute(), stat.st_mtime_ns, stat.st_size


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
