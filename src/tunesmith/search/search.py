"""One search: from Hydra's multirun to a finished Optuna study and its results."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import optuna
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from tunesmith.errors import InvalidConfig
from tunesmith.search.code import code_version
from tunesmith.search.job import CODE, Extender, TrialJob
from tunesmith.search.live import LiveLine, Snapshot
from tunesmith.search.plan import Plan, describe, make_plan, probe
from tunesmith.search.results import Results
from tunesmith.search.space import as_override
from tunesmith.search.stop import StopRequest
from tunesmith.search.workers import (
    SEARCH_FAILED,
    Workers,
    WorkersFailed,
    is_orphan,
    is_worker,
    threads_of_a_worker,
)
from tunesmith.study import (
    SearchFailed,
    SlotSampler,
    Stop,
    is_finished,
    open_storage,
    open_study,
    run_worker,
    settle_dead_trials,
)
from tunesmith.tracking import Run, RunState, Tracking, recording

FINGERPRINT = "fingerprint"
RUN_ID = "mlflow.run_id"


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
        self._console = Console()
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
        if _n_finished(study) >= plan.n_trials:
            self._say(_nothing_to_do(study, plan))
            return
        self._warn_of_other_code(study)
        parent = _parent_run(study, tracking, plan)
        with recording(parent):
            self._search(study, tracking=tracking, parent=parent)

    def _warn_of_other_code(self, study: optuna.Study) -> None:
        before = {str(t.user_attrs.get(CODE)) for t in study.get_trials(deepcopy=False)}
        others = sorted(before - {str(None), str(code_version())})
        if others:
            self._say(f"The code is another one than that of earlier trials ({', '.join(others)}).")

    def _run_as_worker(self) -> None:
        study = self._open_study()
        with StopRequest() as stop:
            try:
                self._work(study, stop=stop, on_change=lambda _: None)
            except SearchFailed as error:
                print(error, flush=True)
                sys.exit(SEARCH_FAILED)

    def _search(self, study: optuna.Study, *, tracking: Tracking, parent: Run) -> None:
        state = RunState.FAIL
        self._say(f"{self._plan.study_name} in {self._plan.folder}")
        try:
            stopped = self._run_workers(study)
            if stopped:
                state = RunState.INTERRUPTED
                self._say(_interrupted(study, self._plan))
                raise SystemExit(130)
            if _n_finished(study) < self._plan.n_trials:
                self._say(_ended_early(study, self._plan))
            Results(study, self._plan, loader=self._loader, parent=parent).write(
                launcher=self._launcher(), console=self._console
            )
            state = RunState.COMPLETE
        except (SearchFailed, WorkersFailed) as error:
            raise InvalidConfig(f"{self._plan.study_name} stopped: {error}") from error
        finally:
            tracking.settle_dead_runs(_closed_runs(study))
            parent.finish(state)

    def _run_workers(self, study: optuna.Study) -> bool:
        """Work here, or have workers do it; True if the user asked to stop."""
        plan, n_jobs = self._plan, self._plan.settings["n_jobs"]
        line = LiveLine(study, n_trials=plan.n_trials, console=self._console)
        with StopRequest() as stop, line:
            if n_jobs == 1:
                return self._work(study, stop=stop, on_change=line.update) is Stop.INTERRUPTED
            workers = Workers(
                n_jobs=n_jobs,
                logs=plan.folder / "workers",
                n_finished=lambda: _n_finished(study),
            )
            workers.run(on_poll=lambda: line.update(study), should_stop=lambda: stop.requested)
            # What a killed worker left is queued again, for the next time.
            settle_dead_trials(study, max_retries=plan.settings["max_retries"])
            return stop.requested

    def _work(
        self, study: optuna.Study, *, stop: StopRequest, on_change: Callable[[optuna.Study], None]
    ) -> Stop:
        plan, settings = self._plan, self._plan.settings
        job = TrialJob(
            launcher=self._launcher(),
            space=plan.space,
            config=plan.config,
            stop=stop,
            extend=_extender(settings["custom_search_space"]),
            extra=self._extra_overrides(),
            code=code_version(),
        )
        return run_worker(
            study,
            job,
            n_trials=plan.n_trials,
            max_retries=settings["max_retries"],
            max_failure_rate=settings["max_failure_rate"],
            timeout=settings["timeout"],
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
                    plan.settings["storage"], opening_patience=120 if is_worker() else 0
                ),
                directions=plan.directions,
                sampler=SlotSampler(plan.make_sampler, plan.settings["sampler"].get("seed")),
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
        elif plan.settings["baseline"]:
            study.enqueue_trial(plan.baseline)
            study.set_user_attr("baseline", 0)
        names = plan.metric_names
        study.set_user_attr("metric", names[0] if len(names) == 1 else names)
        study.set_user_attr("search", plan.search)
        study.set_user_attr("fixed", plan.fixed)
        study.set_user_attr("max_epochs", OmegaConf.select(plan.base, "trainer.max_epochs"))
        study.set_user_attr(FINGERPRINT, asdict(plan.fingerprint))

    def _launcher(self) -> Launcher:
        return Plugins.instance().instantiate_launcher(
            config=self._plan.config,
            hydra_context=self._hydra_context,
            task_function=self._task_function,
        )

    def _say(self, text: str) -> None:
        self._console.print(text, soft_wrap=True, highlight=False)


def _extender(path: str | None) -> Extender | None:
    if path is None:
        return None
    extend: Extender = instantiate({"_target_": path, "_partial_": True})
    return extend


def _parent_run(study: optuna.Study, tracking: Tracking, plan: Plan) -> Run:
    known = study.user_attrs.get(RUN_ID)
    if known is not None:
        return tracking.resume_run(known)
    tags = {"optuna.study": plan.study_name, "hydra.dir": str(plan.folder.absolute())}
    parent = tracking.start_run(plan.study_name, tags=tags)
    if parent.id is not None:
        study.set_user_attr(RUN_ID, parent.id)
    return parent


def _closed_runs(study: optuna.Study) -> set[str]:
    """The runs of trials that are over, whichever process they ended in."""
    trials = study.get_trials(deepcopy=False)
    return {
        t.user_attrs[RUN_ID] for t in trials if t.state.is_finished() and RUN_ID in t.user_attrs
    }


def _n_finished(study: optuna.Study) -> int:
    return sum(map(is_finished, study.get_trials(deepcopy=False)))


def _nothing_to_do(study: optuna.Study, plan: Plan) -> str:
    now = Snapshot.of(study)
    best = "" if now.best is None else f", best value {now.best.value:.6g}"
    return (
        f"{plan.study_name} has its {now.finished} trials{best}. "
        f"More: hydra.sweeper.n_trials={2 * plan.n_trials}. "
        "Afresh: hydra.sweeper.study_name=NAME."
    )


def _ended_early(study: optuna.Study, plan: Plan) -> str:
    timeout = plan.settings["timeout"]
    reason = "the sampler has no more points" if timeout is None else f"timeout={timeout:g} s"
    return f"Ended with {_n_finished(study)} of {plan.n_trials} trials: {reason}."


def _interrupted(study: optuna.Study, plan: Plan) -> str:
    return (
        f"Stopped with {_n_finished(study)} of {plan.n_trials} trials; "
        f"type the same command to continue {plan.study_name}."
    )
