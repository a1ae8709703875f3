"""What every step of a search needs: its plan, Hydra's tools and the terminal."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.config_loader import ConfigLoader
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig
from rich.console import Console

from tunesmith.objectives import naming_group
from tunesmith.search.plan import Plan, make_plan
from tunesmith.search.settings import read_settings
from tunesmith.tracking import NoTracking, Tracking
from tunesmith.versions import configure_logging, instantiate

_TRUSTED = ("tunesmith.tracking.*",)


@dataclass(frozen=True)
class Session:
    """One command's work on a search: its plan, what Hydra handed over, and the terminal."""

    plan: Plan
    hydra_context: HydraContext
    task_function: TaskFunction
    console: Console

    @property
    def loader(self) -> ConfigLoader:
        """What composes configs."""
        return self.hydra_context.config_loader

    def of(self, plan: Plan) -> "Session":
        """Return the same command's work on another plan."""
        return replace(self, plan=plan)

    def make_launcher(self, task: TaskFunction | None = None) -> Launcher:
        """Return a new launcher: it computes jobs of the app's main, or `task`, in this process."""
        # Not the configured one: that is for workers.
        launcher = BasicLauncher()
        launcher.setup(
            config=self.plan.config,
            hydra_context=self.hydra_context,
            task_function=task or self.task_function,
        )
        return launcher

    @cached_property
    def tracking(self) -> Tracking:
        """What records this search's runs."""
        node = self.plan.settings.tracking
        if node is None:
            return NoTracking()
        with naming_group("tracking"):
            tracking: Tracking = instantiate(node, trusted=_TRUSTED)
        return tracking

    def log_into_folder(self) -> None:
        """Set up the logging between trials once more, now that the search has its folder."""
        configure_logging(self.plan.config.hydra, self.hydra_context)

    def say(self, text: str) -> None:
        """Print a line, unwrapped: whoever copies a command needs it whole."""
        self.console.print(text, soft_wrap=True, highlight=False, markup=False)


def open_session(
    config: DictConfig,
    *,
    settings: dict[str, Any],
    arguments: Sequence[str],
    hydra_context: HydraContext,
    task_function: TaskFunction,
) -> Session:
    """Plan a multirun; `settings` are the values of `hydra.sweeper`.

    Raises InvalidConfig or a Hydra error for what cannot be searched.
    """
    plan = make_plan(
        config,
        settings=read_settings(config, settings),
        arguments=arguments,
        loader=hydra_context.config_loader,
    )
    # The stream is taken now: a trial may send what is printed elsewhere.
    return Session(plan, hydra_context, task_function, console=Console(file=sys.stdout))
