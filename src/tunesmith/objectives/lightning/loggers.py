"""Make the loggers that a config names, and see beforehand whether they can be made."""

from inspect import signature
from typing import Any

from hydra.utils import instantiate
from lightning.pytorch.loggers import Logger
from lightning_utilities.core.imports import RequirementCache
from omegaconf import DictConfig, OmegaConf

from tunesmith.errors import InvalidArgument, InvalidConfig
from tunesmith.group_mistakes import naming_group


def build_loggers(nodes: DictConfig, folder: str) -> list[Logger]:
    """Return loggers that write into the run's folder unless their node names a `save_dir`."""
    return [make(**given) for make, given in (_prepared(node, folder) for node in nodes.values())]


def check_loggers(nodes: Any) -> None:
    """Refuse loggers that cannot be made, without making one: some would begin a record.

    Args:
        nodes: The config's `loggers`, by name.

    Raises:
        InvalidConfig: A package is missing, or an argument is; the message names the logger.

    """
    _require_nodes("loggers", nodes)
    for key, node in nodes.items():
        name = f"loggers.{key}"
        _require_nodes(name, node)
        with naming_group(name):
            make, given = _prepared(node, folder="")
        kind = getattr(make, "func", make)
        if (missing := _missing_package(kind)) is not None:
            raise InvalidConfig(f"{name} cannot be imported: {missing}")
        try:
            signature(kind).bind(*make.args, **{**make.keywords, **given})
        except TypeError as error:
            raise InvalidConfig(
                f"{name} cannot be created: {error}; "
                f"try {name}.KEY=VALUE with the arguments of {node._target_}"
            ) from error


def _require_nodes(name: str, node: object) -> None:
    if not OmegaConf.is_dict(node):
        raise InvalidArgument(
            name,
            "a node with a _target_ for each logger" if name == "loggers" else "a node",
            node,
            way_out="try +loggers.csv._target_=lightning.pytorch.loggers.CSVLogger",
        )


def _prepared(node: DictConfig, folder: str) -> tuple[Any, dict[str, str]]:
    make = instantiate(node, _partial_=True)
    kind = getattr(make, "func", make)
    here = "save_dir" in signature(kind).parameters and "save_dir" not in node
    return make, {"save_dir": folder} if here else {}


def _missing_package(kind: type) -> str | None:
    """Return what Lightning says of the packages that its loggers look for as they are made."""
    sought = [
        required
        for base in getattr(kind, "__mro__", ())
        if (code := getattr(base.__dict__.get("__init__"), "__code__", None)) is not None
        for name in code.co_names
        if isinstance(required := base.__init__.__globals__.get(name), RequirementCache)
    ]
    return str(sought[0]) if sought and not any(sought) else None
