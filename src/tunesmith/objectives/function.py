"""The objective of a Python file: its own `def objective(trial)`, as it is."""

import contextlib
import copy
import io
import json
import logging
import random
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict
from optuna import Trial
from optuna.trial import BaseTrial, FixedTrial

from tunesmith.errors import InvalidConfig, nearest
from tunesmith.objectives.script import functions_of, load_script
from tunesmith.study.trial import current_trial
from tunesmith.tracking import current_run

log = logging.getLogger(__name__)

MISSING = re.compile(r"The value of the parameter '(.+)' is not found")


def evaluate(cfg: DictConfig) -> float | Sequence[float]:
    """Call the function with the live trial, or with the parameters of `objective.params`.

    What it drew is recorded where a repetition takes it from: the run's saved config. The random
    streams of Python, NumPy and PyTorch start from `seed`, unless that is null.

    Raises InvalidConfig if a single run lacks a parameter.
    """
    objective = _objective(cfg)
    _prepare(cfg)
    trial = current_trial()
    with _terminal_left_to_the_search():
        if trial is None:
            return _repeat(cfg, objective)
        try:
            return objective(trial)
        finally:
            _record(cfg, trial)


def check(cfg: DictConfig) -> None:
    """Load the file and look for the function; raise InvalidConfig if there is none."""
    _objective(cfg)
    params_of(cfg)


def params_of(cfg: DictConfig) -> dict[str, Any]:
    """The values of `objective.params`: a mapping, or a text of it in JSON."""
    given = cfg.objective.params
    params: Any = OmegaConf.to_container(given) if OmegaConf.is_config(given) else given or {}
    with contextlib.suppress(json.JSONDecodeError):
        params = json.loads(params) if isinstance(params, str) else params
    if not isinstance(params, dict):
        raise InvalidConfig(
            f"objective.params must be values by name, got {given!r}; "
            "try 'objective.params={x: 1}'"
        )
    return params


def _objective(cfg: DictConfig) -> Callable[[BaseTrial], float | Sequence[float]]:
    file, name = cfg.objective.file, cfg.objective.name
    if not file:
        raise InvalidConfig("objective.file names no file; try objective.file=my_objective.py")
    script = load_script(Path(file).resolve())
    found: Callable[[BaseTrial], float] | None = getattr(script, name, None)
    if not callable(found):
        known = functions_of(script)
        way_out = f"try objective.name={nearest(name, known)}" if known else "it has none"
        raise InvalidConfig(f"{file} has no function {name!r}; {way_out}")
    return found


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


def _repeat(
    cfg: DictConfig, objective: Callable[[BaseTrial], float | Sequence[float]]
) -> float | Sequence[float]:
    trial = FixedTrial(params_of(cfg))
    try:
        return objective(trial)
    except ValueError as error:
        if (missing := MISSING.search(str(error))) is None:
            raise
        raise InvalidConfig(
            f"objective.params has no {missing[1]!r}, which {cfg.objective.file} asks for; "
            f"try 'objective.params={{{missing[1]}: VALUE, ...}}'"
        ) from error
    finally:
        _log_drawn(trial)


def _record(cfg: DictConfig, trial: Trial) -> None:
    """Put what was drawn into the saved config, and what was reported into the run."""
    run = current_run()
    repeat = copy.deepcopy(cfg)
    with open_dict(repeat):
        repeat.objective.params = trial.params
    saved = Path(HydraConfig.get().runtime.output_dir) / ".hydra"
    # Of several repetitions the first one has the run's folder.
    if saved.is_dir():
        OmegaConf.save(repeat, saved / "config.yaml")
        run.log_artifact(saved, folder="config")
    _log_drawn(trial)
    stored = trial.study.get_trials(deepcopy=False)[trial.number]
    for step, value in stored.intermediate_values.items():
        run.log_metrics({cfg.metric.name: value}, step=step)


def _log_drawn(trial: BaseTrial) -> None:
    drawn = {f"objective.params.{name}": value for name, value in trial.params.items()}
    current_run().log_params(drawn)


def _terminal_left_to_the_search() -> contextlib.AbstractContextManager[object]:
    if HydraConfig.get().mode is RunMode.RUN:
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
