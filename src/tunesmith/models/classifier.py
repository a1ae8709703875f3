"""A multilayer perceptron of variable depth for classes, as a LightningModule."""

from collections.abc import Callable, Iterable, Sequence

import torch
from lightning.pytorch.utilities.types import STEP_OUTPUT
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from tunesmith.models.mlp import MLP, MLPModule
from tunesmith.scores import Task, score
from tunesmith.validate import require_integer


class MLPClassifier(MLPModule):
    """A LightningModule that fits an MLP to classes by cross-entropy.

    A batch is (x, y): x is (n, n_features), float32; y is (n,), int64, the index of a row's class.

    It logs train/log_loss, weighted by `class_weights`, every N // 100 epochs of a fit of N epochs;
    and log_loss, accuracy, balanced_accuracy, f1_macro, roc_auc and average_precision of the
    validation and test rows (`val/...`, `test/...`), unweighted.

    Args:
        n_features: Columns of x.
        n_layers: Hidden layers after the first linear one.
        n_nodes: Nodes of each linear layer but the last.
        activation: elu, gelu, leaky_relu, relu, silu or tanh.
        optimizer: Called with the parameters, returns the optimizer.
        scheduler: Called with the optimizer and `total_steps`, the optimizer steps of the fit;
            returns a schedule that is stepped once a batch, or None for a constant rate.
        n_classes: The number of classes, at least 2.
        class_weights: The weight of a training row of each class; None if all weigh the same.

    Raises:
        InvalidArgument: A size is below 1, `n_classes` below 2, or the activation unknown.

    """

    def __init__(
        self,
        *,
        n_features: int,
        n_layers: int,
        n_nodes: int,
        activation: str,
        optimizer: Callable[[Iterable[nn.Parameter]], Optimizer],
        scheduler: Callable[..., LRScheduler | None],
        n_classes: int,
        class_weights: Sequence[float] | None = None,
    ) -> None:
        require_integer("n_classes", n_classes, minimum=2, example=2)
        super().__init__(optimizer=optimizer, scheduler=scheduler)
        self.save_hyperparameters(ignore=["optimizer", "scheduler"])
        self.net = MLP(
            n_features=n_features,
            n_layers=n_layers,
            n_nodes=n_nodes,
            activation=activation,
            n_outputs=n_classes,
        )
        self._weights = None if class_weights is None else list(class_weights)
        self._task = Task.BINARY if n_classes == 2 else Task.MULTICLASS
        self._seen: list[tuple[Tensor, Tensor]] = []

    @property
    def metric_names(self) -> list[str]:
        """The names of the metrics that it logs."""
        parts = [f"{part}/{name}" for part in ("val", "test") for name in self._task.metrics]
        return ["train/log_loss", *parts]

    def forward(self, x: Tensor) -> Tensor:
        """Return the probability of each class, (n, n_classes), from x, (n, n_features)."""
        return torch.softmax(self.net(x), dim=1)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> STEP_OUTPUT:
        """Return the cross-entropy of one batch."""
        x, y = batch
        weights = None if self._weights is None else torch.tensor(self._weights, device=x.device)
        loss = functional.cross_entropy(self.net(x), y, weight=weights)
        self.note_loss(loss, n_rows=len(x))
        return loss

    def on_train_epoch_end(self) -> None:
        """Log train/log_loss, the mean over the epoch's rows, every few epochs."""
        if (loss := self.mean_loss()) is not None:
            self.log("train/log_loss", loss)

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Keep the predictions for the validation rows."""
        self._see(batch)

    def test_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Keep the predictions for the test rows."""
        self._see(batch)

    def on_validation_epoch_end(self) -> None:
        """Log the metrics of the validation rows."""
        self._log_scores("val")

    def on_test_epoch_end(self) -> None:
        """Log the metrics of the test rows."""
        self._log_scores("test")

    def _see(self, batch: tuple[Tensor, Tensor]) -> None:
        x, y = batch
        self._seen.append((y, self(x)))

    def _log_scores(self, part: str) -> None:
        true, predicted = (torch.cat(rows).cpu().numpy() for rows in zip(*self._seen, strict=True))
        self._seen = []
        known = score(self._task, true, predicted)
        # One that is not defined for these rows is left out.
        self.log_dict({f"{part}/{k}": value for k, value in known.items() if value == value})
