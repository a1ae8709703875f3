"""One search: from Hydra's multirun to a finished Optuna study and its results."""

import sys
from collections.abc import Sequence
from typing import Any

import optuna
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from hydra.utils import instantiate
from omegaconf import DictConfig
from rich.console import Console

from tunesmith.config import resolve_function
from tunesmith.errors import InvalidConfig
from tunesmith.search.begin import PATIENCE_S, begin_search
from tunesmith.search.code_version import code_version
from tunesmith.search.confirm import Confirm
from tunesmith.search.job import CODE, Drawn, Extender
from tunesmith.search.messages import ended_early, interrupted, n_finished, nothing_to_do
from tunesmith.search.plan import describe, make_plan, probe
from tunesmith.search.results import Results
from tunesmith.search.stage import SearchInterrupted, Stage, run_stage, work
from tunesmith.search.stop import SignalGuard
from tunesmith.search.tracked_runs import closed_runs, mark_front, parent_run
from tunesmith.search.worker_environment import (
    is_worker,
    stage_of_worker,
    threads_of_a_worker,
    time_left,
)
from tunesmith.search.workers import SEARCH_FAILED, WorkersFailed
from tunesmith.study import Confirmation, SearchFailed, recover_dead_trials
from tunesmith.tracking import Run, RunState, Tracking, recording

# How many finished trials the results were written for.
WRITTEN = "results_of"
SEARCH, CONFIRM = "search", "confirm"


class Search:
    """Carries out one multirun; `settings` are the values of `hydra.sweeper`."""

    def __init__(
        self,
        *,
        config: DictConfig,
        settings: dict[str, Any],
        arguments: Sequence[str],
        hydra_context: HydraContext,
        task_function: TaskFunction,
    ) -> None:
        self._hydra_context = hydra_context
        self._task_function = task_function
        # Opened now: a trial may send what is printed elsewhere.
        self._console = Console(file=sys.stdout)
        self._loader = hydra_context.config_loader
        self._plan = make_plan(config, settings=settings, arguments=arguments, loader=self._loader)

    def run(self) -> None:
        """Search until the study has its trials; continue it if it was begun before."""
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        if is_worker():
            self._run_as_worker()
            return
        plan = self._plan
        probe(plan, self._loader)
        if plan.base.get("dry_run"):
            self._say(describe(plan))
            return
        study = begin_search(plan, say=self._say)
        tracking: Tracking = instantiate(plan.base.tracking)
        tracking.close_dead_runs()
        recover_dead_trials(study, max_retries=plan.settings["max_retries"])
        if self._is_done(study):
            self._say(nothing_to_do(study, plan))
            return
        self._warn_of_other_code(study)
        parent = parent_run(study, tracking, plan)
        with recording(parent):
            self._search(study, tracking=tracking, parent=parent)

    def _warn_of_other_code(self, study: optuna.Study) -> None:
        before = {str(t.user_attrs.get(CODE)) for t in study.get_trials(deepcopy=False)}
        others = sorted(before - {str(None), str(code_version())})
        if others:
            self._say(f"The code is another one than that of earlier trials ({', '.join(others)}).")

    def _run_as_worker(self) -> None:
        study = begin_search(self._plan, say=self._say)
        if stage_of_worker() == CONFIRM:
            stage = self._confirm_stage(Confirm(self._plan, study, opening_patience=PATIENCE_S))
        else:
            stage = self._search_stage(study)
        with SignalGuard() as stop:
            try:
                work(
                    stage,
                    self._plan,
                    make_launcher=self._launcher,
                    stop=stop,
                    on_change=lambda _: None,
                )
            except SearchFailed as error:
                print(error, flush=True)
                sys.exit(SEARCH_FAILED)

    def _search(self, study: optuna.Study, *, tracking: Tracking, parent: Run) -> None:
        state = RunState.FAIL
        self._say(f"{self._plan.study_name} in {self._plan.folder}")
        try:
            self._run(self._search_stage(study))
            if n_finished(study) < self._plan.n_trials:
                self._say(ended_early(study, self._plan))
            if not study.best_trials and self._plan.settings["timeout"] is not None:
                state = RunState.INTERRUPTED
                return
            confirmation = self._confirm(study, tracking=tracking, parent=parent)
            Results(study, self._plan, loader=self._loader, parent=parent).write(
                confirmation, launcher=self._launcher(), console=self._console
            )
            mark_front(study, tracking)
            study.set_user_attr(WRITTEN, n_finished(study))
            state = RunState.COMPLETE
        except SearchInterrupted:
            state = RunState.INTERRUPTED
            self._say(interrupted(study, self._plan))
            raise SystemExit(130) from None
        except (SearchFailed, WorkersFailed) as error:
            raise InvalidConfig(f"{self._plan.study_name} stopped: {error}") from error
        finally:
            tracking.close_dead_runs(closed_runs(study))
            parent.finish(state)

    def _confirm(
        self, search: optuna.Study, *, tracking: Tracking, parent: Run
    ) -> Confirmation | None:
        """Train the best trials and the baseline on new seeds, as far as it is not yet done."""
        if not self._plan.confirm or not search.best_trials:
            return None
        confirm = Confirm(self._plan, search)
        recover_dead_trials(confirm.study, max_retries=self._plan.settings["max_retries"])
        if confirm.n_open:
            fits, seconds = confirm.n_open, confirm.seconds()
            self._say(f"Confirming by {fits} fits on new seeds, about {seconds:.0f} s.")
            run = parent_run(confirm.study, tracking, self._plan, parent_id=parent.id)
            confirm.queue()
            state = RunState.INTERRUPTED
            try:
                self._run(self._confirm_stage(confirm))
                state = RunState.COMPLETE
            except (SearchFailed, WorkersFailed) as error:
                state = RunState.FAIL
                self._say(f"Not confirmed: {error}")
            finally:
                run.finish(state)
                tracking.close_dead_runs(closed_runs(confirm.study))
        return confirm.test()

    def _is_done(self, study: optuna.Study) -> bool:
        plan = self._plan
        finished = n_finished(study)
        ended = finished >= plan.n_trials or plan.verdict(study) is not None
        if not ended or study.user_attrs.get(WRITTEN) != finished:
            return False
        return not plan.confirm or Confirm(plan, study).n_open == 0

    def _search_stage(self, study: optuna.Study) -> Stage:
        drawn = Drawn(
            self._plan.space,
            config=self._plan.config,
            extend=_extender(self._plan.settings["custom_search_space"]),
            extra=self._extra_overrides(),
        )
        return Stage(
            SEARCH,
            study,
            self._plan.n_trials,
            overrides_of=drawn,
            timeout=time_left(self._plan.settings["timeout"]),
            termination=self._plan.termination,
        )

    def _confirm_stage(self, confirm: Confirm) -> Stage:
        # Without a time limit: these fits are promised, however long the search took.
        n_trials, overrides_of = confirm.n_trials, confirm.overrides_of
        return Stage(CONFIRM, confirm.study, n_trials, overrides_of=overrides_of, queued_only=True)

    def _run(self, stage: Stage) -> None:
        run_stage(stage, self._plan, make_launcher=self._launcher, console=self._console)

    def _extra_overrides(self) -> list[str]:
        """A worker's thread count belongs to what a trial computes: its last bits hang on it."""
        if not is_worker() or self._plan.base.get("n_threads", 1) is not None:
            return []
        return [f"n_threads={threads_of_a_worker(self._plan.settings['n_jobs'])}"]

    def _launcher(self) -> Launcher:
        return Plugins.instance().instantiate_launcher(
            config=self._plan.config,
            hydra_context=self._hydra_context,
            task_function=self._task_function,
        )

    def _say(self, text: str) -> None:
        self._console.print(text, soft_wrap=True, highlight=False)


def _extender(path: str | None) -> Extender | None:
    return None if path is None else resolve_function(path)
