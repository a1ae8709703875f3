"""The rows of a table in a CSV, Parquet or .xlsx file: numbers or classes to be predicted."""

import logging
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.compose import ColumnTransformer
from sklearn.utils.class_weight import compute_class_weight

from tunesmith.data.preprocessing import (
    CODES,
    ONE_HOT,
    as_floats,
    as_texts,
    coded_columns,
    inputs_of,
)
from tunesmith.data.split_keys import find_kind
from tunesmith.data.split_plan import GROUP, Split
from tunesmith.data.summary import summarize_table
from tunesmith.data.table_rows import Fitted, fit_rows
from tunesmith.data.table_source import typed_source
from tunesmith.data.tabular import N_EXAMPLE_ROWS, Rows, TabularDataModule
from tunesmith.data.target import AUTO
from tunesmith.data.text_form import Form
from tunesmith.data.typed_form import check_names
from tunesmith.errors import InvalidArgument
from tunesmith.validate import require_choice, require_integer, require_switch

log = logging.getLogger(__name__)

BALANCED = "balanced"
TRAIN, ALL = "train", "all"
# Models that were logged by 0.1.0 name these here.
_as_floats, _as_texts = as_floats, as_texts


class TableDataModule(TabularDataModule):
    """The rows of a file: one column is the target, the others are features.

    The file is read, and its rows are split into training, validation and test rows, when the
    object is made; a process reads a file once. A ColumnTransformer fitted on the training rows
    scales numbers and encodes categories. Features may be missing; rows without a target, and
    columns that nothing can be learned from, are left out. `setup` seeds PyTorch's global generator
    with `seed`: weights drawn afterwards continue its stream.

    Args:
        path: A .csv, .tsv (either also as .gz), .parquet or .xlsx file.
        target: The column to predict: numbers, or classes.
        drop: Columns that are no features.
        seed: Shuffles the rows before they are split.
        val_fraction: The share of the rows for validation, 0 ... 1; unused with folds.
        test_fraction: The share of the rows for the test, 0 ... 1; unused with `test_path`.
        batch_size: Rows of a training batch; None takes all training rows at once.
        encoding: The encoding of a text file; None detects it.
        separator: What separates the fields of a text file; None detects it.
        decimal: The decimal mark of the numbers, "." or ","; None detects it.
        sheet: The sheet of a workbook; None takes its only one.
        strict: True refuses rows without a target and useless columns, False leaves them out.
        task: "regression", "binary" or "multiclass"; "auto" decides by the target.
        positive: The positive one of two classes; None takes the last in their order.
        class_weight: "balanced" weighs rare classes as much as frequent ones in the fit; None
            weighs each row the same.
        split: "random", "stratified", "group" or "time"; None is stratified for classes, else
            random.
        group: With split "group": the column whose rows of one value stay in one part.
        time: With split "time": the column that orders the rows; the last ones are the test rows.
        test_path: A file with the test rows; None takes a share of `path`.
        folds: The number of folds for cross-validation on all rows but the test rows; None holds
            out `val_fraction` instead.
        fold: The fold that holds the validation rows, from 1; None is the first.
        fold_seed: Draws the folds; None takes `seed`.
        train_on: "train", or "all" to train on the validation rows as well.
        categories: "onehot" encodes them one-hot; "codes" numbers them, for LightGBM alone.

    Attributes:
        task: The kind of problem of the target, as `task` or detected.
        labels: The classes in the order of their indices in y; empty for numbers.

    Raises:
        InvalidArgument: The file cannot be read or learned from; the message names the argument.

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
        split: str | None = None,
        group: str | None = None,
        time: str | None = None,
        test_path: str | None = None,
        folds: int | None = None,
        fold: int | None = None,
        fold_seed: int | None = None,
        train_on: str = TRAIN,
        categories: str = ONE_HOT,
    ) -> None:
        super().__init__(batch_size=batch_size)
        check_names(drop=drop, group=group, time=time)
        require_switch("strict", strict)
        require_choice("train_on", train_on, (TRAIN, ALL))
        require_choice("categories", categories, (ONE_HOT, CODES))
        kind = find_kind(split, group, time)
        key = group if kind == GROUP else time
        self.seed = seed
        self._split = Split(
            kind,
            key,
            seed=seed,
            val_fraction=val_fraction,
            test_fraction=test_fraction if test_path is None else None,
            folds=folds,
            fold_seed=fold_seed,
        )
        _check_fold(fold, folds)
        source = typed_source(
            path,
            test_path,
            target=target,
            drop=drop,
            form=Form(encoding, separator, decimal, sheet),
            strict=strict,
            task=task,
            positive=positive,
            split=kind,
            key=key,
        )
        self._path = source.file.path
        self._fitted = fit_rows(
            source, self._split, fold=fold or 1, takes_all=train_on == ALL, categories=categories
        )
        self._other_val: Rows | None = None
        self.categorical = coded_columns(self.preprocessing)
        found = self._fitted.table.target
        self.task, self.labels = found.task, found.labels
        self.class_weights = _class_weights(self._fitted, class_weight)

    @property
    def model_arguments(self) -> dict[str, Any]:
        """Arguments for the model: `n_features`, and what its target takes.

        In a regression `target_mean` and `target_std` of the training rows, in a classification
        `n_classes` and `class_weights`.
        """
        x, y = self._fitted.train
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
        """Log the summary and seed PyTorch's global generator, at the first call only."""
        if hasattr(self, "train"):
            return
        log.info("%s", self.summary)
        torch.manual_seed(self.seed)
        self.train = self._fitted.train

    @property
    def val(self) -> Rows:
        """The validation rows, (x, y)."""
        return self._other_val or self._fitted.val

    @val.setter
    def val(self, rows: Rows) -> None:
        self._other_val = rows

    @property
    def test(self) -> Rows:
        """The test rows, (x, y)."""
        return self._fitted.test

    @property
    def stopping(self) -> tuple[Rows, Rows]:
        """The rows to fit on in a fit that stops early, and the rows whose metric stops it.

        `train` and `val`; with folds both are parts of the training rows.
        """
        return self._fitted.stopping

    @property
    def preprocessing(self) -> ColumnTransformer:
        """Turns a DataFrame of raw rows into an (n, n_features) array."""
        return self._fitted.preprocessing

    @property
    def example(self) -> pd.DataFrame:
        """At most 5 raw validation rows, without the target."""
        parts = self._fitted.parts
        part = parts.val if len(parts.val) else parts.train
        return self._fitted.raw(part[:N_EXAMPLE_ROWS])

    @property
    def raw_val(self) -> pd.DataFrame:
        """The raw validation rows, without the target."""
        return self.first_raw_val(None)

    def first_raw_val(self, most: int | None) -> pd.DataFrame:
        """Return at most so many raw validation rows; None returns all."""
        return self._fitted.raw(self._fitted.parts.val[:most])

    @property
    def inputs(self) -> dict[str, list[int]]:
        """The columns of x that are made of each raw column, by its name."""
        return inputs_of(self.preprocessing)

    @property
    def summary(self) -> str:
        """What was read of the file, as text of several lines."""
        table = self._fitted.table
        parts = self._fitted.parts
        return summarize_table(
            self._path,
            form=table.form,
            target=table.target,
            columns=table.columns,
            sizes=(
                len(parts.train),
                len(parts.val),
                len(parts.test) if table.test is None else len(table.test.values),
            ),
            split=self._split,
            notes=table.notes,
        )


def _check_fold(fold: int | None, folds: int | None) -> None:
    require_integer("fold", fold, minimum=1, example=1, optional=True)
    if fold is not None and fold > (folds or 0):
        known = f"one of the {folds} folds" if folds else "null without data.folds"
        raise InvalidArgument("fold", known, fold, folds)


def _class_weights(fitted: Fitted, class_weight: str | None) -> list[float] | None:
    """Return what each class weighs; None where all rows weigh the same."""
    if class_weight is None:
        return None
    require_choice("class_weight", class_weight, (BALANCED,))
    if not fitted.table.target.task.is_of_classes:
        raise InvalidArgument(
            "class_weight", "null for a target of numbers", class_weight, way_out="leave it out"
        )
    y, n_classes = fitted.train[1].numpy(), len(fitted.table.target.labels)
    weights = compute_class_weight(BALANCED, classes=np.arange(n_classes), y=y)
    return [float(weight) for weight in weights]
