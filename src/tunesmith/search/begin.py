"""Open a search's study: create it, or see that the same search continues."""

import warnings
from collections.abc import Callable
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, PartialFixedSampler

from tunesmith.config import has_key
from tunesmith.errors import InvalidConfig
from tunesmith.overrides import write_override
from tunesmith.search.components import is_grid
from tunesmith.search.foreign import check_others, counting_others, said_of_others
from tunesmith.search.plan import Plan, in_folder
from tunesmith.search.user_code import changed_files, git_version, user_code
from tunesmith.search.worker_environment import is_worker, opening_retry_s
from tunesmith.study import (
    SlotSampler,
    StudyRecord,
    TrialRecord,
    create_or_resume_study,
    finished,
    open_storage,
)


def begin_search(plan: Plan, *, say: Callable[[str], None]) -> tuple[optuna.Study, Plan]:
    """Return the plan's study, created if it is new, and say what a user should know of it.

    The plan that is returned with it has its files where the study was begun, since a folder that
    is named by the time is another one in each worker and each command; and a total that fits a
    study with trials of others.

    Raises InvalidConfig for a store that cannot be used, or a study that another search began.
    """
    study = open_study(plan)
    stored = StudyRecord.of(study).fingerprint
    if not is_worker():
        check_others(study, plan)
    if stored is None:
        _begin(study, plan, say=say)
        return study, counting_others(plan, study)
    changed = plan.fingerprint.check_continues(stored, study_name=plan.study_name)
    if changed:
        say(f"Continuing study {plan.study_name} with a different {', '.join(changed)}.")
    begun_in = StudyRecord.of(study).folder
    if begun_in is None or begun_in == plan.paths.folder or not begun_in.is_dir():
        return study, counting_others(plan, study)
    return study, counting_others(in_folder(plan, str(begun_in)), study)


def check_code(study: optuna.Study, plan: Plan, *, say: Callable[[str], None]) -> None:
    """Refuse to mix trials of different code, unless the user wants them mixed.

    Call it after the objective's modules were loaded. Raises InvalidConfig, which names the files.
    """
    if files := changed_files(study, user_code()):
        changed = f"the code has changed since earlier trials of study {plan.study_name}"
        if plan.settings.code_change == "refuse":
            raise InvalidConfig(
                f"{changed}: {', '.join(files)}; try hydra.sweeper.code_change=new for a study of "
                "its own, or hydra.sweeper.code_change=continue to mix their trials"
            )
        say(f"Continuing, though {changed}: {', '.join(files)}.")
    commits = {TrialRecord.of(trial).commit for trial in finished(study)} - {None}
    if commits and (others := commits - {git_version()}):
        say(f"The code may have changed since earlier trials ({', '.join(map(str, others))}).")


def open_study(plan: Plan) -> optuna.Study:
    """Return the plan's study, without a word of what it computes if it is new.

    Raises InvalidConfig for a store that cannot be used.
    """
    sampler = SlotSampler(plan.components.make_sampler, plan.components.sampler_seed)
    try:
        return create_or_resume_study(
            plan.study_name,
            storage=open_storage(plan.settings.storage, opening_retry_s=opening_retry_s()),
            directions=plan.settings.directions,
            sampler=_holding(plan.held, sampler),
            pruner=plan.make_pruner(),
        )
    except (ValueError, ConnectionError) as error:
        raise InvalidConfig(str(error)) from error


def _begin(study: optuna.Study, plan: Plan, *, say: Callable[[str], None]) -> None:
    if said := said_of_others(study, counting_others(plan, study)):
        say(said)
    if plan.has_baseline:
        _queue_baseline(study, plan, say=say)
    settings, names = plan.settings, list(plan.settings.metrics)
    StudyRecord.write(
        study,
        metric=names[0] if settings.is_single else names,
        folder=str(plan.paths.folder),
        max_epochs=settings.max_epochs and settings.max_epochs * settings.n_fits,
        # Last: a study without it is begun anew.
        fingerprint=plan.fingerprint.kept(),
    )


def note_baseline(study: optuna.Study, plan: Plan) -> None:
    """Note which trial of a grid is the baseline: the grid has that point anyway."""
    if not is_grid(plan.settings.sampler) or not plan.settings.baseline:
        return
    point, outside = _baseline_point(plan)
    own = (t for t in finished(study) if not TrialRecord.of(t).is_of_others)
    number = next((t.number for t in own if t.params == point), None)
    if number is not None and not outside and StudyRecord.of(study).baseline is None:
        StudyRecord.write(study, baseline=number)


def _queue_baseline(study: optuna.Study, plan: Plan, *, say: Callable[[str], None]) -> None:
    point, outside = _baseline_point(plan)
    if outside:
        say(f"No baseline trial: {'; '.join(outside)}.")
        return
    if is_grid(plan.settings.sampler):
        return
    # A command that was killed here has queued it already.
    if not _queued_at(study, point):
        study.enqueue_trial(point)
    StudyRecord.write(study, baseline=_queued_at(study, point)[0])


def _baseline_point(plan: Plan) -> tuple[dict[str, Any], list[str]]:
    """Return the default config as the study keeps it, and why some of it is no point."""
    point, outside = {}, []
    for name, value in plan.baseline.items():
        try:
            point[name] = plan.space.kept(name, value)
        except ValueError:
            key = name.lstrip("+")
            if value is None and not has_key(plan.base, key):
                outside.append(f"the config has no value of {key}")
            else:
                outside.append(f"{write_override(name, value)} lies outside the search space")
    return point, outside


def _queued_at(study: optuna.Study, point: dict[str, Any]) -> list[int]:
    """Return the numbers of trials that were queued at a point, but those that others computed."""
    records = {t.number: TrialRecord.of(t) for t in study.get_trials(deepcopy=False)}
    own = {number: record for number, record in records.items() if not record.is_of_others}
    return [number for number, record in own.items() if record.queued == point]


def _holding(fixed: dict[str, Any], sampler: BaseSampler) -> BaseSampler:
    if not fixed:
        return sampler
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return PartialFixedSampler(fixed, sampler)
