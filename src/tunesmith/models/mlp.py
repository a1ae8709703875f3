"""A multilayer perceptron of variable depth, and its LightningModule for regression."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from tunesmith.errors import InvalidArgument
from tunesmith.scores import Task, score
from tunesmith.validate import require_choice, require_integer

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "leaky_relu": nn.LeakyReLU,
    # The gradient of the layer before needs no copy.
    "relu": partial(nn.ReLU, inplace=True),
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}
# A layer has many rows from here on: below it, three operations instead of one are no faster.
ROWS_PER_NODE = 200
# Of a long fit: at least so many, and fewer than twice as many.
POINTS_PER_CURVE = 100


class MLP(nn.Sequential):
    """A multilayer perceptron: x is (n, n_features), float32, the output (n, n_outputs).

    Its layers are Linear(n_features, n_nodes), `n_layers` times Linear(n_nodes, n_nodes), and
    Linear(n_nodes, n_outputs), with an activation after each but the last.

    Args:
        n_features: Columns of x.
        n_layers: Hidden layers after the first linear one.
        n_nodes: Nodes of each linear layer but the last.
        activation: elu, gelu, leaky_relu, relu, silu or tanh.
        n_outputs: Columns of the output.

    Raises:
        InvalidArgument: A size is below 1, or the activation unknown.

    >>> MLP(n_features=5, n_layers=1, n_nodes=8, activation="relu")(torch.zeros(3, 5)).shape
    torch.Size([3, 1])

    """

    def __init__(
        self, *, n_features: int, n_layers: int, n_nodes: int, activation: str, n_outputs: int = 1
    ) -> None:
        require_integer("n_features", n_features, minimum=1, example=5)
        require_integer("n_layers", n_layers, minimum=1, example=2)
        require_integer("n_nodes", n_nodes, minimum=1, example=2)
        require_choice("activation", activation, ACTIVATIONS)
        nonlinearity = ACTIVATIONS[activation]
        layers: list[nn.Module] = [_Linear(n_features, n_nodes), nonlinearity()]
        for _ in range(n_layers):
            layers += [_Linear(n_nodes, n_nodes), nonlinearity()]
        super().__init__(*layers, nn.Linear(n_nodes, n_outputs))


class _Linear(nn.Linear):
    """Adds the bias after the product where a layer is narrow and has many rows, to the same bits.

    PyTorch's own copies the bias to each row first, which takes such a layer several times as long
    as the product.
    """

    def forward(self, x: Tensor) -> Tensor:
        if len(x) < ROWS_PER_NODE * self.out_features or x.device.type != "cpu":
            return super().forward(x)
        return (x @ self.weight.t()).add_(self.bias)


class MLPModule(LightningModule):
    """What the LightningModules of an MLP share: optimizer, schedule and the training loss.

    The mean loss over an epoch's rows is logged fewer than 200 times a fit: a point costs more than
    a step of a small network.

    Args:
        optimizer: Makes an optimizer from parameters.
        scheduler: Makes a schedule from the optimizer and `total_steps`, the optimizer steps of the
            fit; it returns None for a constant rate.

    """

    def __init__(
        self,
        *,
        optimizer: Callable[[Iterable[nn.Parameter]], Optimizer],
        scheduler: Callable[..., LRScheduler | None],
    ) -> None:
        super().__init__()
        for name, made_by in (("optimizer", optimizer), ("scheduler", scheduler)):
            if not callable(made_by):
                raise InvalidArgument(
                    name, f"the section {name} of the config", made_by, way_out="leave it out"
                )
        self.optimizer = optimizer
        self.scheduler = scheduler
        self._batch_losses: list[tuple[Tensor, int]] = []

    def __setattr__(self, name: str, value: Any) -> None:
        # Lightning notes the running hook some fifty times an epoch; a module's own way of setting
        # an attribute, which looks for parameters, would take as long as a small network's step.
        if name == "_current_fx_name":
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    def predict_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> Tensor:
        """Predict from the batch's x."""
        prediction: Tensor = self.forward(batch[0])
        return prediction

    def note_loss(self, loss: Tensor, *, n_rows: int) -> None:
        """Keep the loss of a training batch for the epoch's mean."""
        self._batch_losses.append((loss.detach(), n_rows))

    def mean_loss(self) -> Tensor | None:
        """Return the mean over the rows of the epoch where a point of the curve is due."""
        losses, self._batch_losses = self._batch_losses, []
        every = max(1, (self.trainer.max_epochs or 0) // POINTS_PER_CURVE)
        if (self.current_epoch + 1) % every != 0:
            return None
        rows = sum(n for _, n in losses)
        return torch.stack([loss * n for loss, n in losses]).sum() / rows

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Make the optimizer and, unless the rate is constant, its schedule by steps."""
        optimizer = self.optimizer(self.parameters())
        schedule = self.scheduler(
            optimizer, total_steps=int(self.trainer.estimated_stepping_batches)
        )
        if schedule is None:
            return optimizer
        config: Any = {"scheduler": schedule, "interval": "step"}
        return {"optimizer": optimizer, "lr_scheduler": config}


class MLPRegressor(MLPModule):
    """A LightningModule that fits an MLP to numbers by mean squared error.

    A batch is (x, y): x is (n, n_features), y is (n, 1), both float32.

    With `target_mean` and `target_std` of the training rows the network fits the scaled target
    (y - mean) / std; predictions and metrics stay in the target's own unit.

    It logs train/mse, val/mse and test/mse; with a scaled target also rmse, mae and r2 of the
    validation and test rows. In a fit of N epochs train/mse is logged every N // 100 epochs.

    Args:
        n_features: Columns of x.
        n_layers: Hidden layers after the first linear one.
        n_nodes: Nodes of each linear layer but the last.
        activation: elu, gelu, leaky_relu, relu, silu or tanh.
        optimizer: Called with the parameters, returns the optimizer.
        scheduler: Called with the optimizer and `total_steps`, the optimizer steps of the fit;
            returns a schedule that is stepped once a batch, or None for a constant rate.
        target_mean: Mean of the training rows' target.
        target_std: Standard deviation of the training rows' target.

    Raises:
        InvalidArgument: A size is below 1, or the activation unknown.

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
        target_mean: float = 0.0,
        target_std: float = 1.0,
    ) -> None:
        super().__init__(optimizer=optimizer, scheduler=scheduler)
        self.save_hyperparameters(ignore=["optimizer", "scheduler"])
        self.net = MLP(
            n_features=n_features, n_layers=n_layers, n_nodes=n_nodes, activation=activation
        )
        self._mean, self._std = target_mean, target_std
        self._scales = (target_mean, target_std) != (0.0, 1.0)
        self._seen: list[tuple[Tensor, Tensor]] = []

    @property
    def metric_names(self) -> list[str]:
        """The names of the metrics that it logs."""
        scores = Task.REGRESSION.metrics if self._scales else ("mse",)
        return ["train/mse", *(f"{part}/{name}" for part in ("val", "test") for name in scores)]

    def forward(self, x: Tensor) -> Tensor:
        """Return the predicted y, (n, 1), in the target's own unit, from x, (n, n_features)."""
        prediction: Tensor = self.net(x)
        return prediction * self._std + self._mean if self._scales else prediction

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Return the mean squared error of one batch, of the scaled target."""
        x, y = batch
        if self._scales:
            y = (y - self._mean) / self._std
        loss = functional.mse_loss(self.net(x), y)
        self.note_loss(loss, n_rows=len(x))
        return loss

    def on_train_epoch_end(self) -> None:
        """Log train/mse, the mean over the epoch's rows, every few epochs."""
        if (mse := self.mean_loss()) is not None:
            self.log("train/mse", mse * self._std**2 if self._scales else mse)

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Log val/mse."""
        self._log_mse("val/mse", batch, n_batches=self.trainer.num_val_batches)

    def test_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Log test/mse."""
        self._log_mse("test/mse", batch, n_batches=self.trainer.num_test_batches)

    def on_validation_epoch_end(self) -> None:
        """Log rmse, mae and r2 of the validation rows if the target is scaled."""
        self._log_others("val")

    def on_test_epoch_end(self) -> None:
        """Log rmse, mae and r2 of the test rows if the target is scaled."""
        self._log_others("test")

    def _log_mse(
        self, name: str, batch: tuple[Tensor, Tensor], *, n_batches: list[int | float]
    ) -> None:
        x, y = batch
        predicted = self(x)
        # Lightning's weighted mean changes the last bits; a weight of 1 leaves one batch alone.
        weight = 1 if n_batches == [1] else len(x)
        self.log(name, functional.mse_loss(predicted, y), batch_size=weight)
        if self._scales:
            self._seen.append((y[:, 0], predicted[:, 0]))

    def _log_others(self, part: str) -> None:
        if not self._scales:
            return
        true, predicted = (
            torch.cat(rows).double().cpu().numpy() for rows in zip(*self._seen, strict=True)
        )
        self._seen = []
        known = score(Task.REGRESSION, true, predicted)
        self.log(f"{part}/rmse", self.trainer.callback_metrics[f"{part}/mse"].sqrt())
        self.log_dict({f"{part}/{name}": known[name] for name in ("mae", "r2")})
