"""What a trial's `should_prune` costs in a study of ours beside one of stock Optuna, on SQLite.

    python benchmarks/should_prune.py

Ten finished trials of ten reports, then 1, 4 and 16 running ones, one of which asks Optuna's
percentile pruner, in turns with the other study. Printed are medians of the processor's time.
"""

import argparse
import statistics
import tempfile
import time
import warnings

import optuna
from optuna.pruners import PercentilePruner
from optuna.samplers import RandomSampler

from tunesmith.study import create_or_resume_study, open_storage

RUNNING = (1, 4, 16)


def begun(study: optuna.Study) -> optuna.Trial:
    """Begin a trial of four parameters that has reported once."""
    trial = study.ask()
    for name in ("a", "b", "c", "d"):
        trial.suggest_float(name, 0, 1)
    trial.report(0.5, step=1)
    return trial


def finish(study: optuna.Study) -> None:
    """Add a trial of ten reports."""
    trial = begun(study)
    for step in range(2, 11):
        trial.report(1 / step, step)
    study.tell(trial, 0.1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=50)
    rounds = parser.parse_args().rounds
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")  # Heartbeats are for `optimize`.
    with tempfile.TemporaryDirectory() as folder:
        pruner, sampler = PercentilePruner(40.0), RandomSampler(seed=0)
        studies = {
            "ours": create_or_resume_study(
                "ours",
                storage=open_storage(f"sqlite:///{folder}/ours.db"),
                directions=["minimize"],
                sampler=sampler,
                pruner=pruner,
            ),
            "stock": optuna.create_study(
                storage=f"sqlite:///{folder}/stock.db", sampler=sampler, pruner=pruner
            ),
        }
        trials: dict[str, list[optuna.Trial]] = {side: [] for side in studies}
        for study in studies.values():
            for _ in range(10):
                finish(study)
        print(f"{'running':>8} {'ours ms':>8} {'stock ms':>9} {'ratio':>6}")
        for running in RUNNING:
            took: dict[str, list[float]] = {side: [] for side in studies}
            for side, study in studies.items():
                trials[side] += [begun(study) for _ in range(running - len(trials[side]))]
            for _ in range(rounds):
                for side in studies:
                    started = time.process_time()
                    trials[side][0].should_prune()
                    took[side].append(1000 * (time.process_time() - started))
            ours, stock = (statistics.median(took[side]) for side in ("ours", "stock"))
            print(f"{running:8} {ours:8.2f} {stock:9.2f} {ours / stock:6.2f}")


if __name__ == "__main__":
    main()
