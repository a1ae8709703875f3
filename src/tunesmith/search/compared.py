"""The winner beside models that nobody tuned: what the search gained."""

from collections.abc import Mapping
from typing import Any

from omegaconf import OmegaConf
from optuna.trial import FrozenTrial

from tunesmith.config import resolve_function
from tunesmith.errors import attempt
from tunesmith.report import Compared
from tunesmith.search.plan import Plan
from tunesmith.study import Confirmation

VALIDATION, TEST = "val/", "test/"


def compare_winner(
    winner: FrozenTrial, plan: Plan, confirmation: Confirmation | None
) -> list[Compared]:
    """Return the winner and the models that the app compares it with, the best one first.

    Ranked by the test rows, where the winner was tested; nothing where there is no such model.

    Args:
        winner: What the search delivers.
        plan: The search.
        confirmation: The winner, trained on new seeds.

    """
    [metric, *_] = plan.settings.metrics
    if plan.settings.references is None or not metric.startswith(VALIDATION):
        return []
    score = resolve_function(plan.settings.references)
    scored, _ = attempt(lambda: [score(plan.base)])
    models: Mapping[str, Mapping[str, float]] = scored[0] if scored else {}
    tested = _on_test(metric)
    known = [
        Compared(name, values[metric], values[tested])
        for name, values in models.items()
        if metric in values
    ]
    if not known:
        return []
    known.append(_of_winner(winner, plan, confirmation))
    is_tested = known[-1].test is not None
    return sorted(
        known,
        key=lambda one: one.test if is_tested and one.test is not None else one.validation,
        reverse=plan.settings.directions[0] == "maximize",
    )


def _of_winner(winner: FrozenTrial, plan: Plan, confirmation: Confirmation | None) -> Compared:
    name = f"the winner, trial {winner.number}"
    if confirmation is not None:
        found = confirmation[confirmation.winner]
        return Compared(name, found.mean, found.test_mean, is_winner=True)
    assert winner.value is not None
    test = test_of(plan) if plan.settings.refit else None
    return Compared(name, winner.value, test, is_winner=True)


def test_of(plan: Plan) -> float | None:
    """Return the first metric on the test rows by the winner's refit; None if it was not tested."""
    [metric, *_] = plan.settings.metrics
    file = plan.paths.best.metrics
    metrics: Any = OmegaConf.load(file) if file.is_file() else {}
    value = metrics.get(_on_test(metric)) if metric.startswith(VALIDATION) else None
    return None if value is None else float(value)


def _on_test(metric: str) -> str:
    return f"{TEST}{metric.removeprefix(VALIDATION)}"
