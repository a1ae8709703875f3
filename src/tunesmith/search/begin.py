"""Open a search's study: begin it, or see that the same search goes on."""

import warnings
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import optuna
from omegaconf import OmegaConf
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, PartialFixedSampler

from tunesmith.errors import InvalidConfig
from tunesmith.search.plan import Plan
from tunesmith.search.space import as_override
from tunesmith.search.worker_environment import is_worker
from tunesmith.study import SlotSampler, create_or_resume_study, open_storage

FINGERPRINT = "fingerprint"
# How many seconds a worker waits for a database that is away when it starts.
PATIENCE_S = 120


def begin_search(plan: Plan, *, say: Callable[[str], None]) -> optuna.Study:
    """The plan's study, begun if it is new; what a user should know of it is said.

    Raises InvalidConfig for a store that cannot be used, or a study that another search began.
    """
    try:
        study = create_or_resume_study(
            plan.study_name,
            storage=open_storage(
                plan.settings["storage"], opening_patience=PATIENCE_S if is_worker() else 0
            ),
            directions=plan.directions,
            sampler=_holding(
                plan.held,
                SlotSampler(plan.make_sampler, plan.settings["sampler"].get("seed")),
            ),
            pruner=plan.make_pruner(),
        )
    except (ValueError, ConnectionError) as error:
        raise InvalidConfig(str(error)) from error
    stored = study.user_attrs.get(FINGERPRINT)
    if stored is None:
        _begin(study, plan, say=say)
        return study
    changed = plan.fingerprint.check_continues(stored, study_name=plan.study_name)
    if changed:
        say(f"Continuing {plan.study_name} with another {', '.join(changed)} than before.")
    return study


def _begin(study: optuna.Study, plan: Plan, *, say: Callable[[str], None]) -> None:
    outside = [
        as_override(name, value)
        for name, value in plan.baseline.items()
        if not plan.space.contains(name, value)
    ]
    if outside and plan.settings["baseline"]:
        say(f"No baseline trial: {', '.join(outside)} is not in the space.")
    elif plan.settings["baseline"] and plan.baseline:
        study.enqueue_trial(plan.baseline)
        study.set_user_attr("baseline", 0)
    names = plan.metric_names
    study.set_user_attr("metric", names[0] if len(names) == 1 else names)
    study.set_user_attr("search", plan.search)
    study.set_user_attr("fixed", plan.fixed)
    max_epochs = OmegaConf.select(plan.base, "trainer.max_epochs", default=None)
    study.set_user_attr("max_epochs", max_epochs and max_epochs * plan.base.repeat)
    study.set_user_attr(FINGERPRINT, asdict(plan.fingerprint))


def _holding(fixed: dict[str, Any], sampler: BaseSampler) -> BaseSampler:
    if not fixed:
        return sampler
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return PartialFixedSampler(fixed, sampler)
