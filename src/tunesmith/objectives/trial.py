"""Compute one trial or single run: from a composed config to the values of its metrics."""

import contextlib
import logging
import math
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from hydra.utils import instantiate
from omegaconf import DictConfig, ListConfig, OmegaConf
from optuna import TrialPruned
from optuna.trial import Trial

from tunesmith.commands import repeat_run, resume_run
from tunesmith.config import anchor_files, flat
from tunesmith.context import (
    Context,
    Role,
    current_context,
    entered,
    job_context,
    offered_run,
    refitted_search,
    run_tags,
)
from tunesmith.errors import InvalidConfig, nearest
from tunesmith.freed_memory import collect_as_usual
from tunesmith.interrupts import begun, end_interrupted, is_interrupt
from tunesmith.objectives.delivery import deliver
from tunesmith.objectives.kept_predictor import keep_predictor
from tunesmith.objectives.metrics import metric_names
from tunesmith.objectives.objective import Values, objective_of
from tunesmith.objectives.parts import mean_over_parts, parts_of
from tunesmith.objectives.record_config import record_config
from tunesmith.objectives.result import print_result
from tunesmith.paths import shown, started_in
from tunesmith.renamed import bring_up_to_date
from tunesmith.study import (
    BadValue,
    Diverged,
    Pruned,
    TrialRecord,
    listed,
    read_number,
    read_values,
)
from tunesmith.tracking import NoTracking, Run, RunState, Tracking

log = logging.getLogger(__name__)

# What `run_trial` returns: a value, a value for each metric, or that the trial was stopped early.
Outcome: TypeAlias = float | list[float] | Pruned

# Where things are kept changes nothing of what is computed.
NOT_PARAMETERS = ("storage", "tracking", "paths")


class NoUsableValue(InvalidConfig):
    """The objective returned no value of its metric, or a fit one that is not finite."""


class NoNumber(NoUsableValue, BadValue):
    """The objective returned a value of its metric that is no number; another trial's may be."""


def run_trial(cfg: DictConfig) -> Outcome:
    """Run the config's objective as a trial or single run, and record it in the tracking store.

    Call it inside a Hydra job: the job's output folder becomes that of the run.

    Args:
        cfg: The whole composed config.

    Returns:
        The value of `metric.name`, a list of values if `metric.name` is a list, or `Pruned` if the
        trial was stopped early.

    Raises:
        NoUsableValue: An InvalidConfig: a value of `metric.name` is missing, no number or NaN, or
            infinite where the objective takes no infinite values.
        SystemExit: A single run ends with one line: it was stopped early, or a mistake is the
            user's.
        Exception: What the objective raised; the run records it first.

    Example:
        The whole `main` of a train.py:

        >>> def main(cfg: DictConfig) -> Outcome:
        ...     return run_trial(cfg)

    """
    begun()
    bring_up_to_date(cfg)
    context = _started(cfg)
    anchor_files(cfg, started_in())
    collect_as_usual()
    started = time.perf_counter()
    try:
        with entered(context), _recording_errors(context):
            # Before the fits: what it hangs on, the data, may have to be read again after these.
            optimized = cfg.metric.name
            metrics = _metrics_of(cfg, context)
    except TrialPruned as pruned:
        return _end_pruned(context, pruned)
    finally:
        seconds = time.perf_counter() - started
        if context.trial is not None:
            TrialRecord.write(context.trial, seconds=seconds)
    _end_complete(cfg, context, metrics, seconds=seconds)
    if context.trial is not None:
        _keep_what_the_run_says(context.trial, context.run)
    if isinstance(optimized, ListConfig):
        return [metrics[name] for name in optimized]
    return metrics[optimized]


def _keep_what_the_run_says(trial: Trial, run: Run) -> None:
    if run.notes:
        TrialRecord.write(trial, notes=run.notes)
    # The store may have been away when the run began.
    if run.id is not None:
        TrialRecord.write(trial, run_id=run.id)


def _started(cfg: DictConfig) -> Context:
    """Return the context of the job, with a run that is being recorded: a trial has one already."""
    context = job_context()
    run = offered_run() or _open_run(cfg, context)
    run.log_params(flat(cfg, without=NOT_PARAMETERS))
    record_config(run, cfg, context.paths)
    return replace(context, run=run)


def _open_run(cfg: DictConfig, context: Context) -> Run:
    tracking = _tracking(cfg) if context.is_first else NoTracking()
    if context.role is Role.SINGLE:
        tracking.close_dead_runs()
    folder, search = context.paths.folder, refitted_search()
    return tracking.start_run(
        "-".join(folder.parts[-2:]),
        tags=run_tags(context.paths, repeat=repeat_run(context.paths)),
        parent_id=None if search is None else search.id,
    )


def _tracking(cfg: DictConfig) -> Tracking:
    with contextlib.chdir(started_in()):  # A relative URI is meant from there.
        tracking: Tracking = instantiate(cfg.tracking)
        return tracking


def _metrics_of(cfg: DictConfig, context: Context) -> dict[str, float]:
    first, *others = parts = parts_of(cfg)
    if others:
        metrics = mean_over_parts(parts, _compute, names=metric_names(cfg), context=context)
    else:
        metrics = _compute(cfg)
    if context.keeps_model(cfg):
        metrics |= deliver(first, metrics, context=context)
    return metrics


def _compute(cfg: DictConfig) -> dict[str, float]:
    objective = objective_of(cfg)
    metrics = _by_name(cfg, objective.evaluate(cfg))
    _require_values(cfg, metrics, takes_infinity=objective.takes_infinity)
    return metrics


def _by_name(cfg: DictConfig, result: Values) -> dict[str, float]:
    names = metric_names(cfg)
    if isinstance(result, Mapping):
        return _numbers(result, optimized=names)
    if (count := len(listed(result))) != len(names):
        raise NoUsableValue(
            f"the objective returned {count} values, metric.name names {len(names)}; "
            "try 'metric.name=[a,b]' 'metric.direction=[minimize,minimize]'"
        )
    try:
        return dict(zip(names, read_values(result, n_directions=len(names)), strict=True))
    except BadValue as error:
        raise NoNumber(str(error)) from None


def _numbers(result: Mapping[str, object], *, optimized: Sequence[str]) -> dict[str, float]:
    """Return the metrics as numbers; one that is none and not optimized is left out, and named."""
    numbers = {}
    for key, value in result.items():
        name = str(key)
        try:
            numbers[name] = read_number(value)
        except BadValue as error:
            if name in optimized:
                raise NoNumber(f"{error} (as {name})") from None
            kind = "None" if value is None else f"a {type(value).__name__}"
            current_context().run.note(f"the metric {name!r} is {kind}, no number: it is left out")
    return numbers


def _require_values(cfg: DictConfig, metrics: Mapping[str, float], *, takes_infinity: bool) -> None:
    usable = _is_number if takes_infinity else math.isfinite
    for name in metric_names(cfg):
        if name not in metrics:
            raise NoUsableValue(
                f"the objective returned no {name}, but {', '.join(sorted(metrics)) or 'nothing'}; "
                f"try metric.name={nearest(name, metrics)}"
            )
        if not usable(metrics[name]):
            logged = ", ".join(f"{key}={value:g}" for key, value in sorted(metrics.items()))
            raise NoUsableValue(f"{name} is {metrics[name]}, not a finite number (got {logged})")


def _is_number(value: float) -> bool:
    return not math.isnan(value)


@contextlib.contextmanager
def _recording_errors(context: Context) -> Iterator[None]:
    """Record what is raised, except that a trial was pruned."""
    run = context.run
    try:
        yield
    except TrialPruned:
        raise
    except Exception as error:
        run.set_tags({"error": f"{type(error).__name__}: {error}"})
        run.log_text("".join(traceback.format_exception(error)), "traceback.txt")
        run.finish(RunState.FAIL)
        if isinstance(error, InvalidConfig):
            _exit_if_alone(str(error), context)
        raise
    except BaseException as error:
        run.finish(RunState.INTERRUPTED)
        if context.is_alone and is_interrupt(error):
            raise end_interrupted(_interrupted(context)) from None
        raise


def _end_pruned(context: Context, pruned: TrialPruned) -> Pruned:
    reason = str(pruned) or "pruned by its objective"
    log.info("Pruned: %s", reason)
    context.run.set_tags({"reason": reason})
    context.run.finish(RunState.PRUNED)
    _exit_if_alone(f"Stopped: {reason}", context)
    return Pruned(reason, diverged=isinstance(pruned, Diverged))


def _end_complete(
    cfg: DictConfig, context: Context, metrics: Mapping[str, float], *, seconds: float
) -> None:
    context.run.log_summary({**metrics, "seconds": seconds})
    context.run.finish(RunState.COMPLETE)
    if not context.is_first:
        return
    if not context.is_trial:
        OmegaConf.save(OmegaConf.create(dict(metrics)), context.paths.metrics)
        keep_predictor(cfg, context)
    if context.role is Role.SINGLE:
        print_result(metrics, seconds=seconds, cfg=cfg, context=context)


def _interrupted(context: Context) -> str:
    """Say where an interrupted run lies, and how to go on."""
    paths = context.paths
    said = f"Interrupted; the folder is {shown(paths.folder)}"
    if not paths.interrupted.is_file():
        repeat = repeat_run(paths)
        return said if repeat is None else f"{said}\nto begin again: {repeat}"
    resume = resume_run(paths, paths.interrupted)
    said = f"{said}, with {paths.interrupted.name}"
    return said if resume is None else f"{said}\nto go on: {resume}"


def _exit_if_alone(message: str, context: Context) -> None:
    """End the command with one line: Hydra says a line of its own about any other exception."""
    if context.is_alone:
        raise SystemExit(message if context.is_first else 1)
