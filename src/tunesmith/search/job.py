"""Run one Optuna trial as a Hydra job."""

import contextlib
import io
from collections.abc import Callable, Sequence
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig
from optuna import Trial

from tunesmith.search.space import SearchSpace, as_override
from tunesmith.search.stop import StopRequest

Extender = Callable[[DictConfig, Trial], None]


class TrialJob:
    """Turns a trial into overrides, and the overrides into the result of a Hydra job.

    `extend` is the user's `custom_search_space`: it may suggest further parameters that depend on the
    ones drawn so far. `extra` are overrides that every trial of this worker gets.
    """

    def __init__(
        self,
        *,
        launcher: Launcher,
        space: SearchSpace,
        config: DictConfig,
        stop: StopRequest,
        extend: Extender | None = None,
        extra: Sequence[str] = (),
    ) -> None:
        self._launcher = launcher
        self._space = space
        self._config = config
        self._stop = stop
        self._extend = extend
        self._extra = extra

    def __call__(self, trial: Trial) -> Any:
        """Compute the trial: what train.py's main returned, or the exception that it raised."""
        self._space.suggest(trial)
        if self._extend is not None:
            self._extend(self._config, trial)
        overrides = [*trial_overrides(trial.params, self._space), *self._extra]
        with self._stop.interruptible():
            return result_of(self._launcher.launch([overrides], trial.number)[0])


def trial_overrides(params: dict[str, Any], space: SearchSpace) -> list[str]:
    """The overrides of a trial: its parameters, then what all trials share."""
    return [*(as_override(name, value) for name, value in params.items()), *space.fixed]


def result_of(job: JobReturn) -> Any:
    """What the job returned; raises what it raised, without Hydra's line on the terminal."""
    if job.status == JobStatus.COMPLETED:
        return job.return_value
    with contextlib.redirect_stderr(io.StringIO()):
        return job.return_value
