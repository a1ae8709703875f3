"""What a sweeper hands over to a search."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from omegaconf import OmegaConf

from tunesmith.search.settings import Settings, read_settings
from tunesmith.sweeper import OptunaStudyConf

# The defaults of any app, with what Hydra chooses for groups, and no storage beside it.
DEFAULTS: dict[str, Any] = {
    field.name: getattr(OptunaStudyConf(), field.name)
    for field in fields(OptunaStudyConf)
    if field.name not in ("defaults", "_target_", "_recursive_")
} | {
    "sampler": OmegaConf.create({"_target_": "optuna.samplers.RandomSampler"}),
    "terminator": OmegaConf.create({"_target_": None}),
    "default_storage": "memory",
}


def settings_of(values: Mapping[str, Any]) -> Settings:
    """The settings that a sweeper's keys make."""
    return read_settings(OmegaConf.create({"hydra": {"sweep": {"dir": "multirun"}}}), values)
