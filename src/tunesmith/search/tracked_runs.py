"""The runs of a search in the tracking store: its own, and those of its trials."""

import optuna
from optuna.trial import TrialState

from tunesmith.search.plan import Plan
from tunesmith.tracking import Run, Tracking

RUN_ID = "mlflow.run_id"


def parent_run(
    study: optuna.Study, tracking: Tracking, plan: Plan, *, parent_id: str | None = None
) -> Run:
    """The search's own run, taken up again if it was begun before and is still there."""
    known = study.user_attrs.get(RUN_ID)
    if known is not None and (run := tracking.resume_run(known)) is not None:
        return run
    tags = {"optuna.study": study.study_name, "hydra.dir": str(plan.folder.absolute())}
    parent = tracking.start_run(study.study_name, tags=tags, parent_id=parent_id)
    if parent.id is not None:
        study.set_user_attr(RUN_ID, parent.id)
    return parent


def closed_runs(study: optuna.Study) -> set[str]:
    """The runs of trials that are over, whichever process they ended in."""
    trials = study.get_trials(deepcopy=False)
    return {
        t.user_attrs[RUN_ID] for t in trials if t.state.is_finished() and RUN_ID in t.user_attrs
    }


def mark_front(study: optuna.Study, tracking: Tracking) -> None:
    """Tag each complete trial's run: the front may have moved since the last time."""
    if len(study.directions) == 1:
        return
    front = {trial.number for trial in study.best_trials}
    for trial in study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]):
        if RUN_ID in trial.user_attrs:
            on_front = str(trial.number in front).lower()
            tracking.set_tags(trial.user_attrs[RUN_ID], {"pareto_front": on_front})
