"""Refuse a config before anything is written for it."""

import contextlib
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from hydra.utils import instantiate
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from tunesmith.config import check_is_read
from tunesmith.errors import InvalidArgument, InvalidConfig
from tunesmith.given import check_given
from tunesmith.group_mistakes import naming_group
from tunesmith.interrupts import quitting_at_once
from tunesmith.log_filter import without_libraries
from tunesmith.overrides import write_for_shell
from tunesmith.places import check_folder
from tunesmith.renamed import bring_up_to_date
from tunesmith.validate import require_choice, require_integer, require_seed, require_switch

_SWITCHES = ("prune", "refit", "dry_run", "keep_model")
DIRECTIONS = ("minimize", "maximize")
# The sweepers that check their own space.
SEARCH = "hydra_plugins.tunesmith_plugin."
# What the sweeper of a multirun without a search reads.
_BASIC_KEYS = {"_target_", "max_batch_size", "params"}


def check_config(cfg: DictConfig) -> None:
    """Let the config's objective judge its values, without computing anything.

    Args:
        cfg: The whole composed config.

    Raises:
        InvalidConfig: A value is refused; the message names its key and the way out. Whatever else
            a check raises becomes one, in one line.

    """
    try:
        _check(cfg)
    except InvalidConfig:
        raise
    except (HydraException, OmegaConfBaseException) as error:
        from tunesmith.explain import one_line  # here: only a mistake needs it

        raise InvalidConfig(one_line(error)) from error
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise InvalidConfig(
            f"the config cannot be checked: {said} ({last.filename}:{last.lineno}); "
            "HYDRA_FULL_ERROR=1 shows where it came from"
        ) from error


def _check(cfg: DictConfig) -> None:
    # Here: showing a config does not need them.
    from tunesmith.objectives import check_refit_rows, objective_of

    bring_up_to_date(cfg)
    check_is_read(cfg)
    task = _with_little_of_hydra(cfg)
    check_given(task)
    _check_switches(cfg)
    _check_metric(cfg.metric)
    _check_one_direction(cfg)
    if str(OmegaConf.select(cfg, "hydra.sweeper._target_")).startswith(SEARCH):
        _check_unseen_test_rows(cfg.metric.name)
    _check_repeat(cfg)
    check_refit_rows(cfg)
    objective = objective_of(task)
    objective.check(task)
    n_processes = objective.n_processes(task)
    if n_processes > 1 and OmegaConf.select(cfg, "hydra.mode") is RunMode.MULTIRUN:
        # What asks the pruner knows the trial in the first process only: the others would wait.
        raise InvalidConfig(
            f"a job of a search must be one process, got {n_processes} by trainer.devices or "
            f"num_nodes; try trainer.devices=1 with hydra.sweeper.n_jobs={n_processes}"
        )


def _with_little_of_hydra(cfg: DictConfig) -> DictConfig:
    """Return the config with only the mode and the sweeper's name of Hydra's own node.

    Hydra copies all of it for each part that it instantiates with further arguments.
    """
    if "hydra" not in cfg:
        return cfg
    task = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key != "hydra"])
    sweeper = {"_target_": OmegaConf.select(cfg, "hydra.sweeper._target_")}
    task.hydra = {"mode": OmegaConf.select(cfg, "hydra.mode"), "sweeper": sweeper}
    OmegaConf.set_struct(task, True)
    return task


def _check_switches(cfg: DictConfig) -> None:
    """Raise InvalidArgument for a switch that is neither on nor off, or tags that are no list."""
    for name in _SWITCHES:
        require_switch(name, cfg.get(name, False))
    if not OmegaConf.is_list(cfg.get("tags", ListConfig([]))):
        words = [word.strip(" []'\"") for word in str(cfg.tags or "A").split(",")]
        raise InvalidArgument("tags", "a list", cfg.tags, example=words)
    for name, value in (("seed", "null"), ("tracking", "none")):
        if name not in cfg:
            raise InvalidConfig(f"the config has no {name}; type {name}={value}, not ~{name}")
    name = OmegaConf.select(cfg, "tracking.experiment", default="tunesmith")
    if not isinstance(name, str) or not name.strip():
        raise InvalidArgument("tracking.experiment", "a name", name, example="tunesmith")


def _check_tracking(cfg: DictConfig) -> None:
    """Raise InvalidConfig unless what tracks runs can be reached."""
    if (node := cfg.get("tracking")) is not None:
        with naming_group("tracking"):
            tracking = instantiate(node)
        tracking.check()


def _check_metric(metric: DictConfig) -> None:
    """Raise InvalidConfig unless each metric has a direction that Optuna knows."""
    names, directions = _values(metric.name), _values(metric.direction)
    for direction in directions:
        require_choice("metric.direction", direction, DIRECTIONS)
    if not names:
        raise InvalidConfig("metric.name must name at least one metric; try metric.name=val/mse")
    if len(names) != len(directions):
        way_out = ",".join(DIRECTIONS[:1] * len(names))
        raise InvalidConfig(
            f"metric.direction must hold one direction for each metric.name, got {directions} for "
            f"{names}; try metric.direction=[{way_out}]"
        )


def _check_one_direction(cfg: DictConfig) -> None:
    """Raise InvalidConfig if the sweeper is told another direction than the metric has."""
    asked = OmegaConf.select(cfg, "hydra.sweeper.direction", default=cfg.metric.direction)
    for direction in _values(asked):
        if direction not in DIRECTIONS:
            raise InvalidArgument(
                "hydra.sweeper.direction",
                f"one of {', '.join(DIRECTIONS)}",
                direction,
                way_out="leave it out and try metric.direction=maximize, or minimize",
            )
    told, stated = _values(asked), _values(cfg.metric.direction)
    if told == stated:
        return
    typed, known = (
        write_for_shell(key, values if len(values) > 1 else values[0])
        for key, values in (("hydra.sweeper.direction", told), ("metric.direction", stated))
    )
    wanted = typed.replace("hydra.sweeper.direction", "metric.direction")
    raise InvalidConfig(
        f"{typed} and {known} disagree: the metric's direction is that of the search; "
        f"try {wanted} without hydra.sweeper.direction"
    )


def _values(node: Any) -> list[Any]:
    listed = list(node) if OmegaConf.is_list(node) or isinstance(node, list) else [node]
    return [getattr(one, "name", one) for one in listed]


def _check_unseen_test_rows(metric: str | ListConfig) -> None:
    """Raise InvalidConfig for a search by the test rows: they would say nothing of its winner."""
    for name in [metric] if isinstance(metric, str) else metric:
        if name.startswith("test/"):
            raise InvalidConfig(
                f"metric.name={name} would choose by the test rows, which are kept for the winner; "
                f"try metric.name=val/{name.removeprefix('test/')}"
            )


def _check_repeat(cfg: DictConfig) -> None:
    """Raise InvalidConfig unless there is a number of repetitions, and a seed to count from."""
    require_integer("repeat", cfg.repeat, minimum=1, example=5)
    if cfg.repeat > 1:
        require_seed("seed", cfg.seed, example=0, optional=True)


def check_output_root(config: DictConfig) -> None:
    """Raise InvalidConfig unless the config names a folder that can be written to."""
    if not OmegaConf.is_dict(config.paths):
        raise InvalidConfig(
            f"paths holds keys of its own, got {config.paths}; "
            f"type {write_for_shell('paths.output_root', config.paths or 'outputs')}"
        )
    check_folder(config.paths.output_root, key="paths.output_root")


class CheckBeforeRun(Callback):
    """A Hydra callback that refuses a config in one line before Hydra makes a folder for it.

    It checks a single run and each job of Hydra's own multirun, with `Objective.check` of the
    config's objective; a search checks its own space. With `dry_run=true` the command ends here.

    Example:
        In the config of an app:

        hydra: {callbacks: {check: {_target_: tunesmith.CheckBeforeRun}}}

    """

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check a single run; exit with one line if it is refused, or after a dry run."""
        with _ending_in_one_line():
            check_output_root(config)
            check_folder(Path(config.hydra.run.dir), key="hydra.run.dir")
            _check_no_search(config)
            check_config(config)
            _check_tracking(config)
            if config.get("dry_run"):
                _end_dry_run(
                    f"The run would go to {config.hydra.run.dir}", summary=_summary(config)
                )

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check a multirun's folder, and its jobs unless it is a search; exit as for a run."""
        with _ending_in_one_line():
            check_output_root(config)
            check_folder(Path(config.hydra.sweep.dir), key="hydra.sweep.dir")
            target = config.hydra.sweeper._target_
            if target.startswith(SEARCH):
                return
            _check_tracking(config)
            is_basic = target.endswith(f".{BasicSweeper.__name__}")
            _check_no_search(config)
            count = _check_jobs(config) if is_basic else None
            if config.get("dry_run"):
                jobs = f"{target}'s jobs" if count is None else f"{count} job{'s' * (count != 1)}"
                _end_dry_run(f"{jobs} would go to {config.hydra.sweep.dir}")


def _check_no_search(config: DictConfig) -> None:
    """Raise InvalidConfig for what `+` gave to Hydra's own sweeper, which is a search's."""
    sweeper = config.hydra.sweeper
    if not sweeper._target_.endswith(f".{BasicSweeper.__name__}"):
        return
    if added := sorted({str(key) for key in sweeper} - _BASIC_KEYS):
        raise InvalidConfig(
            f"hydra.sweeper.{added[0]} is for a search, and this command has none; "
            "add -m hparams_search=NAME"
        )
    batch = "hydra.sweeper.max_batch_size"
    require_integer(batch, sweeper.max_batch_size, minimum=1, example=8, optional=True)


def _check_jobs(config: DictConfig) -> int:
    """Check every job of Hydra's own multirun, and return how many there are."""
    loader = GlobalHydra.instance().config_loader()
    params = [f"{key}={value}" for key, value in (config.hydra.sweeper.params or {}).items()]
    parser = OverridesParser.create(config_loader=loader)
    # As they were typed: an interpolation in one has its value in a job only.
    typed: Any = OmegaConf.to_container(config.hydra.overrides.task, resolve=False)
    lines = parser.parse_overrides([*params, *typed])
    [jobs] = BasicSweeper.split_arguments(lines, None)
    for job in jobs:
        check_config(loader.load_sweep_config(config, job))
    return len(jobs)


def _summary(config: DictConfig) -> str:
    from tunesmith.objectives import summarize_data  # here: showing a config does not need it

    return summarize_data(config)


def _end_dry_run(what: str, *, summary: str = "") -> NoReturn:
    print("\n".join(filter(None, [f"Dry run: nothing is written. {what}", summary])))
    raise SystemExit(0)


@contextlib.contextmanager
def _ending_in_one_line() -> Iterator[None]:
    """End the command by a mistake: Hydra turns any exception of a callback into a warning."""
    try:
        with quitting_at_once(), without_libraries(), warnings.catch_warnings():
            # What a library warns of, it warns of again in the run, whose log file takes it.
            warnings.simplefilter("ignore")
            yield
    except (InvalidConfig, HydraException, OmegaConfBaseException) as error:
        from tunesmith.explain import one_line  # here: only a mistake needs it

        raise SystemExit(one_line(error)) from error
