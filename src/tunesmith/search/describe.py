"""Describe a plan to someone who only wants to look: `dry_run=true`."""

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from tunesmith.search.launched import is_launched
from tunesmith.search.plan import Plan, summary_of
from tunesmith.search.settings import target_of
from tunesmith.search.store import shown_storage


def describe(plan: Plan) -> str:
    """Return what would be searched, for how long and where it would be written."""
    width = max(map(len, plan.space.distributions), default=0)
    rows = {
        "study": plan.study_name,
        "trials": f"{plan.n_trials} in total, by {_workers(plan)}",
        "sampler": target_of(plan.settings.sampler),
        "pruner": pruner_name(plan),
        "terminator": _terminator_name(plan),
        "metric": f"{', '.join(plan.settings.directions)} {', '.join(plan.settings.metrics)}",
        "confirm": plan.settings.confirm.told(has_baseline=plan.has_baseline),
        "fixed": " ".join(plan.space.fixed) or "nothing",
        "storage": shown_storage(plan.settings.storage) or "memory",
        "folder": str(plan.paths.folder),
    }
    space = [
        f"  {name:{width}}  {shown_distribution(d)}" for name, d in plan.space.distributions.items()
    ]
    space = space or ["  what the objective draws itself"]
    header = "Dry run: nothing is written. The space:"
    lines = [header, *space, *(f"{name:10} {value}" for name, value in rows.items())]
    return "\n".join([*lines, *filter(None, [summary_of(plan)])])


def _workers(plan: Plan) -> str:
    n_jobs, choices = plan.settings.n_jobs, plan.config.hydra.runtime.choices
    said = f"{n_jobs} worker{'s' * (n_jobs > 1)}"
    if not is_launched(plan.config):
        return said
    return f"{said}, run by hydra/launcher={choices['hydra/launcher']}"


def _terminator_name(plan: Plan) -> str:
    if plan.termination is None:
        return "none"
    chosen = plan.base.hydra.runtime.choices.get("hydra/sweeper/terminator")
    return target_of(plan.settings.terminator) if chosen == "none" else str(chosen)


def pruner_name(plan: Plan) -> str:
    """Return what stops trials early, or why nothing does."""
    if not plan.settings.prune:
        return "none, since prune=false"
    pruner = plan.make_pruner()
    return "none" if pruner is None else type(pruner).__name__


def shown_distribution(distribution: BaseDistribution) -> str:
    """Return a dimension of the space in words."""
    if isinstance(distribution, CategoricalDistribution):
        return " | ".join(map(str, distribution.choices))
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    kind = "integer" if isinstance(distribution, IntDistribution) else "real"
    scale = ", log scale" if distribution.log else ""
    return f"{kind} {distribution.low} ... {distribution.high}{scale}"
