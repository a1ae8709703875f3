"""Refuse a config before anything is written for it."""

import os
from pathlib import Path
from typing import Any

from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from tunesmith.errors import InvalidConfig
from tunesmith.renamed import bring_up_to_date
from tunesmith.validate import require_choice, require_integer

DIRECTIONS = ("minimize", "maximize")


def check_config(cfg: DictConfig) -> None:
    """Let the config's objective judge its values, without computing anything.

    Args:
        cfg: The whole composed config.

    Raises:
        InvalidConfig: A value is refused; the message names its key and the way out.

    """
    from tunesmith.objectives import objective_of  # here: showing a config does not need it

    bring_up_to_date(cfg)
    _check_metric(cfg.metric)
    _check_repeat(cfg)
    try:
        objective_of(cfg).check(cfg)
    except HydraException as error:
        from tunesmith.explain import one_line  # here: only a mistake needs it

        raise InvalidConfig(one_line(error)) from error


def _check_metric(metric: DictConfig) -> None:
    """Raise InvalidConfig unless each metric has a direction that Optuna knows."""
    names, directions = (
        list(node) if OmegaConf.is_list(node) else [node]
        for node in (metric.name, metric.direction)
    )
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


def _check_repeat(cfg: DictConfig) -> None:
    """Raise InvalidConfig unless there is a number of repetitions, and a seed to count from."""
    require_integer("repeat", cfg.repeat, minimum=1, example=5)
    if cfg.repeat > 1:
        require_integer("seed", cfg.seed, minimum=0, example=0, optional=True)


def check_folder(folder: Path) -> None:
    """Raise InvalidConfig unless `folder` can be made and written to; makes nothing."""
    parent = folder.absolute()
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise InvalidConfig(
            f"paths.output_root must be a folder that can be written to, got {folder}: {parent} "
            "cannot; try paths.output_root=outputs"
        )


class CheckBeforeRun(Callback):
    """Check a single run before Hydra makes its folder; a search checks its own space."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Exit with one line if the config is refused."""
        # SystemExit: Hydra turns any other exception of a callback into a warning.
        try:
            check_folder(Path(config.paths.output_root))
            check_config(config)
            if config.get("dry_run"):
                print(f"Dry run: nothing is written. The run would go to {config.hydra.run.dir}")
                raise SystemExit(0)
        except InvalidConfig as error:
            raise SystemExit(str(error)) from None

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Exit with one line if nothing can be written."""
        try:
            check_folder(Path(config.paths.output_root))
        except InvalidConfig as error:
            raise SystemExit(str(error)) from None
