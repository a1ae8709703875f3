"""The Hydra plug-in: `hydra/sweeper=optuna_study` hands a multirun over to a search."""

from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from hydra_plugins.hydra_optuna_sweeper.config import OptunaSweeperConf, TPESamplerConfig
from omegaconf import DictConfig


@dataclass
class OptunaStudyConf(OptunaSweeperConf):
    """The stock plug-in's keys with our defaults, and our own."""

    _target_: str = "tunesmith.sweeper.OptunaStudySweeper"
    # _self_ first: the dataclass's own null would win over the chosen pruner otherwise.
    defaults: list[Any] = field(
        default_factory=lambda: [
            "_self_",
            {"sampler": "tpe"},
            {"pruner": "auto"},
            {"terminator": "none"},
        ]
    )
    direction: Any = "${metric.direction}"
    storage: Any | None = "${storage.url}"
    n_trials: int = 100
    n_jobs: int = 1
    max_failure_rate: float = 0.5
    pruner: Any | None = None
    terminator: Any | None = None
    timeout: float | None = None
    baseline: bool = True
    max_retries: int = 2


@dataclass
class DefaultTPESamplerConfig(TPESamplerConfig):
    """Optuna's own defaults; the stock plug-in pins two of them to older ones."""

    multivariate: bool | None = None  # type: ignore[assignment]
    constant_liar: bool = True


PRUNERS: dict[str, dict[str, Any]] = {
    "auto": {
        "_target_": "tunesmith.study.default_pruner",
        "metric": "${metric.name}",
        "repeat": "${repeat}",
        # Measured on `mlp` (benchmarks/search_quality.py): about a third of the epochs.
        "percentile": 40.0,
        # Three repetitions that all lose to the best trial's (p = 0.125) are enough. Measured on
        # `mlp` with five: two thirds of the repetitions, and no winner missed.
        "p_threshold": 0.15,
    },
    "none": {"_target_": "optuna.pruners.NopPruner"},
    "median": {
        "_target_": "optuna.pruners.MedianPruner",
        "n_startup_trials": 5,
        "n_warmup_steps": 0,
        "interval_steps": 1,
        "n_min_trials": 1,
    },
    "percentile": {
        "_target_": "optuna.pruners.PercentilePruner",
        "percentile": 40.0,
        "n_startup_trials": 5,
        "n_warmup_steps": 0,
        "interval_steps": 1,
        "n_min_trials": 1,
    },
    "hyperband": {
        "_target_": "optuna.pruners.HyperbandPruner",
        "min_resource": 1,
        "max_resource": "auto",
        "reduction_factor": 3,
        "bootstrap_count": 0,
    },
    "successive_halving": {
        "_target_": "optuna.pruners.SuccessiveHalvingPruner",
        "min_resource": "auto",
        "reduction_factor": 4,
        "min_early_stopping_rate": 0,
        "bootstrap_count": 0,
    },
    "wilcoxon": {
        "_target_": "optuna.pruners.WilcoxonPruner",
        "p_threshold": 0.15,
        "n_startup_steps": 2,
    },
}


TERMINATORS: dict[str, dict[str, Any]] = {
    "none": {"_target_": None},
    # So many complete trials without a better one.
    "stagnation": {
        "_target_": "tunesmith.study.Stagnation",
        "max_stagnation_trials": 30,
        "min_n_trials": 20,
    },
}


def _register() -> None:
    store = ConfigStore.instance()
    store.store(group="hydra/sweeper", name="optuna_study", node=OptunaStudyConf, replace=True)
    store.store(
        group="hydra/sweeper/sampler", name="tpe", node=DefaultTPESamplerConfig, replace=True
    )
    for name, node in PRUNERS.items():
        store.store(group="hydra/sweeper/pruner", name=name, node=node, replace=True)
    for name, node in TERMINATORS.items():
        store.store(group="hydra/sweeper/terminator", name=name, node=node, replace=True)


_register()


class OptunaStudySweeper(Sweeper):
    """Runs a search: `hydra.sweeper.n_trials` finished trials of one Optuna study."""

    def __init__(self, **settings: Any) -> None:
        self._settings = settings

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Take what Hydra hands over."""
        self._hydra_context = hydra_context
        self._task_function = task_function
        self._config = config

    def sweep(self, arguments: list[str]) -> None:
        """Search; `arguments` are the command line's overrides of the task's config."""
        from tunesmith.search import run_search  # here: single runs must not pay for Optuna

        run_search(
            self._config,
            settings=self._settings,
            arguments=arguments,
            hydra_context=self._hydra_context,
            task_function=self._task_function,
        )
