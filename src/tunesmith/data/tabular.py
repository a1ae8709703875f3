"""Rows of numbers with one target: what the data modules of tables share."""

import copy
from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor

from tunesmith.data.batches import TensorBatches
from tunesmith.scores import Task
from tunesmith.validate import require_integer

Rows = tuple[Tensor, Tensor]
N_EXAMPLE_ROWS = 5


class TabularDataModule(LightningDataModule, ABC):
    """Serve rows (x, y): x is (n, n_features), float32; y is numbers or classes.

    Numbers are (n, 1), float32, in the target's own unit; classes are (n,), int64, indices into
    `labels`.

    A subclass fills `train` and `val` in `setup`, once, and makes `test` when asked for it.

    Args:
        batch_size: Rows of a training batch; None takes all training rows at once.

    Attributes:
        task: What kind of problem the target poses.
        labels: The classes; empty for numbers.
        categorical: The columns of x that hold codes of categories: whole numbers without an order,
            NaN where a category is not known.
        class_weights: What a training row of each class weighs; None where all weigh the same.
        train: The rows to train on.
        val: The rows to validate with.
        preprocessing: What was fitted to turn raw rows into x, with a method `transform`; None
            where raw rows are x already.

    Raises:
        InvalidArgument: The batch size is no integer of at least 1.

    """

    task: Task = Task.REGRESSION
    labels: tuple[Any, ...] = ()
    categorical: tuple[int, ...] = ()
    class_weights: list[float] | None = None
    train: Rows
    val: Rows
    preprocessing: Any = None

    def __init__(self, *, batch_size: int | None) -> None:
        super().__init__()
        require_integer("batch_size", batch_size, minimum=1, example=256, optional=True)
        self.batch_size = batch_size

    @property
    @abstractmethod
    def model_arguments(self) -> dict[str, Any]:
        """What a model has to know of the data; at least `n_features`."""

    @property
    @abstractmethod
    def test(self) -> Rows:
        """Rows that no search has seen."""

    @property
    def stopping(self) -> tuple[Rows, Rows]:
        """The rows to fit on where others end the fit, and these."""
        return self.train, self.val

    def without_held_out(self) -> Self:
        """Return the data of a fit that looks at rows to validate with while it goes on.

        In folds these are rows to train on; else nothing changes, and the data are these.
        """
        train, val = self.stopping
        if train is self.train:
            return self
        changed = copy.copy(self)
        changed.train, changed.val = train, val
        return changed

    @property
    def example(self) -> Any:
        """A few raw rows, as a model that is used elsewhere will be given them."""
        rows: np.ndarray[Any, Any] = self.val[0][:N_EXAMPLE_ROWS].numpy()
        return rows

    def train_dataloader(self) -> TensorBatches:
        """Return all training rows at once, or shuffled mini-batches."""
        # overfit_batches means the same rows each epoch.
        shuffle = not getattr(self.trainer, "overfit_batches", 0)
        return TensorBatches(*self.train, batch_size=self.batch_size, shuffle=shuffle)

    def val_dataloader(self) -> TensorBatches:
        """Return all validation rows at once."""
        return TensorBatches(*self.val)

    def test_dataloader(self) -> TensorBatches:
        """Return all test rows at once."""
        return TensorBatches(*self.test)

    def transfer_batch_to_device(
        self, batch: tuple[Tensor, ...], device: torch.device, dataloader_idx: int
    ) -> tuple[Tensor, ...]:
        """Move the rows to the device of the model.

        Lightning's own way looks for tensors at any depth, which takes as long as a small layer.
        """
        # As there: only CUDA copies in the background without harm.
        is_cuda = device.type == "cuda"
        return tuple(tensor.to(device, non_blocking=is_cuda) for tensor in batch)
