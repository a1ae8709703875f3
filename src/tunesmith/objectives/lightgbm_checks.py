"""Refuse a config that LightGBM cannot fit, before it is tried."""

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from hydra.utils import instantiate
from omegaconf import DictConfig

from tunesmith.data import TabularDataModule
from tunesmith.errors import InvalidArgument, InvalidConfig
from tunesmith.extras import install_extra
from tunesmith.group_mistakes import naming_group
from tunesmith.objectives.lightgbm_parameters import OBJECTIVES, parameters_of
from tunesmith.objectives.metrics import check_metrics
from tunesmith.scores import Task
from tunesmith.validate import require_choice, require_integer, require_seed

# Made-up rows, enough for a share of them to be drawn.
N_CHECKED = 1000
# LightGBM speaks of its parameters by their first names.
ALIASES = {"min_data_in_leaf": "min_child_samples"}
BOUND = re.compile(r"Check failed: \((\w+)\) (>=?|<=?) \(([\d.]+)\)")
UNKNOWN = re.compile(r"Unknown parameter: (\w+)")


def import_lightgbm() -> Any:
    """Return the package; raises InvalidConfig, which names the extra, if it is not installed."""
    try:
        import lightgbm  # here: an extra; that it is missing is said in one line
    except ModuleNotFoundError as error:
        raise InvalidConfig(
            "objective=lightgbm needs the package lightgbm, which is not installed; "
            f"type {install_extra('lightgbm')}"
        ) from error
    return lightgbm


def check_boosting(cfg: DictConfig, *, report_every: object) -> None:
    """Make the data and an empty model.

    Raises:
        InvalidConfig: A value is refused; the message names its key.

    """
    if cfg.model is None or "_target_" in cfg.model:
        raise InvalidConfig(
            "objective=lightgbm takes the parameters of LightGBM as its model, got "
            f"model._target_={cfg.model and cfg.model['_target_']}; try model=lightgbm, or "
            "objective=lightning"
        )
    lightgbm = import_lightgbm()
    with naming_group("data"):
        datamodule = instantiate(cfg.data)
    if not isinstance(datamodule, TabularDataModule):
        raise InvalidConfig(
            f"objective=lightgbm takes a TabularDataModule, got {cfg.data._target_}; try data=cubic"
        )
    check_metrics(cfg, _known_metrics(datamodule.task), datamodule=datamodule)
    _check_objective(cfg.model.get("objective"), datamodule.task)
    require_integer("objective.report_every", report_every, minimum=1, example=20)
    require_integer("model.num_iterations", cfg.model.num_iterations, minimum=1, example=2000)
    # LightGBM would take another number instead.
    require_seed("seed", cfg.seed, example=0, optional=True)
    if cfg.ckpt_path is not None:
        raise InvalidConfig("objective=lightgbm does not continue a model; try ckpt_path=null")
    params = {**parameters_of(cfg, datamodule), "verbosity": 0}
    _check_parameters(lightgbm, params, n_classes=len(datamodule.labels))


def _check_objective(objective: object, task: Task) -> None:
    """Raise InvalidArgument if LightGBM is told to predict something else than the data have."""
    fitting = OBJECTIVES.get(task)
    if fitting is not None:
        require_choice("model.objective", objective, fitting)
    elif objective in [name for names in OBJECTIVES.values() for name in names]:
        raise InvalidArgument("model.objective", "one for a target of numbers", objective, "l2")


def _known_metrics(task: Task) -> list[str]:
    parts = ("val", "train", "test")
    return [*(f"{part}/{name}" for part in parts for name in task.metrics), "rounds"]


def _check_parameters(lightgbm: Any, params: dict[str, Any], *, n_classes: int) -> None:
    said = _Said()
    lightgbm.register_logger(said)
    rows = np.arange(N_CHECKED, dtype=np.float64)
    try:
        with _without_stderr():
            y = rows % n_classes if n_classes else rows
            lightgbm.Booster(params, lightgbm.Dataset(rows[:, None], y, params=params))
    except lightgbm.basic.LightGBMError as error:
        raise InvalidConfig(_refusal(str(error), params)) from error
    if unknown := UNKNOWN.search("\n".join(said.lines)):
        raise InvalidConfig(f"LightGBM has no parameter {unknown[1]}; leave out model.{unknown[1]}")


class _Said:
    """What LightGBM would print."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, line: str) -> None:
        self.lines.append(line)

    warning = info


def _refusal(reason: str, params: dict[str, Any]) -> str:
    """Return LightGBM's refusal of a value, with a way out."""
    if (bound := BOUND.search(reason)) is None:
        return f"model: LightGBM refuses it: {' '.join(reason.split())}; try model=lightgbm alone"
    name, relation, limit = bound.groups()
    name = ALIASES.get(name, name)
    allowed = float(limit) + {">": 1, "<": -1}.get(relation, 0)
    return (
        f"model.{name} must be {relation} {limit}, got {params.get(name)}; "
        f"try model.{name}={allowed:g}"
    )


@contextlib.contextmanager
def _without_stderr() -> Iterator[None]:
    """Silence what LightGBM prints of what it raises, past Python and its own logger."""
    sys.stderr.flush()
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
