"""Refuse a metric that nothing logs, as far as a module or its source tell."""

from collections.abc import Callable, Iterator
from functools import partial

from lightning.pytorch import LightningDataModule, LightningModule
from omegaconf import DictConfig, OmegaConf

from tunesmith.errors import InvalidArgument, nearest
from tunesmith.objectives.lightning.logged_names import can_log, is_listed, texts_like_names
from tunesmith.objectives.metrics import check_metrics, metric_names

# Metrics of every fit, whatever its model logs: known at its end.
COMPUTED = ("model/parameters", "best_epoch", "epochs")
# What Lightning itself gives to watch, and its LearningRateMonitor.
_COUNTERS, _RATES = {"epoch", "step"}, "lr-"


def check_logged(cfg: DictConfig, model: LightningModule, datamodule: LightningDataModule) -> None:
    """Raise InvalidConfig for a metric that is optimized, or watched, and that nothing logs.

    A module may list all that it logs as its `metric_names`.

    Args:
        cfg: The whole composed config.
        model: Its module.
        datamodule: Its data.

    """
    targets = [str(node.get("_target_")) for node in cfg.callbacks.values() if node is not None]
    if not all(target.startswith("lightning.") for target in targets):
        return  # A callback of the user's own may log as well.
    names, kind = getattr(model, "metric_names", None), type(model)
    if isinstance(names, list):
        check_metrics(cfg, [*names, *COMPUTED], datamodule=datamodule)
        logs: Callable[[str], bool] = partial(is_listed, names)
    else:
        logs, names = partial(can_log, kind), texts_like_names(kind)
    for name in metric_names(cfg):
        if name not in COMPUTED and not logs(name):
            raise _not_logged("metric.name", name, kind, names)
    for key, name in _watched(cfg):
        if not (name in _COUNTERS or name.startswith(_RATES) or logs(name)):
            raise _not_logged(key, name, kind, names)


def _watched(cfg: DictConfig) -> Iterator[tuple[str, str]]:
    """Yield the key and the metric of each callback that watches one."""
    for name, node in cfg.callbacks.items():
        monitor = node.get("monitor") if OmegaConf.is_dict(node) else None
        if isinstance(monitor, str):
            yield f"callbacks.{name}.monitor", monitor


def _not_logged(key: str, name: str, kind: type, names: list[str]) -> InvalidArgument:
    known = [text for text in names if text.startswith(("val/", "val_"))] or names
    close = nearest(name, known).partition(",")[0] or "val/loss"
    return InvalidArgument(key, f"a metric that {kind.__name__} logs", name, close)
