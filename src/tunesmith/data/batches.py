"""Hand tensors to Lightning as they are, without collating them row by row."""

from collections.abc import Iterator

import torch
from torch import Tensor


class TensorBatches:
    """Iterates over batches of tensors that share their first dimension, as a DataLoader does.

    It indexes the tensors once a batch, where a DataLoader collates row by row.

    Args:
        tensors: Each (n, ...).
        batch_size: Rows of a batch; the last one may be smaller. None gives one batch: the tensors
            themselves, not a copy.
        shuffle: Whether the rows of batches are shuffled anew each epoch, by PyTorch's global
            generator.

    >>> batches = TensorBatches(torch.arange(5), batch_size=2, shuffle=False)
    >>> [x.tolist() for (x,) in batches]
    [[0, 1], [2, 3], [4]]

    """

    def __init__(
        self, *tensors: Tensor, batch_size: int | None = None, shuffle: bool = True
    ) -> None:
        self._tensors = tensors
        self._batch_size = batch_size
        self._shuffle = shuffle

    def __len__(self) -> int:
        if self._batch_size is None:
            return 1
        return -(-len(self._tensors[0]) // self._batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        if self._batch_size is None:
            yield self._tensors
            return
        order = torch.randperm if self._shuffle else torch.arange
        for rows in torch.split(order(len(self._tensors[0])), self._batch_size):
            yield tuple(tensor[rows] for tensor in self._tensors)
