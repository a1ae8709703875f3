"""Save a trial's config, so that the app runs it again with its own types and Hydra settings."""

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from tunesmith.commands import flag, typed
from tunesmith.overrides import plain_value
from tunesmith.paths import SearchPaths
from tunesmith.search.plan import Plan

_SWEEPER = "hydra/sweeper"
_SELF = "_self_"
# What names a config of an app, or an option of a group that is chosen over the app's own.
Default = str | dict[str, Any]


def is_of_any_app(plan: Plan) -> bool:
    """Return whether the configs are not this package's own, which say what no trial reads."""
    return plan.settings.unread is None


def config_of_app(
    cfg: DictConfig, overrides: Sequence[str], plan: Plan, loader: ConfigLoader
) -> str:
    """Return as YAML what an app composes to the same config as a trial's overrides.

    It starts from the app's primary config and chooses the same options, since a file alone tells
    nothing of types, and of Hydra's own settings. An app without a primary config gets the whole.
    What `beyond_schema` returns is left out.

    Args:
        cfg: The composed config of the trial, without Hydra's node.
        overrides: What it was composed with.
        plan: The search.
        loader: What composes configs.

    """
    defaults = chosen(overrides, plan, loader)
    if not defaults:
        return OmegaConf.to_yaml(cfg)
    head = {"defaults": [*defaults, _SELF], "hydra": {"mode": "RUN"}}
    body = _paths_as_text(OmegaConf.to_container(cfg))
    for line in beyond_schema(overrides, plan):
        _drop(body, _key(OverridesParser.create().parse_override(line)))
    return OmegaConf.to_yaml(OmegaConf.create(head)) + OmegaConf.to_yaml(OmegaConf.create(body))


def chosen(overrides: Sequence[str], plan: Plan, loader: ConfigLoader) -> list[Default]:
    """Return the app's primary config with the options that overrides choose.

    As the defaults list of another primary config; empty for an app without a primary config.
    """
    start = _started_from(plan)
    if not start:
        return []
    composed = loader.load_sweep_config(plan.config, list(overrides))
    groups = set(composed.hydra.runtime.choices)
    known = {name: entry for entry in start for name in [_group(entry)]}
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        group = _key(override)
        if group not in groups and not _is_dropped(override, plan):
            continue
        sign = "" if override.is_add() else "override "
        known[group] = {f"{sign}/{group}": None if override.is_delete() else plain_value(override)}
    return list(known.values())


def beyond_schema(overrides: Sequence[str], plan: Plan) -> list[str]:
    """Return the overrides that add a key to a typed part of an app's config.

    Only a command line can do that: a file with such a key is refused.
    """
    parse = OverridesParser.create().parse_override
    groups = plan.base.hydra.runtime.choices
    return [
        line
        for line in overrides
        if (override := parse(line)).is_add() or override.is_force_add()
        if (key := _key(override)) not in groups and _is_beyond(key, plan.base)
    ]


def next_defaults(plan: Plan, loader: ConfigLoader) -> list[Default]:
    """Return the defaults list of the next search, with this sweeper for any app."""
    if not is_of_any_app(plan):
        return [_started_from(plan)[0], {"override hparams_search": plan.search}]
    sweeper = f"override /{_SWEEPER}"
    kept = [one for one in chosen(plan.space.fixed, plan, loader) if sweeper not in one]
    return [*kept, {sweeper: plan.config.hydra.runtime.choices[_SWEEPER]}]


def _started_from(plan: Plan) -> list[Default]:
    """Return the defaults of the primary config: those of a next search lie in its file."""
    name = plan.config.hydra.job.config_name
    folder = flag(typed(), "--config-dir", "-cd")
    if name is None or folder is None or name != SearchPaths(Path(folder)).next_config.stem:
        return [] if name is None else [str(name)]
    saved: Any = OmegaConf.to_container(OmegaConf.load(SearchPaths(Path(folder)).next_config))
    return [entry for entry in saved["defaults"] if entry != _SELF]


def _key(override: Override) -> str:
    return str(override.get_key_element()).lstrip("+~")


def _is_beyond(key: str, cfg: DictConfig) -> bool:
    above, _, name = key.rpartition(".")
    parent = OmegaConf.select(cfg, above) if above else cfg
    kind = OmegaConf.get_type(parent)
    return OmegaConf.is_dict(parent) and kind is not dict and name not in OmegaConf.structured(kind)


def _drop(body: Any, key: str) -> None:
    above, _, name = key.partition(".")
    if name:
        _drop(body[above], name)
    else:
        del body[above]


def _paths_as_text(node: Any) -> Any:
    # The app's own schema makes paths of them again; YAML has no word for one.
    if isinstance(node, dict):
        return {key: _paths_as_text(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_paths_as_text(value) for value in node]
    return str(node) if isinstance(node, PurePath) else node


def _group(entry: Default) -> str:
    if isinstance(entry, str):
        return entry
    return next(iter(entry)).removeprefix("override ").lstrip("/")


def _is_dropped(override: Override, plan: Plan) -> bool:
    """Return whether an override leaves out a group of the app."""
    return override.is_delete() and _key(override) in plan.config.hydra.runtime.choices
