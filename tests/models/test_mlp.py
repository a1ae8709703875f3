"""The MLP and its LightningModule: shapes, sizes, refusals, and what a fit logs."""

from functools import partial
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from torch import Tensor
from torch.nn import functional

from tests.models.points import Points
from tunesmith.data import TensorBatches
from tunesmith.errors import InvalidArgument
from tunesmith.models import MLP, MLPRegressor, constant_schedule, cosine_schedule

SIZES: dict[str, Any] = {"n_features": 3, "n_layers": 1, "n_nodes": 4, "activation": "tanh"}
X = torch.randn(20, 3, generator=torch.Generator().manual_seed(0))
# Far from 0 and 1, so that scaling shows.
Y = 100 + 10 * X.sum(dim=1, keepdim=True)


def regressor(**changes: Any) -> MLPRegressor:
    torch.manual_seed(0)
    rates: dict[str, Any] = {
        "optimizer": partial(torch.optim.SGD, lr=0.01),
        "scheduler": constant_schedule,
    }
    return MLPRegressor(**{**SIZES, **rates, **changes})


def fit(model: MLPRegressor, *, max_epochs: int, batch_size: int | None = None) -> Points:
    """Train on the first 12 rows, validate with the last 8; what was logged."""
    points = Points()
    trainer = Trainer(
        max_epochs=max_epochs,
        accelerator="cpu",
        logger=points,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    train = TensorBatches(X[:12], Y[:12], batch_size=batch_size, shuffle=False)
    trainer.fit(model, train, TensorBatches(X[12:], Y[12:]))
    return points


def mse(model: MLPRegressor, x: Tensor, y: Tensor) -> float:
    with torch.no_grad():
        return float(functional.mse_loss(model(x), y))


@pytest.mark.parametrize("n_layers", [1, 4])
@pytest.mark.parametrize("n_rows", [0, 1, 7])
def test_a_row_of_features_becomes_one_number(n_layers: int, n_rows: int) -> None:
    network = MLP(**{**SIZES, "n_layers": n_layers})
    assert network(torch.zeros(n_rows, 3)).shape == (n_rows, 1)


@pytest.mark.parametrize(
    ("n_layers", "n_nodes", "n_parameters"),
    [(1, 4, 16 + 20 + 5), (2, 4, 16 + 2 * 20 + 5), (3, 1, 4 + 3 * 2 + 2)],
)
def test_each_layer_adds_its_weights_and_biases(
    n_layers: int, n_nodes: int, n_parameters: int
) -> None:
    network = MLP(n_features=3, n_layers=n_layers, n_nodes=n_nodes, activation="relu")
    assert sum(parameter.numel() for parameter in network.parameters()) == n_parameters


def test_an_activation_follows_every_linear_layer_but_the_last() -> None:
    kinds = [type(layer).__name__ for layer in MLP(**{**SIZES, "n_layers": 2})]
    assert kinds == ["Linear", "Tanh", "Linear", "Tanh", "Linear", "Tanh", "Linear"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("n_features", 0, "an integer of at least 1, got 0; try n_features=5"),
        ("n_layers", 0, "an integer of at least 1, got 0; try n_layers=2"),
        ("n_layers", 1.5, "an integer of at least 1, got 1.5; try n_layers=2"),
        ("n_nodes", -8, "an integer of at least 1, got -8; try n_nodes=2"),
        ("n_nodes", True, "an integer of at least 1, got True; try n_nodes=2"),
        ("activation", "relo", "got 'relo'; try activation=relu"),
        ("activation", ["relu"], "got ['relu']; try activation="),
    ],
)
def test_a_size_or_an_activation_that_is_none_is_refused(
    name: str, value: object, expected: str
) -> None:
    for model in (partial(MLP, **SIZES), regressor):
        with pytest.raises(InvalidArgument) as refused:
            model(**{name: value})
        assert str(refused.value).startswith(f"{name} must be ")
        assert expected in str(refused.value)


def test_a_fit_logs_the_errors_of_the_rows_at_each_epoch() -> None:
    # In two batches of unequal size: the mean is over rows, not over batches.
    still = regressor(optimizer=partial(torch.optim.SGD, lr=0.0))
    points = fit(still, max_epochs=2, batch_size=8)
    assert set(points.curves) == {"train/mse", "val/mse"}
    expected = mse(still, X[:12], Y[:12])
    assert points.curves["train/mse"] == pytest.approx([expected] * 2, rel=1e-6)
    assert points.curves["val/mse"] == [mse(still, X[12:], Y[12:])] * 2


def test_a_scaled_target_is_predicted_and_logged_in_its_own_unit() -> None:
    scale = {"target_mean": float(Y.mean()), "target_std": float(Y.std())}
    model = regressor(optimizer=partial(torch.optim.SGD, lr=0.0), **scale)
    points = fit(model, max_epochs=1)
    assert set(points.curves) == {"train/mse", *(f"val/{m}" for m in ("mse", "rmse", "mae", "r2"))}
    with torch.no_grad():
        torch.testing.assert_close(
            model(X), model.net(X) * scale["target_std"] + scale["target_mean"]
        )
    [train], [val], [rmse] = (points.curves[name] for name in ("train/mse", "val/mse", "val/rmse"))
    assert train == pytest.approx(mse(model, X[:12], Y[:12]), rel=1e-5)
    assert val == pytest.approx(mse(model, X[12:], Y[12:]), rel=1e-6)
    assert rmse == pytest.approx(val**0.5)
    with torch.no_grad():
        wrong = model(X[12:]) - Y[12:]
    assert points.curves["val/mae"] == [pytest.approx(wrong.abs().mean().item(), rel=1e-6)]
    spread = (Y[12:] - Y[12:].mean()).square().mean().item()
    assert points.curves["val/r2"] == [pytest.approx(1 - val / spread, rel=1e-5)]


@pytest.mark.parametrize(("max_epochs", "n_points"), [(30, 30), (199, 199), (200, 100), (250, 125)])
def test_a_long_fit_logs_few_points_of_its_training_error(max_epochs: int, n_points: int) -> None:
    points = fit(regressor(), max_epochs=max_epochs)
    assert len(points.curves["train/mse"]) == n_points
    assert len(points.curves["val/mse"]) == max_epochs
    assert points.curves["val/mse"][-1] < points.curves["val/mse"][0]


def test_a_schedule_steps_with_the_optimizer_until_the_end_of_the_fit() -> None:
    model = regressor(scheduler=cosine_schedule)
    fit(model, max_epochs=3, batch_size=4)
    assert model.optimizers().optimizer.param_groups[0]["lr"] == pytest.approx(0.0, abs=1e-9)


def test_a_checkpoint_holds_the_sizes_and_not_the_factories() -> None:
    assert dict(regressor().hparams) == {**SIZES, "target_mean": 0.0, "target_std": 1.0}
