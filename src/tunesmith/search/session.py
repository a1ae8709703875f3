"""What every step of a search needs: its plan, Hydra's tools and the terminal."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.config_loader import ConfigLoader
from hydra.core.utils import JobReturn, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict
from rich.console import Console

from tunesmith.group_mistakes import naming_group
from tunesmith.search.compose import remembering
from tunesmith.search.plan import Plan, make_plan
from tunesmith.search.settings import read_settings
from tunesmith.tracking import NoTracking, Tracking
from tunesmith.versions import configure_logging, instantiate

_TRUSTED = ("tunesmith.tracking.*",)


class _OneByOne(BasicLauncher):
    """Hydra's basic launcher, which sets up the logging between jobs after each, not before too."""

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Run jobs in this process, one after the other."""
        assert self.config is not None
        assert self.hydra_context is not None
        assert self.task_function is not None
        setup_globals()
        Path(str(self.config.hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)
        returned = []
        for number, overrides in enumerate(job_overrides, start=initial_job_idx):
            loader = self.hydra_context.config_loader
            config = loader.load_sweep_config(self.config, list(overrides))
            with open_dict(config):
                config.hydra.job.id, config.hydra.job.num = str(number), number
            returned.append(
                run_job(
                    hydra_context=self.hydra_context,
                    task_function=self.task_function,
                    config=config,
                    job_dir_key="hydra.sweep.dir",
                    job_subdir_key="hydra.sweep.subdir",
                )
            )
            configure_logging(self.config.hydra, self.hydra_context)
        return returned


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
        launcher = _OneByOne()
        launcher.setup(
            config=self.plan.config,
            hydra_context=replace(self.hydra_context, config_loader=self._job_loader),
            task_function=task or self.task_function,
        )
        return launcher

    @cached_property
    def _job_loader(self) -> ConfigLoader:
        return remembering(self.loader, self.plan.config)

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
    return Session(plan, hydra_context, task_function, console=_console(sys.stdout))


def _console(stream: TextIO) -> Console:
    # FORCE_COLOR asks for colours in a log too, but nothing is rewritten there.
    return Console(file=stream, force_interactive=None if stream.isatty() else False)
