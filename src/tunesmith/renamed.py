"""Names that have changed since release 0.1.0: saved configs keep working, and so do fingerprints.

A config that was saved with old names is brought up to date before anything reads it, with one line
that says so. A fingerprint goes the other way: it is taken of the config as release 0.1.0 would
have written it, so that the same command still continues a study that was begun then.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from tunesmith.config import MODES


@dataclass(frozen=True)
class Renamed:
    """A `_target_` that has another name now.

    Attributes:
        old: Its name in 0.1.0.
        new: Its name today.
        gone: Keys that stood beside it, with the values that no node needs any more.
        added: Keys that stand beside it since, with the values that mean the same as before.
        found: Keys that are null by default since, with the defaults that they had.
        told: Keys that stand beside it since, whose values are told elsewhere in a fingerprint.
        node: The only place in the config where it is ours; empty for any place.

    """

    old: str
    new: str
    gone: Mapping[str, Any] = field(default_factory=dict)
    added: Mapping[str, Any] = field(default_factory=dict)
    found: Mapping[str, Any] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    node: str = ""


TARGETS = (
    Renamed(
        "tunesmith.objectives.lightning.fit",
        "tunesmith.objectives.Lightning",
        gone={
            "check": "tunesmith.objectives.lightning.check",
            "restore": "tunesmith.objectives.restore.restore",
        },
    ),
    Renamed(
        "tunesmith.objectives.lightgbm.fit",
        "tunesmith.objectives.LightGBM",
        gone={
            "check": "tunesmith.objectives.lightgbm.check",
            "restore": "tunesmith.objectives.lightgbm.restore",
        },
    ),
    Renamed(
        "tunesmith.objectives.function.evaluate",
        "tunesmith.objectives.OptunaFile",
        gone={"check": "tunesmith.objectives.function.check"},
    ),
    Renamed("tunesmith.objectives.quadratic.evaluate", "tunesmith.objectives.quadratic"),
    Renamed(
        "tunesmith.data.table.TableDataModule",
        "tunesmith.data.TableDataModule",
        added={
            "sheet": None,
            "strict": False,
            "positive": None,
            "class_weight": None,
            "split": None,
            "group": None,
            "time": None,
            "test_path": None,
            "folds": None,
            "fold": None,
            "train_on": "train",
            "categories": "onehot",
        },
        # By the metric, which is of numbers or of classes; by the seed.
        told=("task", "fold_seed"),
        found={"encoding": "utf-8", "decimal": "."},
    ),
    Renamed("tunesmith.models.schedules.constant", "tunesmith.models.constant_schedule"),
    Renamed("tunesmith.models.schedules.cosine", "tunesmith.models.cosine_schedule"),
    Renamed("tunesmith.models.schedules.one_cycle", "tunesmith.models.one_cycle_schedule"),
    Renamed(
        "tunesmith.study.fitting_pruner",
        "tunesmith.study.default_pruner",
        told=("direction", "folds"),
    ),
    Renamed(
        "tunesmith.objectives.callbacks.StopEarly",
        "lightning.pytorch.callbacks.EarlyStopping",
        node="callbacks.early_stopping",
    ),
    Renamed(
        "tunesmith.objectives.callbacks.KeepBest",
        "lightning.pytorch.callbacks.ModelCheckpoint",
        added={"filename": "best", "enable_version_counter": False},
        node="callbacks.checkpoint",
    ),
)
# Keys of the config that are younger than 0.1.0: at these values a trial computes what it did.
LATER_KEYS: Mapping[str, Any] = {}

_TARGET = "_target_"


def bring_up_to_date(cfg: DictConfig) -> None:
    """Give the nodes of a composed config their names of today, in place.

    Says so once for each name that has changed.
    """
    by_old = {renamed.old: renamed for renamed in TARGETS}
    for path, target in _targets(OmegaConf.to_container(cfg, resolve=False)):
        if (renamed := by_old.get(target)) is not None:
            say_renamed(renamed.old, renamed.new)
            _rename(OmegaConf.select(cfg, path), renamed)


def as_in_0_1_0(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a flat config, {'model.n_layers': 2, ...}, in the names of release 0.1.0."""
    old = {k: v for k, v in config.items() if LATER_KEYS.get(k, _ABSENT) != v}
    by_new = {renamed.new: renamed for renamed in TARGETS}
    for key, value in config.items():
        node, _, last = key.rpartition(".")
        renamed = by_new.get(value) if last == _TARGET and isinstance(value, str) else None
        if renamed is not None and renamed.node in ("", node):
            _restore(old, node, renamed)
    return old


_ABSENT = object()


def _restore(flat: dict[str, Any], node: str, renamed: Renamed) -> None:
    prefix = f"{node}." if node else ""
    flat[f"{prefix}{_TARGET}"] = renamed.old
    flat |= {f"{prefix}{key}": value for key, value in renamed.gone.items()}
    for key, value in renamed.added.items():
        if flat.get(f"{prefix}{key}", _ABSENT) == value:
            del flat[f"{prefix}{key}"]
    for key, value in renamed.found.items():
        if flat.get(f"{prefix}{key}", _ABSENT) is None:
            flat[f"{prefix}{key}"] = value
    for key in renamed.told:
        flat.pop(f"{prefix}{key}", None)
    if renamed.node and f"{prefix}mode" in flat:
        directions = {mode: direction for direction, mode in MODES.items()}
        mode = flat.pop(f"{prefix}mode")
        flat[f"{prefix}direction"] = directions.get(mode, mode)


def _rename(node: DictConfig, renamed: Renamed) -> None:
    with read_write(node), open_dict(node):
        node[_TARGET] = renamed.new
        for key, value in renamed.gone.items():
            if key in node and node[key] == value:
                del node[key]
        if renamed.node:
            direction = node.pop("direction", "minimize")
            node.mode = MODES.get(direction, direction)
            for key, value in renamed.added.items():
                node.setdefault(key, value)


def _targets(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield where each `_target_` of a config stands, and what it names."""
    if not isinstance(node, Mapping):
        return
    if isinstance(node.get(_TARGET), str):
        yield path, node[_TARGET]
    for key, value in node.items():
        yield from _targets(value, f"{path}.{key}" if path else str(key))


@cache
def say_renamed(old: str, new: str) -> None:
    """Say, once a process, that a name has changed."""
    print(f"{old} is now {new}; the old name keeps working until 0.3", file=sys.stderr)


class RenamedConfig(Callback):
    """A Hydra callback that tells users of a renamed config file its new name, on stderr.

    The file under the old name starts from the new one and adds this callback.

    Args:
        old: The file's old name, as a list of defaults has it.
        new: Its new name.

    Example:
        In `conf/model/net.yaml`, whose content has moved to `conf/model/mlp.yaml`:

        # @package _global_
        defaults:
          - /model/mlp
        hydra:
          callbacks:
            renamed: {_target_: tunesmith.RenamedConfig, old: /model/net, new: /model/mlp}

    """

    def __init__(self, *, old: str, new: str) -> None:
        self._names = f"the config {old}", new

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Print the message before a single run."""
        say_renamed(*self._names)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Print the message before a multirun."""
        say_renamed(*self._names)
