"""LightGBM's parameters for a kind of problem, and its names of the metrics."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from tunesmith.data import TabularDataModule
from tunesmith.objectives.metrics import metric_names
from tunesmith.scores import Task

# What LightGBM computes in each round, by our names; `log_loss` has one name for each task.
_OF_NUMBERS = {"mse": "l2", "mae": "l1"}
_OF_TWO = {
    "log_loss": "binary_logloss",
    "roc_auc": "auc",
    "average_precision": "average_precision",
}
_OF_MANY = {"log_loss": "multi_logloss"}
NATIVE = {
    Task.REGRESSION: _OF_NUMBERS,
    Task.BINARY: _OF_TWO,
    Task.MULTICLASS: _OF_MANY,
}
OUR_NAMES = {native: ours for names in NATIVE.values() for ours, native in names.items()}
# From how many rows the bins of a column are made, at least and at most; LightGBM takes the latter.
_FEW_FOR_BINS, _MANY_FOR_BINS = 20_000, 200_000
# What of LightGBM's objectives predicts classes.
OBJECTIVES = {
    Task.BINARY: ("binary", "cross_entropy", "xentropy"),
    Task.MULTICLASS: ("multiclass", "softmax", "multiclassova", "multiclass_ova", "ova", "ovr"),
}


def parameters_of(cfg: DictConfig, datamodule: TabularDataModule) -> dict[str, Any]:
    """Return the config's parameters as LightGBM takes them.

    What is watched in each round, and ends the fit, is `model.metric` if it is given; else the
    metric that is optimized if LightGBM computes it, else the loss of the task.
    """
    given: Any = OmegaConf.to_container(cfg.model, resolve=True)
    # The number of rounds is an argument of its own.
    params = {k: v for k, v in given.items() if v is not None and k != "num_iterations"}
    if datamodule.task is Task.MULTICLASS:
        params = {"num_class": len(datamodule.labels), **params}
    return {"metric": _watched(cfg, datamodule.task), "first_metric_only": True, **params}


def parameters_of_fit(cfg: DictConfig, datamodule: TabularDataModule) -> dict[str, Any]:
    """Return `parameters_of`, with what depends on the training rows."""
    rows_for_bins = _rows_for_bins(len(datamodule.train[1]))
    # By its other name, so that a user's goes before it by either.
    return {"subsample_for_bin": rows_for_bins, **parameters_of(cfg, datamodule)}


def _rows_for_bins(n_rows: int) -> int:
    """Return from how many rows bins are made: a third, which take as much as all rows do.

    LightGBM holds 12 bytes for each of their values at once; a row's own takes 4.
    """
    return min(max(n_rows // 3, _FEW_FOR_BINS), _MANY_FOR_BINS)


def _watched(cfg: DictConfig, task: Task) -> list[str]:
    native = NATIVE[task]
    loss = native[task.metrics[0]]
    wanted = [str(name).removeprefix("val/") for name in metric_names(cfg)]
    found = native.get(wanted[0], loss) if len(wanted) == 1 else loss
    return list(dict.fromkeys([found, loss]))


def not_watched(cfg: DictConfig, datamodule: TabularDataModule) -> str | None:
    """Return the metric that is optimized where LightGBM does not compute it for all rows alike."""
    names = metric_names(cfg)
    part, _, name = str(names[0]).rpartition("/")
    if len(names) > 1 or part != "val" or name not in datamodule.task.metrics:
        return None
    # The root is taken of what it computes.
    native = {*NATIVE[datamodule.task], "rmse"}
    is_computed = name in native and datamodule.class_weights is None
    # Told otherwise, LightGBM computes only that.
    return None if is_computed and "metric" not in cfg.model else name
