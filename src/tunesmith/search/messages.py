"""What a search says of its end."""

import optuna

from tunesmith.search.console import Snapshot
from tunesmith.search.plan import Plan
from tunesmith.study import is_exhausted, is_finished


def n_finished(study: optuna.Study) -> int:
    """How many of a study's trials count towards its total."""
    return sum(map(is_finished, study.get_trials(deepcopy=False)))


def nothing_to_do(study: optuna.Study, plan: Plan) -> str:
    """That a search has its trials, or was ended before."""
    if n_finished(study) < plan.n_trials:
        return _ended_before(study, plan)
    return (
        f"{plan.study_name} has its {n_finished(study)} trials{_best_so_far(study)}. "
        f"More: hydra.sweeper.n_trials={2 * plan.n_trials}. "
        "Afresh: hydra.sweeper.study_name=NAME."
    )


def _best_so_far(study: optuna.Study) -> str:
    now = Snapshot.of(study)
    if now.front is not None:
        return f", {now.front} on the Pareto front"
    return "" if now.best is None else f", best value {now.best.value:.6g}"


def _ended_before(study: optuna.Study, plan: Plan) -> str:
    return (
        f"{plan.study_name} was ended with {n_finished(study)} of {plan.n_trials} trials"
        f"{_best_so_far(study)}: {plan.verdict(study)}. On: hydra/sweeper/terminator=none. "
        "Afresh: hydra.sweeper.study_name=NAME."
    )


def ended_early(study: optuna.Study, plan: Plan) -> str:
    """Why a search ends without all of its trials."""
    timeout = plan.settings["timeout"]
    if (reason := plan.verdict(study)) is not None:
        reason += "; hydra/sweeper/terminator=none goes on"
    elif is_exhausted(study) or timeout is None:
        reason = "the sampler has no more points"
    else:
        reason = f"hydra.sweeper.timeout={timeout:g} s are over; the same command goes on"
    return f"Ended with {n_finished(study)} of {plan.n_trials} trials: {reason}."


def interrupted(study: optuna.Study, plan: Plan) -> str:
    """How to go on after Ctrl-C."""
    return (
        f"SearchInterrupted with {n_finished(study)} of {plan.n_trials} trials; "
        f"type the same command to continue {plan.study_name}."
    )
