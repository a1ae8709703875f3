"""What a sweeper hands over to a search."""

from typing import Any

from omegaconf import OmegaConf

DEFAULTS: dict[str, Any] = {
    "sampler": OmegaConf.create({"_target_": "optuna.samplers.RandomSampler"}),
    "pruner": None,
    "terminator": OmegaConf.create({"_target_": None}),
    "direction": "minimize",
    "storage": "sqlite:///optuna.db",
    "study_name": None,
    "n_trials": 100,
    "n_jobs": 1,
    "params": None,
    "custom_search_space": None,
    "max_failure_rate": 0.5,
    "max_retries": 2,
    "code_change": "refuse",
    "timeout": None,
    "baseline": True,
}
