"""Trials per hour of the tutorial's search: one worker with one thread, with all, and several.

    python benchmarks/workers.py

All arms compute the same points: the random sampler's depend on the seed and the slot only. Timed
is from the first trial's start to the last one's end, so that starting up does not count.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import optuna

ROOT = Path(__file__).resolve().parents[1]


def trials_per_hour(n_jobs: int, threads: int | None, *, n_trials: int, epochs: int) -> float:
    """Run one search and read the times of its trials."""
    environment = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    if threads is not None:
        environment["OMP_NUM_THREADS"] = str(threads)
    with tempfile.TemporaryDirectory() as root:
        subprocess.run(
            [
                *(sys.executable, ROOT / "train.py", "-m", "hparams_search=mlp"),
                *(
                    "hydra/sweeper/sampler=random",
                    "hydra/sweeper/pruner=none",
                    "refit=false",
                    "confirm=none",
                ),
                *(f"hydra.sweeper.n_trials={n_trials}", f"trainer.max_epochs={epochs}"),
                *(f"hydra.sweeper.n_jobs={n_jobs}", "hydra.sweeper.study_name=workers"),
                f"paths.output_root={root}",
            ],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
        )
        trials = optuna.load_study(
            study_name="workers", storage=f"sqlite:///{root}/optuna.db"
        ).trials
        begun = min(trial.datetime_start for trial in trials if trial.datetime_start)
        ended = max(trial.datetime_complete for trial in trials if trial.datetime_complete)
        return 3600 * n_trials / (ended - begun).total_seconds()


def main() -> None:
    """Measure the arms in turn and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    arms = {
        "n_jobs=1, 1 thread": (1, 1),
        "n_jobs=1, all threads": (1, None),
        f"n_jobs={options.jobs}": (options.jobs, None),
    }
    rates: dict[str, list[float]] = {name: [] for name in arms}
    for _ in range(options.rounds):
        for name, (n_jobs, threads) in arms.items():
            rate = trials_per_hour(n_jobs, threads, n_trials=options.trials, epochs=options.epochs)
            rates[name].append(rate)
    first = next(iter(rates.values()))
    for name, measured in rates.items():
        ratio = statistics.median(b / a for a, b in zip(first, measured, strict=True))
        print(f"{name:22} {statistics.median(measured):7.0f} trials/hour  ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
