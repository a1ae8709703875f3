"""The rows of a table in a CSV, Parquet or .xlsx file: numbers or classes to be predicted."""

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
from sklearn.utils.class_weight import compute_class_weight

from tunesmith.data.columns import LEFT_OUT, check_columns, check_some, read_columns, sentinels
from tunesmith.data.file import read_table
from tunesmith.data.preprocessing import (
    CODES,
    ONE_HOT,
    as_floats,
    as_texts,
    coded_columns,
    make_preprocessing,
)
from tunesmith.data.split import check_fractions, split_classes, split_rows
from tunesmith.data.summary import summarize_table
from tunesmith.data.tabular import N_EXAMPLE_ROWS, Rows, TabularDataModule
from tunesmith.data.target import AUTO, Target, read_target
from tunesmith.data.text_form import Form
from tunesmith.errors import InvalidArgument
from tunesmith.validate import require_choice, require_integer

log = logging.getLogger(__name__)

BALANCED = "balanced"
# Models that were logged by 0.1.0 name these here.
_as_floats, _as_texts = as_floats, as_texts


class TableDataModule(TabularDataModule):
    """The rows of a file: one column is the target, the others are features.

    The rows are shuffled and split, of classes so that each part has its share of each; numbers are
    scaled and categories encoded by a ColumnTransformer fitted on the training rows.
    Missing features are allowed; rows without a target and columns that nothing can be learned from
    are left out. `setup` seeds PyTorch's global random stream with `seed`: weights drawn afterwards
    continue it.

    A process reads and fits a file once.

    Args:
        path: A CSV, Parquet or .xlsx file; a relative path counts from the working directory.
        target: The column to predict: numbers, or classes.
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
        task: regression, binary or multiclass; auto tells by the target.
        positive: The class that counts as positive, of two; None is the last in their order.
        class_weight: "balanced" has each class weigh the same in the fit, None each row.
        categories: "onehot" encodes them one-hot; "codes" numbers them, for LightGBM alone.

    Attributes:
        task: What kind of problem the target poses.
        labels: The classes in the order of their indices in y; empty for numbers.

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
        task: str = AUTO,
        positive: Any = None,
        class_weight: str | None = None,
        categories: str = ONE_HOT,
    ) -> None:
        super().__init__(batch_size=batch_size)
        require_integer("seed", seed, minimum=0, example=42)
        check_fractions(val_fraction, test_fraction)
        if path is None:
            raise InvalidArgument("path", "a CSV, Parquet or .xlsx file", None, "houses.csv")
        if isinstance(drop, str):
            raise InvalidArgument("drop", "a list of columns", drop, [drop])
        if class_weight is not None:
            require_choice("class_weight", class_weight, (BALANCED,))
        require_choice("categories", categories, (ONE_HOT, CODES))
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
            task=task,
            positive=None if positive is None else str(positive),
            categories=categories,
        )
        self.categorical = coded_columns(self._table.preprocessing)
        self.task, self.labels = self._table.target.task, self._table.target.labels
        if class_weight is not None and not self.task.is_of_classes:
            raise InvalidArgument(
                "class_weight", "null for a target of numbers", class_weight, way_out="leave it out"
            )
        self.class_weights = _balanced(self._table) if class_weight == BALANCED else None

    @property
    def model_arguments(self) -> dict[str, Any]:
        """What a model has to know of the data.

        The width of x; of numbers mean and standard deviation of the training rows' target, of
        classes their number and weights.
        """
        x, y = self._table.train
        if self.task.is_of_classes:
            return {
                "n_features": x.shape[1],
                "n_classes": len(self.labels),
                "class_weights": self.class_weights,
            }
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
        return self.raw_val[:N_EXAMPLE_ROWS]

    @property
    def raw_val(self) -> pd.DataFrame:
        """The raw validation rows, of the types that pandas reads, without the target."""
        return self._table.raw_val

    @property
    def summary(self) -> str:
        """What was read of the file, in lines."""
        return self._table.summary


@dataclass(frozen=True)
class _Table:
    train: Rows
    val: Rows
    test: Rows
    target: Target
    preprocessing: ColumnTransformer
    raw_val: pd.DataFrame
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
    task: str,
    positive: str | None,
    categories: str,
) -> _Table:
    """Read, check, split and fit; `stamp` tells apart what a path meant at different times."""
    read = read_table(path, form)
    found = read_target(read.frame, target, task=task, positive=positive, strict=strict)
    target = found.name
    table = read.frame[found.has_one].reset_index(drop=True)
    features = _without(table, target=target, drop=drop)
    columns = read_columns(features, styles=read.styles)
    if strict:
        check_columns(columns, drop=drop)
    check_some(columns, drop=drop, target=target)
    features = features[[column.name for column in columns if column.kind != LEFT_OUT]]
    train, val, test = _split(found, seed=seed, fractions=fractions)
    y = torch.tensor(found.values)
    y = y if found.task.is_of_classes else y.unsqueeze(1)
    preprocessing = make_preprocessing(
        columns, styles=read.styles, decimal=read.decimal, categories=categories
    )
    preprocessing.fit(features.iloc[train])

    def rows(part: np.ndarray[Any, Any]) -> Rows:
        x = preprocessing.transform(features.iloc[part]).astype(np.float32)
        return torch.from_numpy(x), y[part]

    return _Table(
        train=rows(train),
        val=rows(val),
        test=rows(test),
        target=found,
        preprocessing=preprocessing,
        raw_val=features.iloc[val].reset_index(drop=True),
        summary=summarize_table(
            path,
            form=read.form,
            target=found,
            columns=columns,
            split=(len(train), len(val), len(test)),
            notes=[*filter(None, [found.note]), *read.notes, *_sentinels(table, features, found)],
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
    target: Target, *, seed: int, fractions: tuple[float, float]
) -> tuple[np.ndarray[Any, Any], ...]:
    if target.task.is_of_classes:
        return split_classes(target.values, labels=target.labels, seed=seed, fractions=fractions)
    parts = split_rows(len(target.values), seed=seed, fractions=fractions)
    trained = target.values[parts[0]]
    if trained.min() == trained.max():
        raise InvalidArgument(
            "seed",
            "one that leaves different values of the target in the training rows",
            seed,
            seed + 1,
            detail=f"with which {target.name!r} is {float(trained[0]):g} in all",
        )
    return parts


def _balanced(table: _Table) -> list[float]:
    y, n_classes = table.train[1].numpy(), len(table.target.labels)
    weights = compute_class_weight(BALANCED, classes=np.arange(n_classes), y=y)
    return [float(weight) for weight in weights]


def _sentinels(table: pd.DataFrame, features: pd.DataFrame, target: Target) -> list[str]:
    numbers = [] if target.task.is_of_classes else [target.name]
    return sentinels(table[[*features, *numbers]])
