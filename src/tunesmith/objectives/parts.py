"""A trial as the mean of several fits: over seeds, `repeat`, and over folds, `data.folds`."""

import contextlib
import copy
import logging
import math
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev

from omegaconf import DictConfig, OmegaConf
from optuna import TrialPruned
from optuna.trial import Trial

from tunesmith.context import Context, Role, entered
from tunesmith.paths import RunPaths
from tunesmith.study import RepeatedTrial, TrialRecord, running, wants_each_value
from tunesmith.tracking import Run

log = logging.getLogger(__name__)

REPETITION, FOLD, FIT = "repetition", "fold", "fit"


@dataclass(frozen=True)
class Part:
    """One of the fits that a trial is the mean of.

    Attributes:
        number: Its place among them, from 1.
        cfg: Its config.
        kind: What they are: repetitions, folds, or fits where there are several of both.

    """

    number: int
    cfg: DictConfig
    kind: str = FIT


def parts_of(cfg: DictConfig) -> list[Part]:
    """Return the fits of a config: each of its seeds is computed in each of its folds.

    Args:
        cfg: The config; `cfg.repeat` seeds are used, `cfg.seed` and the integers after it, and
            unless `cfg.data.fold` is one of them, `cfg.data.folds` folds.

    """
    folds = n_folds(cfg)
    seeds = [cfg.seed] if cfg.repeat == 1 else [(cfg.seed or 0) + i for i in range(cfg.repeat)]
    if len(seeds) == 1 and folds is None:
        return [Part(1, cfg)]
    kind = FIT if folds and len(seeds) > 1 else FOLD if folds else REPETITION
    configs = [
        _changed(cfg, seed=seed, fold=fold)
        for seed in seeds
        for fold in (range(1, folds + 1) if folds else [None])
    ]
    return [Part(number, one, kind) for number, one in enumerate(configs, start=1)]


def n_folds(cfg: DictConfig) -> int | None:
    """Return in how many folds a config is computed; None without any, or in one alone."""
    data = cfg.get("data")
    if not OmegaConf.is_dict(data) or data is None or data.get("fold") is not None:
        return None
    folds: int | None = data.get("folds")
    return folds


def _changed(cfg: DictConfig, *, seed: int | None, fold: int | None) -> DictConfig:
    one = copy.deepcopy(cfg)
    one.seed = seed
    if fold is not None:
        one.data.fold = fold
        # What is delivered is fitted on the rows of all folds.
        one.keep_model = False
    return one


def mean_over_parts(
    parts: Sequence[Part],
    compute: Callable[[DictConfig], dict[str, float]],
    *,
    names: Sequence[str],
    context: Context,
) -> dict[str, float]:
    """Return the mean of every metric over the parts, and its sample deviation as `<metric>/std`.

    The first part is recorded with its curves and keeps the run's folder. Other repetitions have
    folders of their own in it, other folds leave nothing. In between two parts the trial takes no
    reports.

    Args:
        parts: The parts.
        compute: Returns the metrics of one.
        names: The metrics whose values are kept one by one. A single one is reported after each
            part.
        context: The context of the whole.

    Raises:
        TrialPruned: The trial's pruner says so.

    """
    trial = context.trial
    repeated = None if trial is None else RepeatedTrial(trial)
    results: list[dict[str, float]] = []
    for part in parts:
        log.info("%s %d of %d, seed %s", part.kind, part.number, len(parts), part.cfg.seed)
        with _computing(part, trial=repeated, context=context):
            results.append(compute(part.cfg))
        _keep(results, part, names=names, context=context)
        if trial is not None and len(names) == 1:
            values = [result[names[0]] for result in results]
            _report(trial, values, part, name=names[0], n_parts=len(parts))
    return _means(results)


@contextlib.contextmanager
def _computing(part: Part, *, trial: RepeatedTrial | None, context: Context) -> Iterator[None]:
    """Enter the context of a part; the first one has the run's own folder and record."""
    own = replace(context, trial=trial, repetition=part.number)
    with contextlib.ExitStack() as stack:
        if part.number > 1:
            paths, leaves = context.paths.part(part.kind, part.number), part.kind == REPETITION
            stack.enter_context(_folder(paths, leaves=leaves))
            role = context.role if leaves else Role.PART
            own = replace(own, role=role, paths=paths, run=Run())
        if trial is not None:
            stack.enter_context(running(trial))
        stack.enter_context(entered(own))
        yield


@contextlib.contextmanager
def _folder(paths: RunPaths, *, leaves: bool) -> Iterator[None]:
    """Make a folder, and remove it again unless something is left in it that is to stay."""
    paths.folder.mkdir(exist_ok=True)
    try:
        yield
    finally:
        if not leaves:
            shutil.rmtree(paths.folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # It holds something.
            paths.folder.rmdir()


def _keep(
    results: Sequence[dict[str, float]], part: Part, *, names: Sequence[str], context: Context
) -> None:
    last = {name: results[-1][name] for name in names}
    known = ", ".join(f"{name} {value:.5g}" for name, value in last.items())
    log.info("%s %d: %s", part.kind, part.number, known)
    named = {f"{part.kind}/{name}": value for name, value in last.items()}
    context.run.log_metrics(named, step=len(results))
    if context.trial is not None:
        values = {name: [result[name] for result in results] for name in names}
        TrialRecord.write(context.trial, repetitions=values)


def _report(trial: Trial, values: Sequence[float], part: Part, *, name: str, n_parts: int) -> None:
    mean = _mean(values)
    trial.report(values[-1] if wants_each_value(trial) else mean, step=part.number)
    if part.number < n_parts and part.cfg.prune and trial.should_prune():
        raise TrialPruned(
            f"pruned after {part.kind} {part.number} of {n_parts}: {name} was {mean:.4g}"
        )


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
