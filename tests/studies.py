"""Studies with known answers, made trial by trial or by a short search."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState, create_trial

Values = Mapping[str, Any]

UNIT = FloatDistribution(0.0, 10.0)
RATE = FloatDistribution(1e-5, 1e-1, log=True)
ARTICLE_SPACE: dict[str, BaseDistribution] = {
    "model.n_layers": IntDistribution(1, 4),
    "model.n_nodes": IntDistribution(2, 64),
    "optimizer.lr": RATE,
    "optimizer": CategoricalDistribution(["sgd", "adam"]),
}
AB = CategoricalDistribution(["a", "b"])
# What a trial keeps whose loss was no number.
DIVERGED = {"reason": "the loss is not finite", "diverged": True}


def make(
    space: Mapping[str, BaseDistribution],
    value: Callable[[Values], float],
    rows: Sequence[Values],
    *,
    direction: str = "minimize",
) -> optuna.Study:
    """A study of COMPLETE trials at `rows`, in this order."""
    study = optuna.create_study(direction=direction)
    for row in rows:
        dists = {name: space[name] for name in row}
        study.add_trial(create_trial(params=dict(row), distributions=dists, value=value(row)))
    return study


def random_rows(
    space: Mapping[str, BaseDistribution], count: int, *, seed: int = 0
) -> list[dict[str, Any]]:
    """Points drawn evenly from a space of floats and choices, log where it says so."""
    rng = np.random.default_rng(seed)
    return [{name: _draw(dist, rng) for name, dist in space.items()} for _ in range(count)]


def _draw(dist: BaseDistribution, rng: np.random.Generator) -> Any:
    if isinstance(dist, CategoricalDistribution):
        return dist.choices[rng.integers(len(dist.choices))]
    assert isinstance(dist, FloatDistribution)
    if dist.log:
        return float(math.exp(rng.uniform(math.log(dist.low), math.log(dist.high))))
    return float(rng.uniform(dist.low, dist.high))


def searched(
    objective: Callable[[optuna.Trial], float],
    *,
    trials: int = 60,
    seed: int = 0,
    direction: str = "minimize",
) -> optuna.Study:
    """A TPE search of `objective`."""
    sampler = optuna.samplers.TPESampler(seed=seed)
    study = optuna.create_study(direction=direction, sampler=sampler)
    study.optimize(objective, n_trials=trials)
    return study


def article(seed: int, *, trials: int = 100) -> optuna.Study:
    """The article's search over a cheap stand-in of its network, with the same shape.

    Adam is good (0.017 ... 0.1, mostly noise) for lr above 0.02 and wide layers, worse elsewhere;
    SGD needs a smaller lr and diverges above it, where its trials are pruned with a reason.
    """
    rng = np.random.default_rng(seed)

    def objective(trial: optuna.Trial) -> float:
        layers = trial.suggest_int("model.n_layers", 1, 4)
        nodes = trial.suggest_int("model.n_nodes", 2, 64)
        lr = trial.suggest_float("optimizer.lr", 1e-5, 1e-1, log=True)
        optimizer = trial.suggest_categorical("optimizer", ["sgd", "adam"])
        if optimizer == "sgd" and lr > 0.012:
            trial.set_user_attr("reason", "the loss is not finite")
            trial.set_user_attr("diverged", True)
            raise optuna.TrialPruned
        short = max(0.0, math.log10((0.1 if optimizer == "adam" else 0.012) / lr))
        narrow = (64 - nodes) / 62
        penalty = 10 ** (0.45 * short + 0.5 * max(0.0, short - 2) + 1.2 * narrow)
        penalty *= 1 + 0.15 * (layers - 1)
        floor = 0.035 if optimizer == "adam" else 0.1
        return float(floor * penalty * math.exp(0.35 * rng.normal()))

    study = searched(objective, trials=trials, seed=seed)
    study.set_user_attr("metric", "val/mse")
    return study


def recorded_article(seed: int) -> optuna.Study:
    """The article's own search as it really went with this TPE seed (42 or 1), 100 trials.

    A row holds n_layers, n_nodes, lr, optimizer and the held-out error, None where it diverged.
    """
    rows = json.loads((Path(__file__).parent / "advice" / "article_searches.json").read_text())[
        str(seed)
    ]
    study = optuna.create_study()
    for *values, error in rows:
        study.add_trial(
            create_trial(
                params=dict(zip(ARTICLE_SPACE, values, strict=True)),
                distributions=ARTICLE_SPACE,
                state=TrialState.PRUNED if error is None else TrialState.COMPLETE,
                value=error,
                user_attrs=DIVERGED if error is None else {},
            )
        )
    return study


def recorded_pruned_article(seed: int) -> optuna.Study:
    """The article's search as `mlp` runs it, pruned, with this TPE seed (42, 0, 1 or 2).

    A row holds n_layers, n_nodes, lr, optimizer, how the trial ended and its held-out error after
    every 100 epochs.
    """
    folder = Path(__file__).parent / "advice"
    rows = json.loads((folder / "article_pruned_searches.json").read_text())[str(seed)]
    study = optuna.create_study()
    for *values, end, errors in rows:
        is_complete = end == "complete"
        study.add_trial(
            create_trial(
                params=dict(zip(ARTICLE_SPACE, values, strict=True)),
                distributions=ARTICLE_SPACE,
                state=TrialState.COMPLETE if is_complete else TrialState.PRUNED,
                value=errors[-1] if is_complete else None,
                intermediate_values={100 * k: error for k, error in enumerate(errors, start=1)},
                user_attrs={} if is_complete else _pruned(end),
            )
        )
    return study


def _pruned(end: str) -> dict[str, Any]:
    return {"reason": end, "diverged": not end.startswith("pruned")}


def pruned_search(
    value: Callable[[Values], float],
    space: Mapping[str, BaseDistribution],
    *,
    trials: int = 80,
    seed: int = 0,
    direction: str = "minimize",
) -> optuna.Study:
    """A TPE search that prunes: each trial nears its value over 20 steps, at its own speed.

    The speeds are drawn anew for each trial, so that curves cross.
    """
    rng = np.random.default_rng(seed)
    sign = 1 if direction == "minimize" else -1
    study = optuna.create_study(
        direction=direction,
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.PercentilePruner(40.0),
    )

    def objective(trial: optuna.Trial) -> float:
        final = value({k: trial._suggest(k, dist) for k, dist in space.items()})
        rate = rng.uniform(0.2, 0.5)
        for step in range(1, 21):
            trial.report(final + sign * 10 * math.exp(-rate * step) * (1 - step / 20), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return final

    study.optimize(objective, n_trials=trials)
    return study


def add(study: optuna.Study, state: TrialState, **attrs: Any) -> None:
    """Add a trial without a value."""
    study.add_trial(create_trial(state=state, user_attrs=attrs))
