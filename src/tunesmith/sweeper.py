"""The Hydra plug-in: `hydra/sweeper=optuna_study` hands a multirun over to a search."""

from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from hydra_plugins.hydra_optuna_sweeper.config import OptunaSweeperConf, TPESamplerConfig
from omegaconf import MISSING, DictConfig

from tunesmith.configs import register_group


@dataclass
class OptunaStudyConf(OptunaSweeperConf):
    """The stock plug-in's keys with our defaults, and our own.

    Attributes:
        sampler: What is instantiated to propose points.
        direction: `minimize`, `maximize`, or a list of these.
        storage: The URL of the study's database; None keeps the study in memory.
        n_trials: The study's total of complete and pruned trials.
        n_jobs: How many worker processes share the study.
        max_failure_rate: The largest share of failed attempts before the search stops.
        pruner: What is instantiated to prune trials by their intermediate values.
        terminator: What is instantiated to end a search that has stopped improving.
        timeout: Seconds after which no further trial is started.
        baseline: Whether the default config is trial 0.
        max_retries: How often a trial is attempted again after its process died.
        code_change: What to do if the user's code is not that of earlier trials: `refuse`,
            `continue` the study, or take a `new` one.

    """

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
    # Any: the stock plug-in knows its own samplers' keys only.
    sampler: Any = MISSING
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
    code_change: str = "refuse"


@dataclass
class DefaultTPESamplerConfig(TPESamplerConfig):
    """Optuna's own defaults; the stock plug-in pins two of them to older ones."""

    multivariate: bool | None = None  # type: ignore[assignment]
    constant_liar: bool = True


def _register() -> None:
    store = ConfigStore.instance()
    store.store(group="hydra/sweeper", name="optuna_study", node=OptunaStudyConf, replace=True)
    store.store(
        group="hydra/sweeper/sampler", name="tpe", node=DefaultTPESamplerConfig, replace=True
    )
    for group in ("pruner", "sampler", "terminator"):
        register_group(f"hydra/sweeper/{group}")


_register()


class OptunaStudySweeper(Sweeper):
    """Run a search: `hydra.sweeper.n_trials` finished trials of one Optuna study."""

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
