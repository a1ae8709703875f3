"""One search: from Hydra's multirun to a finished Optuna study and its results."""

import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import optuna
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, PartialFixedSampler
from rich.console import Console

from tunesmith.config import resolve_function
from tunesmith.errors import InvalidConfig
from tunesmith.report import Confirmation
from tunesmith.search.code import code_version
from tunesmith.search.confirm import Confirm
from tunesmith.search.job import CODE, Drawn, Extender, TrialJob
from tunesmith.search.live import LiveLine
from tunesmith.search.plan import describe, make_plan, probe
from tunesmith.search.results import Results
from tunesmith.search.runs import closed_runs, mark_front, parent_run
from tunesmith.search.space import as_override
from tunesmith.search.stop import StopRequest
from tunesmith.search.wording import ended_early, interrupted, n_finished, nothing_to_do
from tunesmith.search.worker_environment import (
    is_orphan,
    is_worker,
    stage_of_worker,
    threads_of_a_worker,
    time_left,
)
from tunesmith.search.workers import SEARCH_FAILED, Workers, WorkersFailed
from tunesmith.study import (
    SearchFailed,
    SlotSampler,
    Stop,
    Termination,
    open_storage,
    open_study,
    run_worker,
    settle_dead_trials,
)
from tunesmith.tracking import Run, RunState, Tracking, recording

FINGERPRINT = "fingerprint"
# How many finished trials the results were written for.
WRITTEN = "results_of"
SEARCH, CONFIRM = "search", "confirm"
PATIENCE_S = 120


class Stopped(Exception):  # noqa: N818 - it is no error
    """The user asked to stop."""


@dataclass(frozen=True)
class Stage:
    """One study to be worked on: the search's own, or the one that confirms its best trials."""

    name: str
    study: optuna.Study
    n_trials: int
    overrides_of: Callable[[optuna.Trial], list[str]]
    queued_only: bool = False
    timeout: float | None = None
    termination: Termination | None = None


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
        study = self._open_study()
        tracking: Tracking = instantiate(plan.base.tracking)
        tracking.settle_dead_runs()
        settle_dead_trials(study, max_retries=plan.settings["max_retries"])
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
        study = self._open_study()
        if stage_of_worker() == CONFIRM:
            stage = self._confirm_stage(Confirm(self._plan, study, opening_patience=PATIENCE_S))
        else:
            stage = self._search_stage(study)
        with StopRequest() as stop:
            try:
                self._work(stage, stop=stop, on_change=lambda _: None)
            except SearchFailed as error:
                print(error, flush=True)
                sys.exit(SEARCH_FAILED)

    def _search(self, study: optuna.Study, *, tracking: Tracking, parent: Run) -> None:
        state = RunState.FAIL
        self._say(f"{self._plan.study_name} in {self._plan.folder}")
        try:
            self._run_workers(self._search_stage(study))
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
        except Stopped:
            state = RunState.INTERRUPTED
            self._say(interrupted(study, self._plan))
            raise SystemExit(130) from None
        except (SearchFailed, WorkersFailed) as error:
            raise InvalidConfig(f"{self._plan.study_name} stopped: {error}") from error
        finally:
            tracking.settle_dead_runs(closed_runs(study))
            parent.finish(state)

    def _confirm(
        self, search: optuna.Study, *, tracking: Tracking, parent: Run
    ) -> Confirmation | None:
        """Train the best trials and the baseline on new seeds, as far as it is not yet done."""
        if not self._plan.confirm or not search.best_trials:
            return None
        confirm = Confirm(self._plan, search)
        settle_dead_trials(confirm.study, max_retries=self._plan.settings["max_retries"])
        if confirm.n_open:
            fits, seconds = confirm.n_open, confirm.seconds()
            self._say(f"Confirming by {fits} fits on new seeds, about {seconds:.0f} s.")
            run = parent_run(confirm.study, tracking, self._plan, parent_id=parent.id)
            confirm.queue()
            state = RunState.INTERRUPTED
            try:
                self._run_workers(self._confirm_stage(confirm))
                state = RunState.COMPLETE
            except (SearchFailed, WorkersFailed) as error:
                state = RunState.FAIL
                self._say(f"Not confirmed: {error}")
            finally:
                run.finish(state)
                tracking.settle_dead_runs(closed_runs(confirm.study))
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

    def _run_workers(self, stage: Stage) -> None:
        """Work here, or have workers do it; raises Stopped if the user asked for it."""
        plan, n_jobs, study = self._plan, self._plan.settings["n_jobs"], stage.study
        line = LiveLine(study, n_trials=stage.n_trials, console=self._console)
        with StopRequest() as stop, line:
            if n_jobs == 1:
                if self._work(stage, stop=stop, on_change=line.update) is Stop.INTERRUPTED:
                    raise Stopped
                return
            workers = Workers(
                stage=stage.name,
                n_jobs=n_jobs,
                n_trials=stage.n_trials,
                logs=plan.folder / "workers",
                timeout=stage.timeout,
                n_finished=lambda: n_finished(study),
            )
            workers.run(on_poll=lambda: line.update(study), should_stop=lambda: stop.requested)
            # What a killed worker left is queued again, for the next time.
            settle_dead_trials(study, max_retries=plan.settings["max_retries"])
            if stop.requested:
                raise Stopped

    def _work(
        self, stage: Stage, *, stop: StopRequest, on_change: Callable[[optuna.Study], None]
    ) -> Stop:
        settings = self._plan.settings
        job = TrialJob(
            launcher=self._launcher(),
            overrides_of=stage.overrides_of,
            stop=stop,
            code=code_version(),
        )
        return run_worker(
            stage.study,
            job,
            n_trials=stage.n_trials,
            max_retries=settings["max_retries"],
            max_failure_rate=settings["max_failure_rate"],
            timeout=stage.timeout,
            termination=stage.termination,
            queued_only=stage.queued_only,
            on_change=on_change,
            should_stop=lambda: stop.requested or is_orphan(),
        )

    def _extra_overrides(self) -> list[str]:
        """A worker's thread count belongs to what a trial computes: its last bits hang on it."""
        if not is_worker() or self._plan.base.get("n_threads", 1) is not None:
            return []
        return [f"n_threads={threads_of_a_worker(self._plan.settings['n_jobs'])}"]

    def _open_study(self) -> optuna.Study:
        plan = self._plan
        try:
            study = open_study(
                plan.study_name,
                storage=open_storage(
                    plan.settings["storage"], opening_patience=PATIENCE_S if is_worker() else 0
                ),
                directions=plan.directions,
                sampler=_holding(
                    plan.held,
                    SlotSampler(plan.make_sampler, plan.settings["sampler"].get("seed")),
                ),
                pruner=plan.make_pruner(),
            )
        except (ValueError, ConnectionError) as error:
            raise InvalidConfig(str(error)) from error
        stored = study.user_attrs.get(FINGERPRINT)
        if stored is None:
            self._begin(study)
            return study
        changed = plan.fingerprint.check_continues(stored, study_name=plan.study_name)
        if changed:
            self._say(
                f"Continuing {plan.study_name} with another {', '.join(changed)} than before."
            )
        return study

    def _begin(self, study: optuna.Study) -> None:
        plan = self._plan
        outside = [
            as_override(name, value)
            for name, value in plan.baseline.items()
            if not plan.space.contains(name, value)
        ]
        if outside and plan.settings["baseline"]:
            self._say(f"No baseline trial: {', '.join(outside)} is not in the space.")
        elif plan.settings["baseline"] and plan.baseline:
            study.enqueue_trial(plan.baseline)
            study.set_user_attr("baseline", 0)
        names = plan.metric_names
        study.set_user_attr("metric", names[0] if len(names) == 1 else names)
        study.set_user_attr("search", plan.search)
        study.set_user_attr("fixed", plan.fixed)
        max_epochs = OmegaConf.select(plan.base, "trainer.max_epochs", default=None)
        study.set_user_attr("max_epochs", max_epochs and max_epochs * plan.base.repeat)
        study.set_user_attr(FINGERPRINT, asdict(plan.fingerprint))

    def _launcher(self) -> Launcher:
        return Plugins.instance().instantiate_launcher(
            config=self._plan.config,
            hydra_context=self._hydra_context,
            task_function=self._task_function,
        )

    def _say(self, text: str) -> None:
        self._console.print(text, soft_wrap=True, highlight=False)


def _holding(fixed: dict[str, Any], sampler: BaseSampler) -> BaseSampler:
    if not fixed:
        return sampler
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return PartialFixedSampler(fixed, sampler)


def _extender(path: str | None) -> Extender | None:
    return None if path is None else resolve_function(path)
