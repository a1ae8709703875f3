"""The mean over several seeds as one trial: `repeat`."""

import contextlib
import copy
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, read_write
from optuna import TrialPruned
from optuna.trial import Trial

from tunesmith.study import RepeatedTrial, current_trial, keep_scores, running, wants_each_value
from tunesmith.tracking import NoRun, current_run, recording

log = logging.getLogger(__name__)

REPETITIONS = "repetitions"


def mean_over_seeds(
    cfg: DictConfig, compute: Callable[[DictConfig], dict[str, float]], *, names: Sequence[str]
) -> dict[str, float]:
    """The mean of every metric over the seeds, and its sample deviation as `<metric>/std`.

    `compute` is called `cfg.repeat` times, with `cfg.seed` and the integers after it; the first one
    is recorded with its curves and keeps the run's folder, the others have folders of their own in
    it. The values of the metrics `names` are kept one by one. If it is one metric, it is reported
    after each repetition, and TrialPruned is raised where the trial's pruner says so; in between,
    the trial takes no reports.
    """
    trial = current_trial()
    repeated = None if trial is None else RepeatedTrial(trial)
    results: list[dict[str, float]] = []
    for number in range(1, cfg.repeat + 1):
        one = copy.deepcopy(cfg)
        one.seed = (cfg.seed or 0) + number - 1
        log.info("repetition %d of %d, seed %d", number, cfg.repeat, one.seed)
        with contextlib.ExitStack() as own:
            if repeated is not None:
                own.enter_context(running(repeated))
            if number > 1:
                own.enter_context(recording(NoRun()))
                own.enter_context(_own_folder(f"repetition-{number}"))
            results.append(compute(one))
        _keep(results, names=names, trial=trial)
        if trial is not None and len(names) == 1:
            _report(trial, [result[names[0]] for result in results], name=names[0], cfg=cfg)
    return _summary(results)


@contextlib.contextmanager
def _own_folder(name: str) -> Iterator[None]:
    """Have the job write into a folder of its own inside the run's."""
    hydra: Any = HydraConfig.get()
    before = hydra.runtime.output_dir
    folder = Path(before) / name
    folder.mkdir(exist_ok=True)
    try:
        with read_write(hydra):
            hydra.runtime.output_dir = str(folder)
        yield
    finally:
        with read_write(hydra):
            hydra.runtime.output_dir = before
        with contextlib.suppress(OSError):  # It holds something.
            folder.rmdir()


def _keep(
    results: Sequence[dict[str, float]], *, names: Sequence[str], trial: Trial | None
) -> None:
    last = {f"repetition/{name}": results[-1][name] for name in names}
    current_run().log_metrics(last, step=len(results))
    if trial is not None:
        values = {name: [result[name] for result in results] for name in names}
        trial.set_user_attr(REPETITIONS, values)


def _report(trial: Trial, values: Sequence[float], *, name: str, cfg: DictConfig) -> None:
    done = len(values)
    trial.report(values[-1] if wants_each_value(trial) else fmean(values), step=done)
    if done == cfg.repeat:
        keep_scores(trial, values)
    elif cfg.prune and trial.should_prune():
        raise TrialPruned(
            f"pruned after repetition {done} of {cfg.repeat}: {name} was {fmean(values):.4g}"
        )


def _summary(results: Sequence[dict[str, float]]) -> dict[str, float]:
    summary: dict[str, float] = {}
    for name in set.intersection(*map(set, results)):
        values = [result[name] for result in results]
        summary |= {name: fmean(values), f"{name}/std": stdev(values)}
    return summary
