"""What a run delivers: its model, fitted once more on all rows but those to test with."""

import contextlib
import copy
import logging
from collections.abc import Iterator
from dataclasses import replace

from omegaconf import DictConfig, OmegaConf, open_dict

from tunesmith.config import has_key
from tunesmith.context import Context, Role, entered
from tunesmith.errors import InvalidConfig
from tunesmith.objectives.objective import objective_of
from tunesmith.objectives.parts import Part, n_folds
from tunesmith.paths import write_atomically
from tunesmith.study import RepeatedTrial, running
from tunesmith.tracking import Run
from tunesmith.validate import require_choice

log = logging.getLogger(__name__)

TRAIN, ALL = "train", "all"


def check_refit_rows(cfg: DictConfig) -> None:
    """Refuse a `refit_rows` that is not null, train or all, or that the data cannot give.

    Args:
        cfg: The whole composed config.

    Raises:
        InvalidConfig: It is refused; the message says what to type instead.

    """
    rows = cfg.get("refit_rows")
    if rows is None:
        return
    require_choice("refit_rows", rows, (TRAIN, ALL))
    if rows == ALL and not has_key(cfg, "data.train_on"):
        raise InvalidConfig(
            "refit_rows=all needs data that can be trained on as a whole, whose config has the key "
            "train_on; try data=table, or refit_rows=train"
        )
    if rows == TRAIN and n_folds(cfg) is not None:
        raise InvalidConfig(
            "refit_rows=train does not go with data.folds, of which no fold is the one to deliver; "
            "try refit_rows=all"
        )


def deliver(part: Part, metrics: dict[str, float], *, context: Context) -> dict[str, float]:
    """Fit the model that a run delivers, where that is another one than it has left already.

    It is fitted on the rows to validate with as well, as long as the run tells. Its config lies in
    the run's folder then.

    Args:
        part: The first of the run's fits.
        metrics: The run's metrics.
        context: The run.

    Returns:
        The metrics on the test rows, if anything was fitted and this is no trial.

    """
    kept = context.paths.delivered_config
    kept.unlink(missing_ok=True)
    if not is_of_all_rows(part.cfg):
        return {}
    objective = objective_of(part.cfg)
    if (changed := objective.on_all_rows(part.cfg, metrics)) is None:
        return {}
    cfg = with_all_rows(changed)
    cfg.keep_model = True
    log.info("the model to deliver, on all rows but those to test with")
    with _computing(context):
        objective.evaluate(cfg)
    write_atomically(kept, OmegaConf.to_yaml(cfg))
    if context.is_trial or not context.is_first:
        return {}
    for model in filter(lambda file: file.is_file(), context.paths.models):
        context.run.log_artifact(model)
    return objective.restore(cfg, context.paths.folder).test()


def is_of_all_rows(cfg: DictConfig) -> bool:
    """Return whether what a config delivers is fitted on all rows but those to test with."""
    is_there = has_key(cfg, "data.train_on") and cfg.data.train_on != ALL
    return is_there and cfg.get("refit_rows") != TRAIN


def with_all_rows(cfg: DictConfig) -> DictConfig:
    """Return the config with data that leave no rows to validate with."""
    changed = copy.deepcopy(cfg)
    with open_dict(changed):
        changed.data.fold = None
        changed.data.train_on = ALL
    return changed


@contextlib.contextmanager
def _computing(context: Context) -> Iterator[None]:
    trial = None if context.trial is None else RepeatedTrial(context.trial)
    with contextlib.ExitStack() as stack:
        if trial is not None:
            stack.enter_context(running(trial))
        stack.enter_context(entered(replace(context, role=Role.PART, trial=trial, run=Run())))
        yield
