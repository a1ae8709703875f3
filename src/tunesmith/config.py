"""Read a composed config: as flat parameters, for the functions that it names, its resolvers."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

MODES = {"minimize": "min", "maximize": "max"}


def flat(cfg: DictConfig, *, without: Collection[str]) -> dict[str, Any]:
    """Return the resolved config as {'model.n_layers': 2, ...}; `without` names top-level keys."""
    return _flatten({key: _plain(cfg[key]) for key in cfg if key not in without})


def anchor_files(cfg: DictConfig, folder: Path) -> None:
    """Make each value absolute that names a file in `folder`, unless one works there already.

    Where `hydra.job.chdir` gives a job a folder of its own, what was typed is still meant.
    """
    if Path.cwd() == folder:
        return
    with read_write(cfg), open_dict(cfg):
        for key, value in flat(cfg, without=()).items():
            if isinstance(value, str) and value and (folder / value).is_file():
                OmegaConf.update(cfg, key, str(folder / value))


def resolve_function(path: str) -> Callable[..., Any]:
    """Return the function at a dotted path, if the execution whitelist allows it."""
    function: Callable[..., Any] = instantiate({"_target_": path, "_partial_": True})
    return function


def lightning_mode(direction: Any) -> Any:
    """Return Lightning's word for a metric's direction, which configs write as a resolver.

    Anything else is returned as it is: what is wrong with it is said where the metric is checked.
    """
    return MODES.get(direction, direction) if isinstance(direction, str) else direction


def job_log_handlers(*, _parent_: DictConfig) -> list[str]:
    """Return the handlers of a trial's messages: the log file, else what the user's logging has.

    Args:
        _parent_: The node `root` of Hydra's `job_logging`; `disabled` and `none` have no handlers.

    """
    handlers = _parent_._get_parent().get("handlers") or {}  # type: ignore[union-attr]
    return ["file"] if "file" in handlers else [str(name) for name in handlers]


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def _flatten(node: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for key, value in node.items():
        if isinstance(value, Mapping) and value:
            leaves |= _flatten(value, f"{prefix}{key}.")
        else:
            leaves[f"{prefix}{key}"] = value
    return leaves


# At the import: every command and worker imports this module before it resolves a config.
OmegaConf.register_resolver("lightning_mode", lightning_mode, replace=True)
OmegaConf.register_resolver("job_log_handlers", job_log_handlers, replace=True)
