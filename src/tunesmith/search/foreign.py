"""Continue a study that holds trials of others, made by hand or by Optuna alone."""

import shlex
from collections.abc import Iterable
from dataclasses import replace

import optuna
from hydra.core.config_loader import ConfigLoader
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException
from optuna.distributions import BaseDistribution, check_distribution_compatibility
from optuna.trial import FrozenTrial

from tunesmith.errors import InvalidConfig
from tunesmith.explain import one_line
from tunesmith.overrides import write_sweep
from tunesmith.search.components import is_grid
from tunesmith.search.job import compose_job
from tunesmith.search.plan import Plan
from tunesmith.study import TrialRecord, finished

_ELSEWHERE = "another hydra.sweeper.study_name, or null"


def counting_others(plan: Plan, study: optuna.Study) -> Plan:
    """Return the plan with a total that fits a study with trials of others.

    The total counts them, as Optuna does; but they are no points of a grid, which is walked whole.
    """
    others = len(_finished_of_others(study))
    if not others or not is_grid(plan.settings.sampler):
        return plan
    return replace(plan, n_trials=min(plan.settings.n_trials, plan.n_trials + others))


def check_others(study: optuna.Study, plan: Plan) -> None:
    """Raise InvalidConfig, naming the keys, if the trials of others lie in another space.

    Their latest trials tell their space. What the objective draws itself is compared once a trial
    of this search has drawn it.
    """
    over, ours = _finished_of_others(study), plan.space.distributions
    theirs = _space_of(over)
    if over:
        _check_keys(study, plan, theirs)
    for name in (name for name in ours if name in theirs and theirs[name] != ours[name]):
        raise _other_range(plan, name, theirs[name])
    # A failed trial's kind of distribution binds Optuna too.
    for trial in _of_others(study):
        for name in trial.distributions.keys() & ours.keys():
            if not _is_compatible(trial.distributions[name], ours[name]):
                raise _other_range(plan, name, trial.distributions[name])


def said_of_others(study: optuna.Study, plan: Plan) -> str | None:
    """Return what a user should know of a study that holds trials of others; None without any."""
    count = len(_finished_of_others(study))
    if count == 0:
        return None
    holds = f"Study {plan.study_name} holds {count} trial{'s' * (count > 1)} of others"
    if is_grid(plan.settings.sampler):
        return f"{holds}, beside the grid."
    left = plan.n_trials - len(finished(study))
    if left <= 0:
        more = len(finished(study)) + plan.n_trials
        way_out = f"none is added; for {plan.n_trials} more set hydra.sweeper.n_trials={more}"
        return f"{holds}; hydra.sweeper.n_trials={plan.n_trials} counts all, so {way_out}."
    return f"{holds}; hydra.sweeper.n_trials={plan.n_trials} counts all, so {left} are added."


def why_not_composed(trial: FrozenTrial, plan: Plan, loader: ConfigLoader) -> str | None:
    """Return in a sentence why a trial of others has no config here; None if it has one."""
    if not TrialRecord.of(trial).is_of_others:
        return None
    try:
        compose_job(plan.config, plan.overrides_of(trial), loader=loader)
    except (HydraException, OmegaConfBaseException) as error:
        return f"Trial {trial.number}, which others computed, has no config here: {one_line(error)}"
    return None


def not_computed(trial: FrozenTrial, error: Exception) -> str:
    """Say that a trial of others could not be computed here."""
    said = " ".join(f"{type(error).__name__}: {error}".split())
    return f"trial {trial.number}, which others computed, cannot be computed here ({said})"


def compared_with_others(trial: FrozenTrial, value: object) -> str:
    """Say that a trial of others has another value here."""
    here = f"{value:.6g}" if isinstance(value, float) else f"no value ({value})"
    return (
        f"trial {trial.number}, which others computed, has {here} here instead of {trial.value:.6g}"
    )


def _check_keys(study: optuna.Study, plan: Plan, theirs: Iterable[str]) -> None:
    known, needed = set(theirs), set(plan.space.distributions)
    own = [t for t in finished(study) if not TrialRecord.of(t).is_of_others]
    if plan.is_open:
        needed |= {name for trial in own for name in trial.params}
    if needed - known or (known - needed and not plan.is_open):
        raise InvalidConfig(
            f"study {plan.study_name} holds trials of others over {_listed(known)}, this search "
            f"is over {_listed(needed)}; try {_ELSEWHERE}"
        )


def _other_range(plan: Plan, name: str, theirs: BaseDistribution) -> InvalidConfig:
    typed = f"{name}={write_sweep(theirs)}"
    return InvalidConfig(
        f"study {plan.study_name} holds trials of others over {typed}, this search is over "
        f"{name}={plan.space.sweeps[name]}; try {shlex.quote(typed)}, or {_ELSEWHERE}"
    )


def _space_of(trials: Iterable[FrozenTrial]) -> dict[str, BaseDistribution]:
    return {name: space for trial in trials for name, space in trial.distributions.items()}


def _is_compatible(one: BaseDistribution, other: BaseDistribution) -> bool:
    try:
        check_distribution_compatibility(one, other)
    except ValueError:
        return False
    return True


def _of_others(study: optuna.Study) -> list[FrozenTrial]:
    trials = study.get_trials(deepcopy=False)
    return [trial for trial in trials if TrialRecord.of(trial).is_of_others]


def _finished_of_others(study: optuna.Study) -> list[FrozenTrial]:
    return [trial for trial in finished(study) if TrialRecord.of(trial).is_of_others]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "no parameters"
