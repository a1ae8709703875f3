"""The winner of a search: which trial it is, its config, and fitting it once more."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from omegaconf import OmegaConf, open_dict
from optuna.trial import FrozenTrial

from tunesmith.config import resolve_function
from tunesmith.context import refitting
from tunesmith.errors import attempt
from tunesmith.overrides import data_node, write_override
from tunesmith.paths import RunPaths, write_atomically
from tunesmith.pickled import write_predictor
from tunesmith.search.fitted import restored
from tunesmith.search.foreign import compared_with_others, not_computed
from tunesmith.search.job import compose_job, launch_job
from tunesmith.search.plan import Plan
from tunesmith.search.saved_config import config_of_app, is_of_any_app
from tunesmith.search.session import Session
from tunesmith.study import Confirmation, StudyRecord, TrialRecord, trial_numbered
from tunesmith.tracking import Run


def winner_of(
    study: optuna.Study, best: FrozenTrial, confirmation: Confirmation | None
) -> FrozenTrial:
    """Return the best of those trained again, without `confirmation` the best trial."""
    if confirmation is None:
        return best
    number = confirmation[confirmation.winner].trial
    assert number is not None
    return trial_numbered(study, number)


def write_best(best: FrozenTrial, session: Session) -> Path:
    """Write the winner's whole config."""
    return write_trial_config(session.plan.paths.best_config, best, session)


def write_trial_config(path: Path, trial: FrozenTrial, session: Session) -> Path:
    """Write to `path` what repeats a trial: its config, without the groups that nobody reads."""
    plan, overrides = session.plan, session.plan.overrides_of(trial)
    cfg = compose_job(plan.config, overrides, loader=session.loader)
    if is_of_any_app(plan):
        write_atomically(path, config_of_app(cfg, overrides, plan, session.loader))
        return path
    with open_dict(cfg):
        for group in _ignored(plan):
            cfg.pop(group, None)
        key = plan.drawn_key
        if key is not None and isinstance(drawn := OmegaConf.select(cfg, key), str):
            OmegaConf.update(cfg, key, data_node(json.loads(drawn)))
    write_atomically(path, OmegaConf.to_yaml(cfg))
    return path


def _ignored(plan: Plan) -> list[str]:
    """Return the groups that no trial reads and the search did not draw."""
    if plan.settings.unread is None:
        return []
    unread: Sequence[str] = resolve_function(plan.settings.unread)(plan.base)
    drawn = {name.lstrip("+").partition(".")[0] for name in plan.space.distributions}
    return [group for group in unread if group not in drawn]


def refit_winner(
    study: optuna.Study, winner: FrozenTrial, session: Session, *, parent: Run
) -> str | None:
    """Repeat the winner once and log it as a model, unless `refit` is false; say what came out."""
    plan = session.plan
    best = plan.paths.best
    StudyRecord.write(study, model=None)
    # That of an earlier winner.
    best.predictor.unlink(missing_ok=True)
    if not plan.settings.refit:
        return None
    session.say(f"Fitting the winner, trial {winner.number}, once more.")
    fitted, said = _refit(winner, session, parent=parent)
    if not fitted or (parent.id is None and best.predictor.is_file()):
        return said
    compose = partial(compose_job, plan.config, plan.overrides_of(winner), loader=session.loader)
    model = restored(plan, best, compose=compose)
    if model is not None:
        if not best.predictor.is_file():  # the app does not call `run_trial`
            attempt(lambda: [write_predictor(model, best.predictor)])
        StudyRecord.write(study, model=parent.log_model(model))
    return said


def _tested(run: RunPaths) -> str:
    """Return what a fit came to on test rows, to be added to a sentence; "" without any."""
    if not run.metrics.is_file():
        return ""
    metrics: Any = OmegaConf.to_container(OmegaConf.load(run.metrics))
    found = [f"{k} {v:.6g}" for k, v in sorted(metrics.items()) if k.startswith("test/")]
    return f"; this fit has {', '.join(found)}" if found else ""


def _refit(best: FrozenTrial, session: Session, *, parent: Run) -> tuple[bool, str]:
    """Fit the winner as a single run: it is tested, and leaves its checkpoint and plots.

    Returns whether it was fitted, and how its value compares in words.
    """
    paths = session.plan.paths
    folder = write_override("hydra.sweep.subdir", paths.subfolder(paths.best))
    overrides = [*session.plan.overrides_of(best), folder]
    launcher = session.make_launcher()
    is_of_others = TrialRecord.of(best).is_of_others
    try:
        with refitting(parent):
            value = launch_job(
                launcher, overrides, best.number, sweep_dir=session.plan.config.hydra.sweep.dir
            )
    except Exception as error:
        if not is_of_others:
            raise
        return False, not_computed(best, error)
    if value == best.value:
        return True, f"value reproduced exactly{_tested(paths.best)}"
    if is_of_others:
        return True, compared_with_others(best, value)
    return True, (
        f"value not reproduced: {value:.6g} instead of {best.value:.6g}; code, data or the number "
        "of threads have changed, or the training is not deterministic"
    )
