"""Compute one trial or single run: from a composed config to the values of its metrics."""

import logging
import math
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from hydra.utils import instantiate
from omegaconf import DictConfig, ListConfig, OmegaConf
from optuna import TrialPruned
from optuna.trial import Trial

from tunesmith.config import flat, resolve_function
from tunesmith.errors import InvalidConfig, nearest
from tunesmith.objectives.repeat import mean_over_seeds
from tunesmith.objectives.summary import print_summary, repeat_command
from tunesmith.study.trial import Pruned, current_trial
from tunesmith.tracking import NoRun, Run, RunState, Tracking, current_run, recording

log = logging.getLogger(__name__)

Metrics: TypeAlias = Mapping[str, float]
Objective: TypeAlias = Callable[[DictConfig], float | Sequence[float] | Metrics]
Outcome: TypeAlias = float | list[float] | Pruned

# Where things are kept changes nothing of what is computed.
NOT_PARAMETERS = ("storage", "tracking", "paths")


class NoUsableValue(InvalidConfig):
    """The objective returned no value of its metric, or one that is not finite."""


def metric_names(cfg: DictConfig) -> list[str]:
    """The names of the metrics that are optimized, one or several."""
    name = cfg.metric.name
    return list(name) if isinstance(name, ListConfig) else [name]


def evaluate(cfg: DictConfig) -> Outcome:
    """Run the config's objective, recorded by the config's tracking.

    Returns the value of `metric.name`, a list of values if it is a list, or `Pruned` if the trial
    was stopped early. Whatever the objective raises is recorded and raised again; NoUsableValue is
    raised if the metric is missing or not finite.
    """
    trial = current_trial()
    search = current_run()
    folder = Path(HydraConfig.get().runtime.output_dir)
    tracking: Tracking = instantiate(cfg.tracking)
    run = _start_run(cfg, tracking, trial=trial, folder=folder, search=search)
    started = time.perf_counter()
    with recording(run):
        try:
            if cfg.repeat == 1:
                metrics = _compute(cfg)
            else:
                metrics = mean_over_seeds(cfg, _compute, names=metric_names(cfg))
            values = [metrics[name] for name in metric_names(cfg)]
        except TrialPruned as pruned:
            return _record_pruned(run, str(pruned) or "pruned by its objective", trial=trial)
        except Exception as error:
            _record_error(run, error)
            if isinstance(error, InvalidConfig):
                _exit_single_run(str(error), trial=trial)
            raise
        except BaseException:  # Ctrl-C, or Lightning's SystemExit for it
            run.finish(RunState.INTERRUPTED)
            raise
        finally:
            seconds = time.perf_counter() - started
            if trial is not None:
                trial.set_user_attr("seconds", seconds)
        run.log_summary({**metrics, "seconds": seconds})
        run.finish(RunState.COMPLETE)
    if trial is None:
        OmegaConf.save(OmegaConf.create(metrics), folder / "metrics.yaml")
        if isinstance(search, NoRun):
            print_summary(metrics, seconds=seconds, folder=folder, cfg=cfg, run=run)
    return values if isinstance(cfg.metric.name, ListConfig) else values[0]


def _start_run(
    cfg: DictConfig, tracking: Tracking, *, trial: Trial | None, folder: Path, search: Run
) -> Run:
    tags = {"hydra.dir": str(folder), "repeat": repeat_command(folder)}
    name = "-".join(folder.parts[-2:])
    parent_id = search.id
    if trial is not None:
        name = f"trial-{trial.number:04d}"
        parent_id = trial.study.user_attrs.get("mlflow.run_id")
        tags |= {
            "optuna.study": trial.study.study_name,
            "optuna.trial_number": str(trial.number),
            "optuna.trial_state": "RUNNING",
        }
    elif parent_id is None:
        tracking.close_dead_runs()
    run = tracking.start_run(name, tags=tags, parent_id=parent_id)
    if trial is not None:
        trial.set_user_attr("hydra.dir", str(folder))
        if run.id is not None:
            trial.set_user_attr("mlflow.run_id", run.id)
    run.log_params(flat(cfg, without=NOT_PARAMETERS))
    run.log_artifact(folder / ".hydra", folder="config")
    return run


def _compute(cfg: DictConfig) -> dict[str, float]:
    metrics = _metrics(cfg, resolve_function(cfg.objective._target_)(cfg))
    _check_values(cfg, metrics)
    return metrics


def _metrics(cfg: DictConfig, result: float | Sequence[float] | Metrics) -> dict[str, float]:
    if isinstance(result, Mapping):
        return {name: float(value) for name, value in result.items()}
    names = metric_names(cfg)
    values = [result] if not isinstance(result, Sequence) else list(result)
    if len(values) != len(names):
        raise NoUsableValue(
            f"the objective returned {len(values)} values, metric.name names {len(names)}; "
            "try 'metric.name=[a,b]' 'metric.direction=[minimize,minimize]'"
        )
    return {
        name: float("nan") if value is None else float(value)
        for name, value in zip(names, values, strict=True)
    }


def _check_values(cfg: DictConfig, metrics: Metrics) -> None:
    for name in metric_names(cfg):
        if name not in metrics:
            raise NoUsableValue(
                f"the objective returned no {name}, but {', '.join(sorted(metrics)) or 'nothing'}; "
                f"try metric.name={nearest(name, metrics)}"
            )
        if not math.isfinite(metrics[name]):
            logged = ", ".join(f"{key}={value:g}" for key, value in sorted(metrics.items()))
            raise NoUsableValue(f"{name} is {metrics[name]}, not a finite number (got {logged})")


def _record_pruned(run: Run, reason: str, *, trial: Trial | None) -> Pruned:
    log.info("Pruned: %s", reason)
    run.set_tags({"reason": reason})
    run.finish(RunState.PRUNED)
    _exit_single_run(f"SearchInterrupted: {reason}", trial=trial)
    return Pruned(reason)


def _exit_single_run(message: str, *, trial: Trial | None) -> None:
    """End the command with one line: Hydra says a line of its own about any other exception."""
    if trial is None and HydraConfig.get().mode is RunMode.RUN:
        raise SystemExit(message)


def _record_error(run: Run, error: Exception) -> None:
    run.set_tags({"error": f"{type(error).__name__}: {error}"})
    run.log_text("".join(traceback.format_exception(error)), "traceback.txt")
    run.finish(RunState.FAIL)
