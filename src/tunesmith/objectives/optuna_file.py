"""The objective of a Python file: its own `def objective(trial)`, as it is."""

import contextlib
import copy
import io
import logging
import random
import re
import sys
from collections.abc import Callable, Sequence
from inspect import iscoroutinefunction, signature
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf, open_dict
from optuna import Trial
from optuna.trial import BaseTrial, FixedTrial

from tunesmith.context import Context, Role, current_context
from tunesmith.errors import InvalidArgument, InvalidConfig, nearest
from tunesmith.objectives.asked_parameters import asked_parameters
from tunesmith.objectives.objective import Objective
from tunesmith.objectives.record_config import record_config
from tunesmith.objectives.script import functions_of, load_script
from tunesmith.overrides import data_node, read_data, write_for_shell
from tunesmith.tracking import Run
from tunesmith.validate import require_seed

log = logging.getLogger(__name__)

MISSING = re.compile(r"The value of the parameter '(.+)' is not found")


class OptunaFile(Objective):
    """Calls a function of a Python file with the live trial, as `study.optimize` does.

    The parameters that the function suggests are written into the run's saved config, from which
    the run can be repeated.

    Args:
        file: The Python file, relative to the working directory; it is imported, which runs it.
        name: The function in it, which takes an Optuna trial and returns one or several values.
        params: The parameters of a single run, a dict by name or a JSON text of it: the function
            gets them from a FixedTrial.

    """

    def __init__(
        self, *, file: str | None = None, name: str = "objective", params: Any = None
    ) -> None:
        self.file = file
        self.name = name
        self._params = params

    def evaluate(self, cfg: DictConfig) -> float | Sequence[float]:
        """Call the function with the live trial; in a single run with a FixedTrial of `params`.

        The generators of Python, NumPy and PyTorch are seeded with `seed`, unless that is null.

        Raises:
            InvalidConfig: In a single run, `params` lacks a parameter.

        """
        context = current_context()
        function = self.function()
        _prepare(cfg)
        with _terminal_left_to_the_search(context):
            if context.trial is None:
                return self._repeat(function, context.run)
            try:
                return function(context.trial)
            finally:
                _record(cfg, context.trial, context)

    def check(self, cfg: DictConfig) -> None:
        """Load the file and look for the function.

        Raises:
            InvalidConfig: There is no such file or function, `params` is no dict or lacks a
                parameter in a single run, or `seed` is no seed.

        """
        require_seed("seed", cfg.seed, example=0, optional=True)
        function, known = self.function(), self.params()
        lacking = [name for name in asked_parameters(function) if name not in known]
        if lacking and _is_single_run(cfg):
            raise self._lacks(*lacking)

    def function(self) -> Callable[[BaseTrial], float | Sequence[float]]:
        """Return the function.

        Raises:
            InvalidConfig: The file has no function of this name that takes a trial.

        """
        if not self.file:
            raise InvalidConfig("objective.file names no file; try objective.file=my_objective.py")
        script = load_script(Path(self.file).resolve())
        found: Callable[[BaseTrial], float] | None = getattr(script, self.name, None)
        if not callable(found):
            known = functions_of(script)
            way_out = f"try objective.name={nearest(self.name, known)}" if known else "it has none"
            raise InvalidConfig(f"{self.file} has no function {self.name!r}; {way_out}")
        _check_takes_a_trial(found, name=self.name, file=self.file)
        return found

    def params(self) -> dict[str, Any]:
        """Return the parameters of a single run by name.

        Raises:
            InvalidConfig: They are no dict.

        """
        params = read_data(self._params or {})
        if not isinstance(params, dict):
            raise InvalidArgument(
                "objective.params",
                "values by name",
                self._params,
                way_out="try 'objective.params={x: 1}'",
            )
        return params

    def _repeat(
        self, function: Callable[[BaseTrial], float | Sequence[float]], run: Run
    ) -> float | Sequence[float]:
        trial = FixedTrial(self.params())
        try:
            return function(trial)
        except ValueError as error:
            if (missing := MISSING.search(str(error))) is None:
                raise
            raise self._lacks(missing[1]) from error
        finally:
            _log_drawn(trial, run)

    def _lacks(self, *names: str) -> InvalidConfig:
        known = {**self.params(), **dict.fromkeys(names, "VALUE")}
        return InvalidConfig(
            f"objective.params has no {', '.join(map(repr, names))}, which {self.file} asks for; "
            f"try {write_for_shell('objective.params', known)}, or -m hparams_search=function for "
            "a search"
        )


def _is_single_run(cfg: DictConfig) -> bool:
    """Return whether nothing draws for the function: a run, or a job of Hydra's own multirun."""
    return str(OmegaConf.select(cfg, "hydra.sweeper._target_")).endswith(".BasicSweeper")


def _check_takes_a_trial(function: Callable[..., Any], *, name: str, file: str) -> None:
    """Raise InvalidConfig unless a function can be called with a trial, and gives a value then."""
    said = f"{name} of {file} must be a function of a trial, def {name}(trial)"
    if isinstance(function, type) or iscoroutinefunction(function):
        kind = "a class" if isinstance(function, type) else "async"
        raise InvalidConfig(f"{said}, and is {kind}; write a def that returns a number")
    try:
        signature(function).bind(None)
    except TypeError as error:
        raise InvalidConfig(f"{said}: {error}; give further arguments a default") from error
    except ValueError:  # A built-in function tells nothing of its arguments.
        return


def _prepare(cfg: DictConfig) -> None:
    torch = sys.modules.get("torch")
    if cfg.n_threads is not None and torch is not None:
        torch.set_num_threads(cfg.n_threads)
    if cfg.seed is None:
        return
    random.seed(cfg.seed)
    np.random.seed(cfg.seed)
    if torch is not None:
        torch.manual_seed(cfg.seed)


def _record(cfg: DictConfig, trial: Trial, context: Context) -> None:
    """Put what was drawn into the saved config, and what was reported into the run."""
    run, paths = context.run, context.paths
    repeat = copy.deepcopy(cfg)
    with open_dict(repeat):
        repeat.objective.params = data_node(trial.params)
    # Of several repetitions the first one has the run's folder.
    if paths.config is not None and paths.config.is_file():
        OmegaConf.save(repeat, paths.config)
    record_config(run, repeat, paths)
    _log_drawn(trial, run)
    stored = trial.study.get_trials(deepcopy=False)[trial.number]
    for step, value in stored.intermediate_values.items():
        run.log_metrics({cfg.metric.name: value}, step=step)


def _log_drawn(trial: BaseTrial, run: Run) -> None:
    run.log_params({f"objective.params.{name}": value for name, value in trial.params.items()})


def _terminal_left_to_the_search(context: Context) -> contextlib.AbstractContextManager[object]:
    if context.role is Role.SINGLE:
        return contextlib.nullcontext()
    return contextlib.redirect_stdout(_LogLines())


class _LogLines(io.TextIOBase):
    """Writes what is printed into the run's log, line by line."""

    def __init__(self) -> None:
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            log.info("%s", line)
        return len(text)
