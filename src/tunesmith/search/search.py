"""One search: from Hydra's multirun to a finished Optuna study and its results."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import optuna
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from tunesmith.config import resolve_function
from tunesmith.errors import InvalidConfig
from tunesmith.freed_memory import collect_seldom
from tunesmith.interrupts import EXIT_CODE, begun, is_interrupt, quitting_at_once
from tunesmith.overrides import write_override
from tunesmith.search.begin import begin_search, check_code, note_baseline
from tunesmith.search.confirm import Confirm
from tunesmith.search.describe import describe
from tunesmith.search.foreign import check_others
from tunesmith.search.job import trial_overrides
from tunesmith.search.launched import check_launcher
from tunesmith.search.messages import (
    confirming,
    confirming_interrupted,
    interrupted,
    notes_of,
    nothing_to_do,
    stopped_early,
    to_be_confirmed,
    where,
)
from tunesmith.search.obstacles import naming_obstacles
from tunesmith.search.plan import Plan, summary_of
from tunesmith.search.probe import naming_misfits, probe
from tunesmith.search.ranks import refuse_groups
from tunesmith.search.results import show_results, write_results
from tunesmith.search.session import Session, open_session
from tunesmith.search.stage import SearchInterrupted, Stage, complete_stage
from tunesmith.search.store import unencrypted, write_study_file
from tunesmith.search.tracked_runs import closed_runs, mark_front, parent_run
from tunesmith.search.worker_environment import (
    is_worker,
    stage_of_worker,
    threads_of_a_worker,
    time_left,
)
from tunesmith.search.worker_only import work_only
from tunesmith.search.worker_process import work_for_parent
from tunesmith.search.workers import WorkersFailed
from tunesmith.study import (
    Confirmation,
    SearchFailed,
    StudyRecord,
    leaders,
    n_finished,
    name_metrics,
    read_confirmation,
    recover_dead_trials,
)
from tunesmith.tracking import Run, RunState, Tracking

SEARCH, CONFIRM = "search", "confirm"


def run_search(
    config: DictConfig,
    *,
    settings: dict[str, Any],
    arguments: Sequence[str],
    hydra_context: HydraContext,
    task_function: TaskFunction,
) -> None:
    """Search until the study has its trials; continue it if it was begun before.

    Args:
        config: Hydra's multirun config.
        settings: The values of `hydra.sweeper`.
        arguments: The command line's overrides of the task's config.
        hydra_context: What composes configs.
        task_function: train.py's main.

    Raises:
        InvalidConfig: The search cannot be carried out, in one line that says the way out.
        SystemExit: The user interrupted it (130), or it is a worker that gave up.

    """
    collect_seldom()  # An app of others begins here.
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    loader = hydra_context.config_loader
    misfits = naming_misfits(config, settings=settings, arguments=arguments, loader=loader)
    with quitting_at_once(), misfits:
        refuse_groups()
        session = open_session(
            config,
            settings=settings,
            arguments=arguments,
            hydra_context=hydra_context,
            task_function=task_function,
        )
        plan = session.plan
        check_launcher(plan)
        if not is_worker():
            probe(plan, session.loader)
    begun()
    with naming_obstacles(plan.paths.folder):
        _carry_out(session)


def _carry_out(session: Session) -> None:
    plan = session.plan
    if is_worker():
        work_for_parent(*_stage_of_worker(session))
        return
    session.tracking.check()
    if plan.settings.dry_run:
        session.say(describe(plan))
        return
    if plan.settings.worker_only:
        work_only(session, search_stage=_search_stage, confirm_stage=_confirm_stage)
        return
    _search_and_report(session)


def _search_and_report(session: Session) -> None:
    study, plan = begin_search(session.plan, say=session.say)
    session = session.of(plan)
    check_code(study, plan, say=session.say)
    tracking = session.tracking
    tracking.close_dead_runs()
    recover_dead_trials(study, max_retries=plan.settings.max_retries)
    if _is_done(study, plan):
        session.say(nothing_to_do(study, plan))
        show_results(study, session, confirmation=_known_confirmation(study, plan))
        return
    _say_what_changed(study, session)
    name_metrics(study, plan.settings.metrics)
    write_study_file(plan.paths, study_name=plan.study_name, storage=plan.settings.storage)
    session.log_into_folder()
    with _recorded(study, session, tracking) as parent:
        if (warning := unencrypted(plan.settings.storage)) is not None:
            session.say(warning)
        session.say(where(plan))
        if summary := summary_of(plan):
            session.say(summary)
        if plan.settings.confirm:
            session.say(to_be_confirmed(plan))
        complete_stage(_search_stage(study, plan), session)
        note_baseline(study, plan)
        for note in notes_of(study):
            session.say(note)
        if n_finished(study) < plan.n_trials:
            session.say(stopped_early(study, plan))
            if not leaders(study) and plan.settings.timeout is not None:
                raise _NoResultYet
        confirmation = _confirm(study, session, tracking=tracking, parent=parent)
        write_results(study, session, confirmation=confirmation, parent=parent)
        mark_front(study, tracking)
        StudyRecord.write(study, results_of=n_finished(study))


class _NoResultYet(Exception):  # noqa: N818 - it is no error
    """The time limit came before the first complete trial."""


@contextmanager
def _recorded(study: optuna.Study, session: Session, tracking: Tracking) -> Iterator[Run]:
    """Record the search as a run of its own, and close that and its trials' runs at the end."""
    plan = session.plan
    parent = parent_run(study, tracking, plan)
    state = RunState.FAIL
    try:
        yield parent
        state = RunState.COMPLETE
    except _NoResultYet:
        state = RunState.INTERRUPTED
    except SearchInterrupted as stopped:
        state = RunState.INTERRUPTED
        session.say(str(stopped) or interrupted(study, plan))
        raise SystemExit(EXIT_CODE) from None
    except (KeyboardInterrupt, SystemExit) as error:
        if not is_interrupt(error):
            raise
        state = RunState.INTERRUPTED
        session.say(interrupted(study, plan))
        raise SystemExit(EXIT_CODE) from None
    except (SearchFailed, WorkersFailed) as error:
        raise InvalidConfig(f"study {plan.study_name} stopped: {error}") from error
    finally:
        tracking.close_dead_runs(closed_runs(study))
        parent.finish(state)
        if waiting := tracking.waiting():
            session.say(waiting)


def _stage_of_worker(session: Session) -> tuple[Stage, Session]:
    study, plan = begin_search(session.plan, say=session.say)
    session = session.of(plan)
    is_confirming = stage_of_worker() == CONFIRM
    stage = _confirm_stage(Confirm(plan, study)) if is_confirming else _search_stage(study, plan)
    return stage, session


def _confirm(
    search: optuna.Study, session: Session, *, tracking: Tracking, parent: Run
) -> Confirmation | None:
    """Train the best trials and the baseline on new seeds, as far as it is not yet done."""
    plan = session.plan
    if not plan.settings.confirm or not leaders(search):
        return None
    confirm = Confirm(plan, search)
    recover_dead_trials(confirm.study, max_retries=plan.settings.max_retries)
    if fits := confirm.n_open:
        session.say(confirming(fits, confirm.seconds(), plan))
        run = parent_run(confirm.study, tracking, plan, parent_id=parent.id)
        confirm.queue()
        state = RunState.INTERRUPTED
        try:
            complete_stage(_confirm_stage(confirm), session)
            state = RunState.COMPLETE
        except SearchInterrupted:
            raise SearchInterrupted(confirming_interrupted(confirm.n_open, plan)) from None
        except (SearchFailed, WorkersFailed) as error:
            state = RunState.FAIL
            session.say(f"The best trials could not be confirmed: {error}")
        finally:
            run.finish(state)
            tracking.close_dead_runs(closed_runs(confirm.study))
    return confirm.test(session.loader)


def _is_done(study: optuna.Study, plan: Plan) -> bool:
    finished = n_finished(study)
    ended = finished >= plan.n_trials or plan.verdict(study) is not None
    if not ended or StudyRecord.of(study).results_of != finished:
        return False
    return not plan.settings.confirm or Confirm(plan, study).n_open == 0


def _known_confirmation(search: optuna.Study, plan: Plan) -> Confirmation | None:
    return read_confirmation(search, Confirm(plan, search).study) if plan.settings.confirm else None


def _say_what_changed(study: optuna.Study, session: Session) -> None:
    plan = session.plan
    verdict = StudyRecord.of(study).verdict
    if verdict is not None and plan.termination is not None and plan.verdict(study) is None:
        session.say(
            f"Continuing study {plan.study_name}, which another rule stopped early: "
            f"{' '.join(verdict.reason.split())}."
        )


def _search_stage(study: optuna.Study, plan: Plan) -> Stage:
    extend = plan.settings.custom_search_space
    overrides_of = partial(
        trial_overrides,
        space=plan.space,
        config=plan.config,
        drawn_key=plan.drawn_key,
        extend=None if extend is None else resolve_function(extend),
        extra=_extra_overrides(plan),
    )
    return Stage(
        SEARCH,
        study,
        plan.n_trials,
        overrides_of=overrides_of,
        timeout=time_left(plan.settings.timeout),
        termination=plan.termination,
        watch=partial(check_others, plan=plan) if plan.is_open else lambda _: None,
    )


def _confirm_stage(confirm: Confirm) -> Stage:
    # Without a time limit: these fits are promised, however long the search took.
    return Stage(
        CONFIRM,
        confirm.study,
        confirm.n_trials,
        overrides_of=confirm.overrides_of,
        unit="fits",
        queued_only=True,
    )


def _extra_overrides(plan: Plan) -> list[str]:
    # A worker's thread count belongs to what a trial computes: its last bits hang on it.
    key = plan.settings.threads_key
    if not is_worker() or key is None or OmegaConf.select(plan.base, key, default=1) is not None:
        return []
    return [write_override(key, threads_of_a_worker(plan.settings.n_jobs))]
