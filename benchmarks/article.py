"""The tutorial's own loop as plain PyTorch and Optuna: what the framework is measured against."""

import argparse
import json
import time
from collections.abc import Callable
from functools import partial

import optuna
import torch
from torch import Tensor, nn


def target(x: Tensor) -> Tensor:
    """f(x) = x0 + x0^2 + 2 x1^3 + 3 x2 + 4 x3 + 5 x4 of one row."""
    return x[0] + x[0] ** 2 + 2 * x[1] ** 3 + 3 * x[2] + 4 * x[3] + 5 * x[4]


def make_data() -> tuple[Tensor, Tensor]:
    """10,000 rows, the target computed row by row."""
    torch.manual_seed(42)
    x = torch.randn(10000, 5)
    return x, torch.stack([target(row) for row in x]).unsqueeze(1)


def make_network(n_layers: int, n_nodes: int) -> nn.Sequential:
    """Linear and ReLU, n_layers times more, and a linear output."""
    layers: list[nn.Module] = [nn.Linear(5, n_nodes), nn.ReLU()]
    for _ in range(n_layers):
        layers += [nn.Linear(n_nodes, n_nodes), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(n_nodes, 1))


def run_trial(
    n_layers: int,
    n_nodes: int,
    optimizer: str,
    lr: float,
    *,
    epochs: int = 1000,
    log: Callable[[str], None] = lambda _: None,
) -> float:
    """Train on the first 80 % of the rows; the mean squared error on the last 20 %."""
    x, y = make_data()
    network = make_network(n_layers, n_nodes)
    if optimizer == "sgd":
        step_rule: torch.optim.Optimizer = torch.optim.SGD(
            network.parameters(), lr=lr, momentum=0.9
        )
    else:
        step_rule = torch.optim.Adam(network.parameters(), lr=lr)
    criterion = nn.MSELoss()
    for epoch in range(epochs):
        step_rule.zero_grad()
        loss = criterion(network(x[:8000]), y[:8000])
        loss.backward()
        step_rule.step()
        if epoch % 100 == 0:
            log(f"epoch {epoch}: {loss.item()}")
    with torch.no_grad():
        return float(criterion(network(x[8000:]), y[8000:]))


def objective(trial: optuna.Trial, *, epochs: int = 1000) -> float:
    """Draw a point of the tutorial's search space."""
    return run_trial(
        trial.suggest_int("n_layers", 1, 4),
        trial.suggest_int("n_nodes", 2, 64),
        trial.suggest_categorical("optimizer", ["sgd", "adam"]),
        trial.suggest_float("lr", 1e-5, 1e-1, log=True),
        epochs=epochs,
    )


def main() -> None:
    """Run the tutorial's search for one sampler seed and print its result as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("--n-trials", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=1000)
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    started = time.perf_counter()
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=arguments.seed))
    ends: list[float] = []
    study.optimize(
        partial(objective, epochs=arguments.epochs),
        n_trials=arguments.n_trials,
        callbacks=[lambda *_: ends.append(time.time())],
    )
    result = {
        "best": study.best_value,
        "seconds": time.perf_counter() - started,
        "params": study.best_params,
        "values": [trial.value for trial in study.trials],
        "ends": ends,  # seconds since the epoch
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
