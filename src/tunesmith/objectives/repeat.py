"""The mean over several seeds as one trial: `repeat`."""

import contextlib
import copy
import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from statistics import fmean, stdev

from omegaconf import DictConfig
from optuna import TrialPruned
from optuna.trial import Trial

from tunesmith.context import Context, entered
from tunesmith.paths import RunPaths
from tunesmith.study import RepeatedTrial, TrialRecord, running, wants_each_value
from tunesmith.tracking import Run

log = logging.getLogger(__name__)


def mean_over_seeds(
    cfg: DictConfig,
    compute: Callable[[DictConfig], dict[str, float]],
    *,
    names: Sequence[str],
    context: Context,
) -> dict[str, float]:
    """Return the mean of every metric over the seeds, and its sample deviation as `<metric>/std`.

    The first repetition is recorded with its curves and keeps the run's folder, the others have
    folders of their own in it. In between two repetitions the trial takes no reports.

    Args:
        cfg: The config; `cfg.repeat` seeds are used, `cfg.seed` and the integers after it.
        compute: Returns the metrics of one seed.
        names: The metrics whose values are kept one by one. A single one is reported after each
            repetition.
        context: The context of the whole.

    Raises:
        TrialPruned: The trial's pruner says so.

    """
    trial = context.trial
    repeated = None if trial is None else RepeatedTrial(trial)
    results: list[dict[str, float]] = []
    for number in range(1, cfg.repeat + 1):
        one = copy.deepcopy(cfg)
        one.seed = (cfg.seed or 0) + number - 1
        log.info("repetition %d of %d, seed %d", number, cfg.repeat, one.seed)
        with _repetition(number, trial=repeated, context=context):
            results.append(compute(one))
        _keep(results, names=names, context=context)
        if trial is not None and len(names) == 1:
            _report(trial, [result[names[0]] for result in results], name=names[0], cfg=cfg)
    return _means(results)


@contextlib.contextmanager
def _repetition(number: int, *, trial: RepeatedTrial | None, context: Context) -> Iterator[None]:
    """Enter the context of a repetition; the first one has the run's own folder and record."""
    own = replace(context, trial=trial, repetition=number)
    with contextlib.ExitStack() as stack:
        if number > 1:
            paths = stack.enter_context(_folder(context.paths.repetition(number)))
            own = replace(own, paths=paths, run=Run())
        if trial is not None:
            stack.enter_context(running(trial))
        stack.enter_context(entered(own))
        yield


@contextlib.contextmanager
def _folder(paths: RunPaths) -> Iterator[RunPaths]:
    """Make a folder, and remove it again if nothing was written into it."""
    paths.folder.mkdir(exist_ok=True)
    try:
        yield paths
    finally:
        with contextlib.suppress(OSError):  # It holds something.
            paths.folder.rmdir()


def _keep(results: Sequence[dict[str, float]], *, names: Sequence[str], context: Context) -> None:
    last = {f"repetition/{name}": results[-1][name] for name in names}
    context.run.log_metrics(last, step=len(results))
    if context.trial is not None:
        values = {name: [result[name] for result in results] for name in names}
        TrialRecord.write(context.trial, repetitions=values)


def _report(trial: Trial, values: Sequence[float], *, name: str, cfg: DictConfig) -> None:
    done = len(values)
    mean = _mean(values)
    trial.report(values[-1] if wants_each_value(trial) else mean, step=done)
    if done < cfg.repeat and cfg.prune and trial.should_prune():
        raise TrialPruned(f"pruned after repetition {done} of {cfg.repeat}: {name} was {mean:.4g}")


def _means(results: Sequence[dict[str, float]]) -> dict[str, float]:
    means: dict[str, float] = {}
    for name in set.intersection(*map(set, results)):
        values = [result[name] for result in results]
        means[name] = _mean(values)
        if all(map(math.isfinite, values)):
            means[f"{name}/std"] = stdev(values)
    return means


def _mean(values: Sequence[float]) -> float:
    # Of infinite values of both signs it is NaN, which fails the trial; fmean raises.
    return fmean(values) if all(map(math.isfinite, values)) else sum(values) / len(values)
