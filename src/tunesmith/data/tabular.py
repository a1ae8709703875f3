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
    """The base of data modules with rows (x, y) in memory, for every objective of this package.

    x is (n, n_features), float32. In a regression y is (n, 1), float32, in the target's own unit;
    in a classification y is (n,), int64, indices into `labels`.

    A subclass sets `train` and `val` in `setup`, which is called more than once and must give the
    same rows, and has the properties `test` and `model_arguments`.

    Args:
        batch_size: Rows of a training batch; None takes all training rows at once.

    Attributes:
        task: The kind of problem: `Task.REGRESSION`, the default, `Task.BINARY` or
            `Task.MULTICLASS`.
        labels: The classes; empty in a regression.
        categorical: The columns of x with codes of categories: whole numbers without an order, NaN
            for an unknown category.
        class_weights: The weight of a training row of each class; None if all weigh 1.
        train: The training rows, (x, y).
        val: The validation rows, (x, y).
        preprocessing: What turns raw rows into x, with a method `transform`; None where raw rows
            are x already.

    Raises:
        InvalidArgument: The batch size is not an integer of at least 1.

    Example:
        >>> class Line(TabularDataModule):
        ...     def setup(self, stage: str) -> None:
        ...         x = torch.linspace(0, 1, 10).unsqueeze(1)
        ...         self.train, self.val = (x[:8], 2 * x[:8]), (x[8:], 2 * x[8:])
        ...
        ...     @property
        ...     def test(self) -> tuple[Tensor, Tensor]:
        ...         x = torch.tensor([[1.5], [2.0]])
        ...         return x, 2 * x
        ...
        ...     @property
        ...     def model_arguments(self) -> dict[str, int]:
        ...         return {"n_features": 1}
        >>> data = Line(batch_size=None)
        >>> data.setup("fit")
        >>> [x.shape for x in data.train]
        [torch.Size([8, 1]), torch.Size([8, 1])]

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
        """Arguments that the data give to the model's constructor, by name: at least `n_features`.

        The model gets those that it takes.
        """

    @property
    @abstractmethod
    def test(self) -> Rows:
        """The test rows, (x, y), which no trial of a search uses."""

    @property
    def stopping(self) -> tuple[Rows, Rows]:
        """The rows to fit on in a fit that stops early, and the rows whose metric stops it.

        By default `train` and `val`.
        """
        return self.train, self.val

    def without_held_out(self) -> Self:
        """Return the data for a fit that stops early, whose `train` and `val` are `stopping`.

        Where these are `train` and `val` it is this object.
        """
        train, val = self.stopping
        if train is self.train:
            return self
        changed = copy.copy(self)
        changed.train, changed.val = train, val
        return changed

    @property
    def example(self) -> Any:
        """A few raw rows, in the form in which a fitted model is to be given them."""
        rows: np.ndarray[Any, Any] = self.val[0][:N_EXAMPLE_ROWS].numpy()
        return rows

    def train_dataloader(self) -> TensorBatches:
        """Return the training rows in shuffled batches, or in one without a batch size."""
        # overfit_batches means the same rows each epoch.
        shuffle = not getattr(self.trainer, "overfit_batches", 0)
        return TensorBatches(*self.train, batch_size=self.batch_size, shuffle=shuffle)

    def val_dataloader(self) -> TensorBatches:
        """Return the validation rows in one batch."""
        return TensorBatches(*self.val)

    def test_dataloader(self) -> TensorBatches:
        """Return the test rows in one batch."""
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
