"""How long the report takes and how large it is: 1 to 10,000 trials, 2 and 20 parameters.

    python benchmarks/report.py

The studies are filled through Optuna's storage API, in SQLite, and read from there: a fifth of the
trials is pruned, and each has reported ten values. Filling the largest takes some minutes.
"""

import argparse
import math
import random
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from tunesmith.freed_memory import collected_later
from tunesmith.report import load_study, write_report

COUNTS, PARAMS = (1, 10, 100, 10_000), (2, 20)
LIMIT_SECONDS, LIMIT_BYTES = 10, 20e6


def fill(url: str, *, trials: int, params: int) -> None:
    """Make the study "filled" of so many trials and parameters."""
    rng = random.Random(0)
    storage = optuna.storages.RDBStorage(url)
    study_id = storage.create_new_study([optuna.study.StudyDirection.MINIMIZE], "filled")
    for _ in range(trials):
        storage.create_new_trial(study_id, template_trial=_trial(rng, params))
    storage.remove_session()


def _trial(rng: random.Random, params: int) -> FrozenTrial:
    spaces: list[BaseDistribution] = [
        FloatDistribution(1e-5, 1e-1, log=True),
        IntDistribution(1, 256),
        FloatDistribution(0, 1),
        optuna.distributions.CategoricalDistribution(["relu", "gelu", "tanh"]),
    ]
    dists = {f"group.parameter_{i}": spaces[i % len(spaces)] for i in range(params)}
    units = {name: rng.random() for name in dists}
    loss = sum((unit - 0.3) ** 2 / (i + 1) for i, unit in enumerate(units.values()))
    loss *= math.exp(rng.gauss(0, 0.2))
    is_pruned = rng.random() < 0.2
    reported = {step: loss * (1 + 5 / (step + 1)) for step in range(3 if is_pruned else 10)}
    return create_trial(
        params={name: _value(dist, units[name]) for name, dist in dists.items()},
        distributions=dists,
        state=TrialState.PRUNED if is_pruned else TrialState.COMPLETE,
        value=None if is_pruned else loss,
        intermediate_values=reported,
    )


def _value(dist: BaseDistribution, unit: float) -> float | int | str:
    if isinstance(dist, IntDistribution):
        return dist.low + int(unit * (dist.high - dist.low))
    if isinstance(dist, FloatDistribution):
        return dist.low * (dist.high / dist.low) ** unit if dist.log else unit
    choices: tuple[str, ...] = dist.choices  # type: ignore[attr-defined]
    return choices[int(unit * len(choices))]


def main() -> None:
    """Print a line for each study, and end with an error where a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--params", type=int, nargs="+", default=PARAMS)
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    is_within = True
    print("trials  parameters  s read  s written      MB")
    for trials in options.trials:
        for params in options.params:
            read, written, size = measure(trials, params)
            is_within &= read + written < LIMIT_SECONDS and size < LIMIT_BYTES
            seconds = f"{read:6.1f}  {written:9.1f}"
            print(f"{trials:6,}  {params:10}  {seconds}  {size / 1e6:6.1f}", flush=True)
    if not is_within:
        raise SystemExit(f"expected less than {LIMIT_SECONDS} s and {LIMIT_BYTES / 1e6:.0f} MB")


def measure(trials: int, params: int) -> tuple[float, float, int]:
    """Return the seconds of reading the study and of writing its report, and the size in bytes."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/optuna.db"
        fill(url, trials=trials, params=params)
        started = time.perf_counter()
        # As the command does it.
        with collected_later():
            study = load_study(url, name="filled")
            study.get_trials(deepcopy=False)
        read = time.perf_counter()
        path = write_report(study, path=Path(folder) / "report.html")
        return read - started, time.perf_counter() - read, path.stat().st_size


if __name__ == "__main__":
    main()
