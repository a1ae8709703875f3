"""The fit is the tutorial's plain loop, to the last bit."""

import pytest
import torch
from torch import Tensor, nn

from tests.objectives.fits import Compose, fit


def plain_loop(n_layers: int, n_nodes: int, optimizer: str, lr: float, *, epochs: int) -> float:
    """The tutorial's trial: data row by row, weights from the same stream, full batch."""

    def target(row: Tensor) -> Tensor:
        return row[0] + row[0] ** 2 + 2 * row[1] ** 3 + 3 * row[2] + 4 * row[3] + 5 * row[4]

    torch.manual_seed(42)
    x = torch.randn(10000, 5)
    y = torch.stack([target(row) for row in x]).unsqueeze(1)
    layers: list[nn.Module] = [nn.Linear(5, n_nodes), nn.ReLU()]
    for _ in range(n_layers):
        layers += [nn.Linear(n_nodes, n_nodes), nn.ReLU()]
    network = nn.Sequential(*layers, nn.Linear(n_nodes, 1))
    step_rule: torch.optim.Optimizer = (
        torch.optim.SGD(network.parameters(), lr=lr, momentum=0.9)
        if optimizer == "sgd"
        else torch.optim.Adam(network.parameters(), lr=lr)
    )
    for _ in range(epochs):
        step_rule.zero_grad()
        loss = nn.functional.mse_loss(network(x[:8000]), y[:8000])
        loss.backward()
        step_rule.step()
    with torch.no_grad():
        return float(nn.functional.mse_loss(network(x[8000:]), y[8000:]))


@pytest.mark.parametrize(
    ("n_layers", "n_nodes", "optimizer", "lr"),
    [
        (1, 2, "sgd", 1e-3),
        (1, 58, "adam", 0.08314),
        (2, 64, "sgd", 5e-3),
        (3, 32, "adam", 1e-2),
        (4, 17, "adam", 1e-3),
    ],
)
def test_a_fit_equals_the_plain_loop_to_the_last_bit(
    composed: Compose, n_layers: int, n_nodes: int, optimizer: str, lr: float
) -> None:
    cfg = composed(
        f"model.n_layers={n_layers}",
        f"model.n_nodes={n_nodes}",
        f"optimizer={optimizer}",
        f"optimizer.lr={lr}",
        "trainer.max_epochs=30",
        "tracking=none",
    )
    assert fit(cfg)["val/mse"] == plain_loop(n_layers, n_nodes, optimizer, lr, epochs=30)


def test_another_seed_changes_the_weights_and_not_the_data(composed: Compose) -> None:
    quick = ("trainer.max_epochs=3", "tracking=none")
    values = {fit(composed(f"seed={seed}", *quick))["val/mse"] for seed in (1, 1, 2)}
    assert len(values) == 2


@pytest.mark.parametrize("schedule", ["constant", "one_cycle", "cosine"])
def test_mini_batches_and_schedules_train(composed: Compose, schedule: str) -> None:
    overrides = ("data.batch_size=500", f"scheduler={schedule}", "optimizer.lr=0.01")
    short, longer = (
        fit(composed(*overrides, f"trainer.max_epochs={n}", "tracking=none"))["val/mse"]
        for n in (1, 6)
    )
    assert longer < short


def test_a_diverging_fit_stops_at_the_epoch_and_says_so(composed: Compose) -> None:
    from tunesmith.study import Diverged

    cfg = composed("optimizer=sgd", "optimizer.lr=10", "tracking=none")
    with pytest.raises(Diverged, match=r"diverged: the training loss is \S+ at epoch \d+"):
        fit(cfg)


def test_the_test_rows_are_fresh_ones(composed: Compose) -> None:
    from hydra.utils import instantiate

    data = instantiate(composed().data)
    data.setup("fit")
    train, val, test = (
        next(iter(loader))[0]
        for loader in (data.train_dataloader(), data.val_dataloader(), data.test_dataloader())
    )
    assert [len(train), len(val), len(test)] == [8000, 2000, 10000]
    assert not torch.isin(test[:, 0], torch.cat([train, val])[:, 0]).any()
