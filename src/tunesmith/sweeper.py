"""The Hydra plug-in: `hydra/sweeper=optuna_study` hands a multirun over to a search."""

from dataclasses import dataclass, field
from enum import StrEnum
from importlib.util import find_spec
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import ConfigTypeError

from tunesmith.configs import register_group
from tunesmith.samplers import STOCK_SAMPLERS, TPE_DEFAULT
from tunesmith.versions import register_resolver

# What a search says first.
FIRST_SIGN = "Checking the space ..."
_OURS, _STOCK_FILE = (
    f"hydra_plugins.tunesmith_plugin.{name}" for name in ("OptunaStudySweeper", "StockFileSweeper")
)
# What a file may write as the sweeper's `_target_`, and the class that it gets: those written for
# the stock plug-in name its class beside the group.
Target = StrEnum(  # type: ignore[misc]
    "Target",
    {
        _OURS: _OURS,
        "tunesmith.sweeper.OptunaStudySweeper": _OURS,
        _STOCK_FILE: _STOCK_FILE,
        "hydra_plugins.hydra_optuna_sweeper.optuna_sweeper.OptunaSweeper": _STOCK_FILE,
    },
)
# The launchers that presets of ours are based on, by the plug-ins that bring them.
_LAUNCHERS = {
    "hydra_submitit_launcher": {
        "submitit_slurm": "submitit_launcher.SlurmLauncher",
        "submitit_local": "submitit_launcher.LocalLauncher",
    },
    "hydra_ray_launcher": {"ray": "ray_launcher.RayLauncher"},
}


@dataclass
class OptunaStudyConf:
    """A search in any Hydra app: nothing is read of its config.

    The first keys are the stock plug-in's, with our defaults.

    Attributes:
        sampler: What is instantiated to propose points.
        direction: `minimize`, `maximize`, or a list of these.
        storage: The URL of the study's database; None for `default_storage`.
        study_name: The study's name; None for one that tells the search by its content.
        n_trials: The study's total of complete and pruned trials.
        n_jobs: How many worker processes share the study.
        max_failure_rate: The largest share of failed attempts before the search stops.
        params: The search space in Hydra's sweep grammar, by key.
        custom_search_space: The dotted path of a function that suggests further parameters.
        pruner: What is instantiated to prune trials by their intermediate values.
        terminator: What is instantiated to end a search that has stopped improving.
        timeout: Seconds after which no further trial is started.
        baseline: Whether the default config is trial 0.
        max_retries: How often a trial is attempted again after its process died.
        code_change: What to do if the user's code is not that of earlier trials: `refuse`,
            `continue` the study, or take a `new` one.
        default_storage: Where the study lies if `storage` is None: `file`, beside the app's
            sweeps, or `memory`.
        metric: What the values are called: a name, or one for each direction.
        prune: Whether `pruner` is asked.
        dry_run: Whether the search is only described.
        worker_only: Whether this command is a worker of a search that another one begins and
            reports, on this machine or another.
        check: The dotted path of a function that takes a composed config and refuses it.
        restore: The dotted path of a function that takes a composed config and a run's folder,
            and returns the fitted model.
        unread: The dotted path of a function that takes a composed config and returns its
            top-level keys that no trial reads; the winner's config goes without them.
        summary: The dotted path of a function that takes a composed config and returns what a user
            is told of its data before the first trial; empty for nothing.
        references: The dotted path of a function that takes a composed config and returns the
            metrics of models that the winner is compared with: {name: {metric: value}}.
        tracking: What is instantiated to record trials in a tracking store.
        refit: Whether the winner is run once more at the end.
        repeat: How often a trial repeats its fit, as far as the pruner has to know.
        folds: In how many folds each of them is computed, for the pruner too.
        max_epochs: How many epochs a trial trains unless it is pruned.
        confirm: How many of the best trials are run again (`n_best`), on how many new seeds
            (`n_seeds`), and with which further `overrides`; None for none. Needs `seed_key`.
        seed_key: The key of the app's config that holds the seed.
        threads_key: The key that holds the number of CPU threads, where a worker is to set it.
        drawn_key: The key that holds what a trial draws by itself.
        ignored_keys: Top-level keys of the app's config that change no value of a trial.
        search_space: A key of earlier releases of the stock plug-in: refused, with what to write
            instead.
        optuna_config: Another such key.

    """

    _target_: Target = Target[_OURS]
    # Hydra 1.3 would make the sampler and all else before the sweeper.
    _recursive_: bool = False
    # _self_ first: the dataclass's own null would win over the chosen pruner otherwise.
    defaults: list[Any] = field(
        default_factory=lambda: [
            "_self_",
            {"sampler": "tpe_default"},
            {"pruner": "auto"},
            {"terminator": "none"},
        ]
    )
    sampler: Any = MISSING
    direction: Any = "minimize"
    storage: Any | None = None
    study_name: str | None = None
    n_trials: int = 100
    n_jobs: int = 1
    max_failure_rate: float = 0.5
    params: Any | None = None
    custom_search_space: str | None = None
    pruner: Any | None = None
    terminator: Any | None = None
    timeout: float | None = None
    baseline: bool = True
    max_retries: int = 2
    code_change: str = "refuse"
    default_storage: str = "file"
    metric: Any | None = None
    prune: Any = True
    dry_run: Any = False
    worker_only: bool = False
    check: str | None = None
    restore: str | None = None
    unread: str | None = None
    summary: str | None = None
    references: str | None = None
    tracking: Any | None = None
    refit: Any = False
    repeat: Any = 1
    folds: Any | None = None
    max_epochs: Any | None = None
    confirm: Any | None = None
    seed_key: str | None = None
    threads_key: str | None = None
    drawn_key: str | None = None
    ignored_keys: Any = field(default_factory=lambda: ["logger", "loggers", "paths", "tags"])
    search_space: Any | None = None
    optuna_config: Any | None = None


@dataclass
class ExperimentConf(OptunaStudyConf):
    """A search in this package's own configs: what they say elsewhere fills the sweeper's keys."""

    direction: Any = "${of_experiment:metric.direction}"
    storage: Any | None = "${of_experiment:storage.url}"
    default_storage: str = "memory"
    metric: Any | None = "${of_experiment:metric.name}"
    prune: Any = "${of_experiment:prune}"
    dry_run: Any = "${of_experiment:dry_run}"
    check: str | None = "tunesmith.check.check_config"
    restore: str | None = "tunesmith.objectives.restore_model"
    unread: str | None = "tunesmith.objectives.unread_groups"
    summary: str | None = "tunesmith.objectives.summarize_data"
    references: str | None = "tunesmith.objectives.score_references"
    tracking: Any | None = "${of_experiment:tracking}"
    refit: Any = "${of_experiment:refit}"
    repeat: Any = "${of_experiment:repeat}"
    folds: Any | None = "${oc.select:data.folds,null}"
    max_epochs: Any | None = "${oc.select:trainer.max_epochs,null}"
    confirm: Any | None = field(
        default_factory=lambda: {
            "n_best": "${oc.select:confirm.n_best,0}",
            "n_seeds": "${oc.select:confirm.n_seeds,0}",
            "overrides": ["repeat=1", "keep_model=true"],
        }
    )
    seed_key: str | None = "seed"
    threads_key: str | None = "n_threads"
    drawn_key: str | None = "objective.params"
    ignored_keys: Any = field(
        default_factory=lambda: [
            *("storage", "tracking", "paths", "tags", "loggers"),
            *("refit", "refit_rows", "confirm", "dry_run", "keep_model"),
        ]
    )


class StudySweeper(Sweeper):
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
        # here: single runs must not pay for Optuna
        from tunesmith.search import is_rank, is_worker

        if not (is_rank() or is_worker()):
            # At once: the libraries that the check needs take seconds to load.
            print(FIRST_SIGN, flush=True)
        from tunesmith.config import flat
        from tunesmith.explain import ending_in_one_line
        from tunesmith.search import run_rank, run_search

        with ending_in_one_line(lambda: list(flat(self._config, without=("hydra",)))):
            if is_rank():
                run_rank(
                    self._config,
                    hydra_context=self._hydra_context,
                    task_function=self._task_function,
                )
                return
            run_search(
                self._config,
                settings=self._settings,
                arguments=arguments,
                hydra_context=self._hydra_context,
                task_function=self._task_function,
            )


def _of_experiment(key: str, *, _root_: Any) -> Any:
    """Return a value of the app's config; None where it is no experiment of this package."""
    try:
        return OmegaConf.select(_root_, key)
    except ConfigTypeError:
        return None


def _register() -> None:
    register_resolver("of_experiment", _of_experiment)
    store = ConfigStore.instance()
    store.store(group="hydra/sweeper", name="optuna_study", node=OptunaStudyConf)
    store.store(group="hydra/sweeper", name="experiment", node=ExperimentConf)
    samplers = {"tpe_default": TPE_DEFAULT}
    if find_spec("hydra_plugins.hydra_optuna_sweeper") is None:
        samplers |= STOCK_SAMPLERS
    for name, node in samplers.items():
        store.store(group="hydra/sweeper/sampler", name=name, node=node)
    for group in ("pruner", "sampler", "terminator"):
        register_group(f"hydra/sweeper/{group}")
    for plugin, names in _LAUNCHERS.items():
        if find_spec(f"hydra_plugins.{plugin}") is None:
            # That it is missing is said when it is chosen, with what brings it.
            for name, target in names.items():
                node = {"_target_": f"hydra_plugins.{plugin}.{target}"}
                store.store(group="hydra/launcher", name=name, node=node)
    register_group("hydra/launcher")


_register()
