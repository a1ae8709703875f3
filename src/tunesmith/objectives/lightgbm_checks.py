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
from omegaconf import DictConfig, OmegaConf

from tunesmith.data import TabularDataModule
from tunesmith.errors import InvalidConfig
from tunesmith.extras import install_extra
from tunesmith.objectives.naming_group import naming_group
from tunesmith.validate import require_choice, require_integer

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


def parameters_of(cfg: DictConfig) -> dict[str, Any]:
    """Return the config's parameters as LightGBM takes them."""
    given: Any = OmegaConf.to_container(cfg.model, resolve=True)
    # The number of rounds is an argument of its own; what is watched is the squared error.
    params = {k: v for k, v in given.items() if v is not None and k != "num_iterations"}
    return {**params, "metric": "l2"}


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
    _check_metric(cfg)
    lightgbm = import_lightgbm()
    with naming_group("data"):
        datamodule = instantiate(cfg.data)
    if not isinstance(datamodule, TabularDataModule):
        raise InvalidConfig(
            f"objective=lightgbm takes a TabularDataModule, got {cfg.data._target_}; try data=cubic"
        )
    require_integer("objective.report_every", report_every, minimum=1, example=20)
    require_integer("model.num_iterations", cfg.model.num_iterations, minimum=1, example=2000)
    if cfg.ckpt_path is not None:
        raise InvalidConfig("objective=lightgbm does not continue a model; try ckpt_path=null")
    _check_parameters(lightgbm, {**parameters_of(cfg), "verbosity": 0})


def _check_metric(cfg: DictConfig) -> None:
    """Raise InvalidArgument for a metric that a fit does not return."""
    names = list(cfg.metric.name) if OmegaConf.is_list(cfg.metric.name) else [cfg.metric.name]
    known = ("val/mse", "val/rmse", "train/mse", "train/rmse", "test/mse", "test/rmse", "rounds")
    for name in names:
        require_choice("metric.name", name, known)


def _check_parameters(lightgbm: Any, params: dict[str, Any]) -> None:
    said = _Said()
    lightgbm.register_logger(said)
    rows = np.arange(N_CHECKED, dtype=np.float64)
    try:
        with _without_stderr():
            lightgbm.Booster(params, lightgbm.Dataset(rows[:, None], rows, params=params))
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
