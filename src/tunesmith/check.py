"""Refuse a config before anything is written for it."""

import os
from pathlib import Path
from typing import Any

from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from tunesmith.config import resolve_function
from tunesmith.errors import InvalidConfig


def check_config(cfg: DictConfig) -> None:
    """Let the config's objective judge its values; raise InvalidConfig, which names the key."""
    try:
        resolve_function(cfg.objective._target_)
        check = OmegaConf.select(cfg, "objective.check")
        if check is not None:
            resolve_function(check)(cfg)
    except HydraException as error:
        from tunesmith.explain import one_line  # here: only a mistake needs it

        raise InvalidConfig(one_line(error)) from error


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
    """Checks a single run before Hydra makes its folder; a search checks its own space."""

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
