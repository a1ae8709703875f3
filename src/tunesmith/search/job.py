"""Run one Optuna trial as a Hydra job."""

import contextlib
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig
from optuna import Trial

from tunesmith.search.space import SearchSpace, as_override
from tunesmith.search.stop import SignalGuard

OVERRIDES, CODE = "overrides", "code"
Extender = Callable[[DictConfig, Trial], None]


class TrialJob:
    """Turns a trial into overrides, and the overrides into the result of a Hydra job.

    `code` is the version that each trial records.
    """

    def __init__(
        self,
        *,
        launcher: Launcher,
        overrides_of: Callable[[Trial], list[str]],
        stop: SignalGuard,
        code: str | None = None,
    ) -> None:
        self._launcher = launcher
        self._overrides_of = overrides_of
        self._stop = stop
        self._code = code

    def __call__(self, trial: Trial) -> Any:
        """Compute the trial: what train.py's main returned, or the exception that it raised."""
        overrides = self._overrides_of(trial)
        trial.set_user_attr(OVERRIDES, overrides)
        if self._code is not None:
            trial.set_user_attr(CODE, self._code)
        try:
            with self._stop.interruptible():
                return result_of(self._launcher.launch([overrides], trial.number)[0])
        finally:
            # What the objective drew itself is known only now.
            if (known := self._overrides_of(trial)) != overrides:
                trial.set_user_attr(OVERRIDES, known)


class Drawn:
    """The overrides of a trial whose parameters are drawn from a space.

    Where a config has `objective.params`, that is where what its objective drew itself goes: all
    parameters outside of the space, as far as they are known, as JSON: their names may be any text.

    `extend` is the user's `custom_search_space`: it may suggest further parameters that depend on
    the ones drawn so far. `extra` are overrides that every trial of this worker gets.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        config: DictConfig,
        extend: Extender | None,
        extra: Sequence[str],
    ) -> None:
        self._space = space
        self._config = config
        self._extend = extend
        self._extra = extra

    def __call__(self, trial: Trial) -> list[str]:
        """Draw the trial's parameters."""
        self._space.suggest(trial)
        if self._extend is not None:
            self._extend(self._config, trial)
        params, own = trial.params, {}
        if "params" in self._config.objective:
            own = {k: v for k, v in params.items() if k not in self._space.distributions}
        drawn = [as_override(name, value) for name, value in params.items() if name not in own]
        recorded = [as_override("objective.params", json.dumps(own))] if own else []
        return [*drawn, *self._space.fixed, *self._extra, *recorded]


def result_of(job: JobReturn) -> Any:
    """What the job returned; raises what it raised, without Hydra's line on the terminal."""
    if job.status == JobStatus.COMPLETED:
        return job.return_value
    with contextlib.redirect_stderr(io.StringIO()):
        return job.return_value
