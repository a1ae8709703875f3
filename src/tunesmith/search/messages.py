"""Say how a search ended, and how it continues."""

import optuna

from tunesmith.search.following import TERMINATOR_OFF, more_trials
from tunesmith.search.pace import rough
from tunesmith.search.plan import Plan
from tunesmith.search.saved_config import is_of_any_app
from tunesmith.search.store import shown_storage
from tunesmith.study import Summary, TrialRecord, is_exhausted, n_finished, summarize

START_OVER = "to start over, set hydra.sweeper.study_name=NAME"


def where(plan: Plan) -> str:
    """Return which study is searched, and where its files lie; in any app, where it is kept too."""
    said = f"Study {plan.study_name} in {plan.paths.folder}"
    storage = shown_storage(plan.settings.storage)
    return said if storage is None or not is_of_any_app(plan) else f"{said}, kept in {storage}"


def notes_of(study: optuna.Study) -> list[str]:
    """Return what the user is to be told of the trials, each sentence once."""
    trials = study.get_trials(deepcopy=False)
    said = dict.fromkeys(note for trial in trials for note in TrialRecord.of(trial).notes)
    return [f"Note: {note}." for note in said]


def nothing_to_do(study: optuna.Study, plan: Plan) -> str:
    """Return that a search is complete, or was stopped early before."""
    now = summarize(study)
    if now.n_finished < plan.n_trials:
        known = [*_best_so_far(now), str(plan.verdict(study))]
        return (
            f"Study {plan.study_name} was stopped early after {now.n_finished} of "
            f"{plan.n_trials} trials ({'; '.join(known)}). "
            f"{_to_continue(study, plan, do='To continue, add')}{START_OVER}."
        )
    known = [f"{now.n_finished} trials", *_best_so_far(now)]
    return (
        f"Study {plan.study_name} is complete: {', '.join(known)}. "
        f"{_to_continue(study, plan, do='To add trials, set')}{START_OVER}."
    )


def _best_so_far(now: Summary) -> list[str]:
    if now.front:
        return [f"{len(now.front)} on the Pareto front"]
    return [] if now.best is None else [f"best value {now.best.value:.6g}"]


def _to_continue(study: optuna.Study, plan: Plan, *, do: str) -> str:
    added = more_trials(study, plan)
    return "Every point was tried; " if added is None else f"{do} {' '.join(added)}; "


def stopped_early(study: optuna.Study, plan: Plan) -> str:
    """Return why a search ends without all of its trials."""
    timeout, verdict = plan.settings.timeout, plan.verdict(study)
    if verdict is not None:
        reason = f"{verdict}. To continue, add {TERMINATOR_OFF}"
    elif is_exhausted(study) or timeout is None:
        reason = "the search space is exhausted"
    else:
        reason = f"the time limit of {timeout:g} s was reached; run the same command to continue"
    return f"Stopped early after {n_finished(study)} of {plan.n_trials} trials: {reason}."


def interrupted(study: optuna.Study, plan: Plan) -> str:
    """Return how to continue after Ctrl-C."""
    finished = n_finished(study)
    if finished >= plan.n_trials:
        return (
            f"Interrupted while writing the results of {finished} trials, which are kept; "
            f"run the same command to write the results of study {plan.study_name}."
        )
    return (
        f"Interrupted after {finished} of {plan.n_trials} trials; "
        f"run the same command to continue study {plan.study_name}."
    )


def to_be_confirmed(plan: Plan) -> str:
    """Return what follows the search, and how to leave it out."""
    confirm = plan.settings.confirm
    best = "best trial" if confirm.n_best == 1 else f"{confirm.n_best} best trials"
    are = "is" if confirm.n_best == 1 else "are"
    who = f"{best} and the baseline are" if plan.has_baseline else f"{best} {are}"
    return (
        f"Then the {who} trained again on {confirm.n_seeds} new "
        f"seed{'s' * (confirm.n_seeds != 1)}; {_without_confirming(plan)} leaves that out."
    )


def confirming(n_open: int, seconds: float, plan: Plan) -> str:
    """Return what is being done after the search, and how to leave it out."""
    return (
        f"Confirming the best trials: {n_open} fit{'s' * (n_open != 1)} on new seeds, about "
        f"{rough(seconds)}; {_without_confirming(plan)} leaves them out."
    )


def _without_confirming(plan: Plan) -> str:
    return "hydra.sweeper.confirm=null" if is_of_any_app(plan) else "confirm=none"


def confirming_interrupted(n_open: int, plan: Plan) -> str:
    """Return how to continue after Ctrl-C while the best trials are trained again."""
    return (
        f"Interrupted while confirming the best trials, {n_open} fit{'s' * (n_open != 1)} to go; "
        f"all trials are kept. Run the same command to confirm study {plan.study_name}."
    )
