"""Read a composed config: as flat parameters, for the functions that it names, its resolvers."""

import os
import re
from collections.abc import Callable, Collection, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import OmegaConfBaseException

from tunesmith.commands import command
from tunesmith.errors import InvalidConfig
from tunesmith.paths import SearchPaths
from tunesmith.scores import MAXIMIZED, Task
from tunesmith.versions import has_whitelist, instantiate, register_resolver

MODES = {"minimize": "min", "maximize": "max"}


def check_is_read(cfg: DictConfig) -> None:
    """Raise InvalidConfig for keys of the user's own files that nothing would read."""
    if OmegaConf.is_dict(cfg.get("experiment")) and cfg.experiment:
        raise InvalidConfig(
            "the chosen experiment sets experiment.KEY, which nothing reads; "
            "write # @package _global_ as its first line"
        )
    for key in map(str, cfg):
        if "." in key:
            instead = key.replace(".", ": {", 1)
            raise InvalidConfig(f"a file has {key!r} as one key; write {instead}: VALUE}}")


def flat(cfg: DictConfig, *, without: Collection[str]) -> dict[str, Any]:
    """Return the resolved config as {'model.n_layers': 2, ...}; `without` names top-level keys."""
    return _flatten({key: _plain(cfg[key]) for key in cfg if key not in without})


def has_key(cfg: DictConfig, key: str) -> bool:
    """Return whether a config has a dotted key, whatever its value is."""
    absent = object()
    return OmegaConf.select(cfg, key, default=absent) is not absent


def comparable(cfg: DictConfig, *, without: Collection[str]) -> dict[str, Any]:
    """Return what `flat` does, to be compared with that of another time, folder or machine.

    A value that is the time, Hydra's own or one of `without` counts as it is written.

    Args:
        cfg: The composed config.
        without: Names of top-level keys.

    """
    passing = re.compile(rf"\$\{{(now:|hydra:|({'|'.join(map(re.escape, without))})[.}}])")
    kept = {key: value for key, value in _comparable(cfg, passing).items() if key not in without}
    return _flatten(kept)


def _comparable(node: DictConfig, passing: re.Pattern[str]) -> dict[str, Any]:
    written: Any = OmegaConf.to_container(node, resolve=False)
    values = {}
    for key, text in written.items():
        if OmegaConf.is_missing(node, key) or (isinstance(text, str) and passing.search(text)):
            values[str(key)] = text
            continue
        try:
            value = node[key]
            is_node = OmegaConf.is_dict(value) and value is not None
            values[str(key)] = _comparable(value, passing) if is_node else _plain(value)
        except OmegaConfBaseException:
            values[str(key)] = text  # It has no value outside of a job.
    return values


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
    # An app without a whitelist trusts its configs.
    trusted = ("tunesmith.*",) if has_whitelist() else ("tunesmith.*", path)
    node = {"_target_": path, "_partial_": True}
    function: Callable[..., Any] = instantiate(node, trusted=trusted)
    return function


def told_of_data(target: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a model is told of its data: what the function or class at a dotted path takes.

    Args:
        target: The dotted path.
        known: What the data module knows, by the names of arguments.

    """
    parameters = signature(resolve_function(target)).parameters
    if any(parameter.kind == parameter.VAR_KEYWORD for parameter in parameters.values()):
        return dict(known)
    return {name: known[name] for name in known if name in parameters}


def lightning_mode(direction: Any) -> Any:
    """Return Lightning's word for a metric's direction, which configs write as a resolver.

    Anything else is returned as it is: what is wrong with it is said where the metric is checked.
    """
    return MODES.get(direction, direction) if isinstance(direction, str) else direction


def of_task(of_numbers: Any, of_classes: Any, of_many: Any = None, *, _root_: Any) -> Any:
    """Return what goes with the kind of problem that the config's data pose, which may be read.

    Args:
        of_numbers: What goes with a target of numbers, and with data that do not say.
        of_classes: What goes with classes.
        of_many: What goes with more than two of them; the same unless given.
        _root_: The whole config.

    """
    match _task(_root_.get("data")):
        case Task.REGRESSION:
            return of_numbers
        case Task.MULTICLASS if of_many is not None:
            return of_many
        case _:
            return of_classes


def _task(data: Any) -> str:
    if not OmegaConf.is_dict(data) or data is None:
        return Task.REGRESSION
    # What is typed is not all: of two classes even a multiclass task is a binary one.
    if data.get("task") in (None, Task.REGRESSION):
        return Task.REGRESSION
    try:
        task: Task = instantiate(data).task
    except Exception:  # What is wrong with the data is said where they are checked.
        return Task.REGRESSION
    return task


def direction_of(metric: Any) -> Any:
    """Return in which direction a metric of that name is better; a list of them for a list.

    >>> direction_of("val/accuracy")
    'maximize'

    """
    if OmegaConf.is_list(metric):
        return [direction_of(name) for name in metric]
    return "maximize" if str(metric).rpartition("/")[2] in MAXIMIZED else "minimize"


def is_given(key: str, *, _root_: Any) -> bool:
    """Return whether a config has a value other than null at a dotted key."""
    return OmegaConf.select(_root_, key) is not None


def job_log_handlers(*, _parent_: DictConfig) -> list[str]:
    """Return the handlers of a trial's messages: the log file, else what the user's logging has.

    Args:
        _parent_: The node `root` of Hydra's `job_logging`; `disabled` and `none` have no handlers.

    """
    handlers = _parent_._get_parent().get("handlers") or {}  # type: ignore[union-attr]
    return ["file"] if "file" in handlers else [str(name) for name in handlers]


def search_log(folder: str) -> str:
    """Return the log file of the search in `folder`; nothing is kept while there is no folder."""
    paths = SearchPaths(Path(folder))
    return str(paths.log.absolute()) if paths.folder.is_dir() else os.devnull


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
register_resolver("lightning_mode", lightning_mode)
register_resolver("of_task", of_task)
register_resolver("direction_of", direction_of)
register_resolver("is_given", is_given)
register_resolver("program", command)
register_resolver("search_log", search_log)
register_resolver("job_log_handlers", job_log_handlers)
