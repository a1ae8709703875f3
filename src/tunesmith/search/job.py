"""Compute one Optuna trial as a Hydra job."""

import contextlib
import copy
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.utils import JobStatus
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig, open_dict
from optuna import Trial

from tunesmith.overrides import write_data, write_override
from tunesmith.search.ranks import shared_with_ranks
from tunesmith.search.space import SearchSpace
from tunesmith.search.stop import SignalGuard
from tunesmith.search.user_code import user_code
from tunesmith.study import TrialRecord

Extender = Callable[[DictConfig, Trial], None]


def run_as_job(
    trial: Trial,
    *,
    launcher: Launcher,
    overrides_of: Callable[[Trial], list[str]],
    keeps_drawn: bool,
    sweep_dir: str,
    stop: SignalGuard,
) -> Any:
    """Compute a trial: return what the app's main returned, or raise what it raised.

    The trial records its overrides and the user's code that computes it.

    Args:
        trial: The trial.
        launcher: What runs jobs in this process.
        overrides_of: Gives a trial's overrides.
        keeps_drawn: Whether they also tell what the trial drew while it ran.
        sweep_dir: The folder of the search.
        stop: What interrupts it.

    """
    overrides, code = overrides_of(trial), user_code()
    TrialRecord.write(trial, overrides=overrides, code=code)
    try:
        with stop.interruptible():
            return launch_job(launcher, overrides, trial.number, sweep_dir=sweep_dir)
    finally:
        # What the objective drew or imported itself is known only now.
        if keeps_drawn and (known := overrides_of(trial)) != overrides:
            TrialRecord.write(trial, overrides=known)
        if (loaded := user_code()) != code:
            TrialRecord.write(trial, code=loaded)


def trial_overrides(
    trial: Trial,
    *,
    space: SearchSpace,
    config: DictConfig,
    drawn_key: str | None,
    extend: Extender | None,
    extra: Sequence[str],
) -> list[str]:
    """Draw a trial's parameters and return the overrides that set them.

    Where a config has `drawn_key`, that is where what a trial drew by itself goes: all parameters
    outside of the space, as far as they are known, as JSON: their names may be any text.

    Args:
        trial: The trial; asked twice, it gives the same values.
        space: What is drawn.
        config: Hydra's multirun config.
        drawn_key: The key of what a trial draws by itself, if the config has one.
        extend: The user's `custom_search_space`: it may suggest further parameters that depend on
            the ones drawn so far.
        extra: Overrides that every trial of this worker gets.

    """
    space.suggest(trial)
    if extend is not None:
        extend(config, trial)
    return overrides_at(trial.params, space=space, drawn_key=drawn_key, extra=extra)


def overrides_at(
    params: Mapping[str, Any],
    *,
    space: SearchSpace,
    drawn_key: str | None,
    extra: Sequence[str] = (),
) -> list[str]:
    """Return the overrides that set parameters; for the arguments see `trial_overrides`."""
    own = {}
    if drawn_key is not None:
        own = {k: v for k, v in params.items() if k not in space.distributions}
    extended = [
        write_override(name, value)
        for name, value in params.items()
        if name not in own and name not in space.distributions
    ]
    recorded = [write_override(drawn_key, write_data(own))] if own and drawn_key else []
    return [*extended, *space.overrides(params), *extra, *recorded]


def compose_job(
    config: DictConfig, overrides: Sequence[str], *, loader: ConfigLoader
) -> DictConfig:
    """Return what a job's main gets: the composed config, without Hydra's own node."""
    cfg = copy.deepcopy(loader.load_sweep_config(config, list(overrides)))
    with open_dict(cfg):
        del cfg["hydra"]
    return cfg


def launch_job(launcher: Launcher, overrides: Sequence[str], number: int, *, sweep_dir: str) -> Any:
    """Return what a job returned, or raise what it raised, without Hydra's line about it."""
    with shared_with_ranks(overrides, number, sweep_dir=sweep_dir):
        job = launcher.launch([overrides], number)[0]
    if job.status == JobStatus.COMPLETED:
        return job.return_value
    with contextlib.redirect_stderr(io.StringIO()):
        return job.return_value
