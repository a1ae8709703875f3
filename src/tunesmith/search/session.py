"""What every step of a search needs: its plan, Hydra's tools and the terminal."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import optuna
from hydra.core.config_loader import ConfigLoader
from hydra.core.plugins import Plugins
from hydra.core.utils import configure_log
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig
from rich.console import Console

from tunesmith.search.foreign import counting_others
from tunesmith.search.plan import Plan, make_plan
from tunesmith.search.settings import Settings


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

    def counting_others(self, study: optuna.Study) -> "Session":
        """Return the session with a total that fits a study with trials of others."""
        return replace(self, plan=counting_others(self.plan, study))

    def make_launcher(self) -> Launcher:
        """Return a new launcher: it computes jobs in this process."""
        return Plugins.instance().instantiate_launcher(
            config=self.plan.config,
            hydra_context=self.hydra_context,
            task_function=self.task_function,
        )

    def log_into_folder(self) -> None:
        """Set up the logging between trials once more, now that the search has its folder."""
        hydra = self.plan.config.hydra
        whitelist = self.hydra_context.execution_whitelist
        configure_log(hydra.hydra_logging, hydra.verbose, execution_whitelist=whitelist)

    def say(self, text: str) -> None:
        """Print a line, unwrapped: whoever copies a command needs it whole."""
        self.console.print(text, soft_wrap=True, highlight=False)


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
        settings=Settings.of(settings),
        arguments=arguments,
        loader=hydra_context.config_loader,
    )
    # The stream is taken now: a trial may send what is printed elsewhere.
    return Session(plan, hydra_context, task_function, console=Console(file=sys.stdout))
