"""Keep the runs of a search in the tracking store: its own, and those of its trials."""

import optuna
from optuna.trial import TrialState

from tunesmith.search.plan import Plan
from tunesmith.study import StudyRecord, TrialRecord, leaders
from tunesmith.tracking import Run, Tracking


def parent_run(
    study: optuna.Study, tracking: Tracking, plan: Plan, *, parent_id: str | None = None
) -> Run:
    """Return the search's own run, taken up again if it was begun before and is still there."""
    known = StudyRecord.of(study).run_id
    if known is not None and (run := tracking.resume_run(known)) is not None:
        return run
    folder = str(plan.paths.folder.absolute())
    tags = {"optuna.study": study.study_name, "hydra.dir": folder}
    parent = tracking.start_run(study.study_name, tags=tags, parent_id=parent_id)
    if parent.id is not None:
        StudyRecord.write(study, run_id=parent.id)
    return parent


def closed_runs(study: optuna.Study) -> set[str]:
    """Return the runs of trials that are over, whichever process they ended in."""
    over = (t for t in study.get_trials(deepcopy=False) if t.state.is_finished())
    return {run_id for t in over if (run_id := TrialRecord.of(t).run_id) is not None}


def mark_front(study: optuna.Study, tracking: Tracking) -> None:
    """Tag each complete trial's run: the front may have moved since the last time."""
    if len(study.directions) == 1:
        return
    # The report's front: finite values only.
    front = {trial.number for trial in leaders(study)}
    for trial in study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]):
        if (run_id := TrialRecord.of(trial).run_id) is not None:
            on_front = str(trial.number in front).lower()
            tracking.set_tags(run_id, {"pareto_front": on_front})
