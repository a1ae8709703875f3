"""Rows of numbers with one target: what the data modules for regression share."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from lightning.pytorch import LightningDataModule
from torch import Tensor

from tunesmith.data.batches import TensorBatches

Rows = tuple[Tensor, Tensor]
N_EXAMPLE_ROWS = 5


class TabularDataModule(LightningDataModule, ABC):
    """Serves rows (x, y): x is (n, n_features), y is (n, 1) in the target's own unit, both float32.

    `setup` fills `train` and `val` once; `test` is made when asked for. `preprocessing` is what was
    fitted to turn raw rows into x, with a method `transform`; None where raw rows are x already.
    """

    train: Rows
    val: Rows
    preprocessing: Any = None

    def __init__(self, *, batch_size: int | None) -> None:
        super().__init__()
        if batch_size is not None:
            require_integer("batch_size", batch_size, minimum=1, example=256)
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
    def example(self) -> Any:
        """A few raw rows, as a model that is used elsewhere will be given them."""
        rows: np.ndarray[Any, Any] = self.val[0][:N_EXAMPLE_ROWS].numpy()
        return rows

    def train_dataloader(self) -> TensorBatches:
        """All training rows at once, or shuffled mini-batches."""
        # overfit_batches means the same rows each epoch.
        shuffle = not getattr(self.trainer, "overfit_batches", 0)
        return TensorBatches(*self.train, batch_size=self.batch_size, shuffle=shuffle)

    def val_dataloader(self) -> TensorBatches:
        """All validation rows at once."""
        return TensorBatches(*self.val)

    def test_dataloader(self) -> TensorBatches:
        """All test rows at once."""
        return TensorBatches(*self.test)


def require_integer(name: str, value: object, *, minimum: int, example: int) -> None:
    """Raise ValueError, which names an example, unless the value is an integer of that size."""
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        raise ValueError(
            f"{name} must be an integer of at least {minimum}, got {value!r}; try {name}={example}"
        )
