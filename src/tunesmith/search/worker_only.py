"""Be a worker of a search that another command begins and reports, on whatever machine."""

import sys
import time
from collections.abc import Callable

import optuna

from tunesmith.search.begin import begin_search, check_code, open_study
from tunesmith.search.confirm import Confirm
from tunesmith.search.plan import Plan
from tunesmith.search.session import Session
from tunesmith.search.stage import Stage, shown, work
from tunesmith.search.stop import SignalGuard
from tunesmith.study import SearchFailed, StopReason, StudyRecord, n_finished
from tunesmith.tracking import NoTracking

_POLL_S = 1.0
# How long a worker waits for the command that begins its search, and for what that does next.
_BEGUN_S, _NEXT_S = 600.0, 60.0

StageOf = Callable[[optuna.Study, Plan], Stage]
StageOfConfirmation = Callable[[Confirm], Stage]


def work_only(
    session: Session, *, search_stage: StageOf, confirm_stage: StageOfConfirmation
) -> None:
    """Compute trials until the search has its own, and confirm its best ones with the others.

    Another command begins the search, writes its report and fits its winner.

    Args:
        session: This command's work on the search.
        search_stage: Gives the stage of the search.
        confirm_stage: Gives the stage that confirms its best trials.

    Raises:
        InvalidConfig: Its code is not that of the study's trials.
        SystemExit: It was interrupted (128 and the signal), no command begins the search, or going
            on does not help (1).

    """
    _await_begin(session)
    study, plan = begin_search(session.plan, say=session.say)
    session = session.of(plan)
    # It may run from a checkout of its own.
    check_code(study, plan, say=session.say)
    session.say(f"Working for study {plan.study_name}.")
    session.tracking.close_dead_runs()
    _complete(search_stage(study, plan), session)
    if plan.settings.confirm:
        confirm = Confirm(plan, study)
        if _await(lambda: bool(StudyRecord.of(confirm.study).candidates), seconds=_NEXT_S):
            _complete(confirm_stage(confirm), session)
            # A model is tested where it lies.
            confirm.test(session.loader)
    session.say(f"Study {plan.study_name} has {n_finished(study)} trials.")


def _await_begin(session: Session) -> None:
    name = session.plan.study_name
    study = open_study(session.plan)
    if StudyRecord.of(study).fingerprint is None:
        session.say(f"Waiting for the command that begins study {name}.")
    if not _await(lambda: StudyRecord.of(study).fingerprint is not None, seconds=_BEGUN_S):
        sys.exit(
            f"no command has begun study {name} in {_BEGUN_S / 60:g} minutes; type the same "
            "command without hydra.sweeper.worker_only=true elsewhere"
        )
    if not isinstance(session.tracking, NoTracking):
        # Runs of trials belong to the search's own.
        _await(lambda: StudyRecord.of(study).run_id is not None, seconds=_NEXT_S)


def _complete(stage: Stage, session: Session) -> None:
    with SignalGuard() as stop, shown(stage, session, n_jobs=1) as on_change:
        try:
            ended = work(
                stage,
                session,
                stop=stop,
                on_change=on_change,
                should_stop=lambda: stop.requested,
            )
        except SearchFailed as error:
            sys.exit(f"study {session.plan.study_name} stopped: {error}")
    if ended is StopReason.INTERRUPTED:
        session.say("Interrupted; the trial is handed back.")
        sys.exit(128 + (stop.last or 2))


def _await(condition: Callable[[], bool], *, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not (known := condition()) and time.monotonic() < until:
        time.sleep(_POLL_S)
    return known
