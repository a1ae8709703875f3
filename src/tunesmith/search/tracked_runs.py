"""Keep the runs of a search in the tracking store: its own, and those of its trials."""

import optuna
from optuna.trial import TrialState

from tunesmith.commands import command, mlflow_page, open_mlflow, typed
from tunesmith.report import RUN_ID
from tunesmith.search.describe import pruner_name, shown_distribution
from tunesmith.search.plan import Plan
from tunesmith.search.session import Session
from tunesmith.search.settings import target_of
from tunesmith.search.user_code import git_version
from tunesmith.study import Confirmation, StudyRecord, Summary, TrialRecord, leaders
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
    if parent_id is None:
        parent.log_params(_begun_with(plan))
    if parent.id is not None:
        StudyRecord.write(study, run_id=parent.id)
    return parent


def _begun_with(plan: Plan) -> dict[str, str]:
    """Return what a search is, as parameters: MLflow lets none of them change later."""
    space = {
        f"space/{name}": shown_distribution(one) for name, one in plan.space.distributions.items()
    }
    begun = {
        "sampler": target_of(plan.settings.sampler),
        "pruner": pruner_name(plan),
        "command": command(*typed()),
    }
    commit = git_version()
    return space | begun | ({} if commit is None else {"commit": commit})


def mlflow_pages(study: optuna.Study, session: Session) -> list[tuple[str, str]]:
    """Return how to see a search in MLflow: for each purpose a command or link."""
    node, run_id = session.plan.settings.tracking, StudyRecord.of(study).run_id
    if run_id is None or node is None or "uri" not in node:
        return []
    uri, tracking = str(node.uri), session.tracking
    pages = {
        "under Model training": tracking.page(run_id),
        "all searches there": tracking.page(),
    }
    found = {"open MLflow": open_mlflow(uri)}
    found |= {name: mlflow_page(uri, page) for name, page in pages.items() if page is not None}
    return [(purpose, text) for purpose, text in found.items() if text is not None]


def page_of_runs(session: Session) -> str | None:
    """Return the address of the pages of runs, with `RUN_ID` in the place of a run's id."""
    node = session.plan.settings.tracking
    if node is None or "uri" not in node:
        return None
    page = session.tracking.page(RUN_ID)
    return page and mlflow_page(str(node.uri), page)


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


def compared_metrics(now: Summary, confirmation: Confirmation | None) -> dict[str, float]:
    """Return what searches are compared by, as metrics of the search's own run."""
    assert now.best is not None
    found = {
        "best": now.best.value,
        "baseline": None if now.baseline is None else now.baseline.value,
    }
    if confirmation is not None:
        for role, label in (("winner", confirmation.winner), ("baseline", confirmation.baseline)):
            if label is not None:
                candidate = confirmation[label]
                found[f"{role}/val_mean"] = candidate.mean
                found[f"{role}/val_std"] = candidate.deviation
                if candidate.test_mean is not None:
                    found[f"{role}/test_mean"] = candidate.test_mean
                    found[f"{role}/test_std"] = candidate.test_deviation
    return {name: value for name, value in found.items() if value is not None}
