"""What a trial costs: the tutorial's plain loop beside one trial as the search runs it.

    python benchmarks/trial_cost.py
    python benchmarks/trial_cost.py --set +optimizer.fused=true    another arithmetic

Interleaved, for each network in turn: one plain trial, its row-by-row data included, then a search
of two trials in a process of its own. The second of them is measured, from the end of the first to
its own end: proposing the point, composing its config, Lightning, Optuna on SQLite and MLflow.
Printed are medians over the rounds, the ratio, and where the search's time goes. Without `--set`,
whose overrides are the search's alone, both sides must give the same value to the last bit.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import optuna
from article import make_data, run_trial

ROOT = Path(__file__).resolve().parents[1]
CASES = ((1, 58, "adam"), (3, 32, "adam"), (1, 2, "sgd"))
LR = {"adam": 0.01, "sgd": 0.001}


@dataclass(frozen=True)
class Cost:
    """Seconds of one round."""

    plain: float
    plain_data: float
    search: float
    search_fit: float
    difference: float


def plain_seconds(n_layers: int, n_nodes: int, optimizer: str) -> tuple[float, float, float]:
    """Seconds of a plain trial and of its data alone, and its value."""
    started = time.perf_counter()
    make_data()
    data = time.perf_counter() - started
    started = time.perf_counter()
    value = run_trial(n_layers, n_nodes, optimizer, LR[optimizer])
    return time.perf_counter() - started, data, value


def search_seconds(
    n_layers: int, n_nodes: int, optimizer: str, *, further: Sequence[str]
) -> tuple[float, float, float]:
    """Seconds of a search's second trial, and of its objective alone, and its value."""
    with tempfile.TemporaryDirectory() as root:
        subprocess.run(
            [
                *(sys.executable, ROOT / "train.py", "-m", "hparams_search=mlp"),
                *(f"model.n_layers={n_layers}", f"model.n_nodes={n_nodes}"),
                *(f"optimizer={optimizer}", f"optimizer.lr=choice({LR[optimizer]})"),
                *(
                    "hydra.sweeper.n_trials=2",
                    "hydra.sweeper.study_name=cost",
                    "refit=false",
                    "confirm=none",
                ),
                f"paths.output_root={root}",
                *further,
            ],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        study = optuna.load_study(study_name="cost", storage=f"sqlite:///{root}/optuna.db")
        first, second = study.trials
        assert first.datetime_complete is not None
        assert second.datetime_complete is not None
        assert second.value is not None
        whole = (second.datetime_complete - first.datetime_complete).total_seconds()
        return whole, second.user_attrs["seconds"], second.value


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--set", nargs="+", default=[], help="overrides of the search")
    asked = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    costs: dict[tuple[int, int, str], list[Cost]] = {case: [] for case in CASES}
    for _ in range(asked.rounds):
        for case in CASES:
            plain, data, plain_value = plain_seconds(*case)
            search, fit, value = search_seconds(*case, further=asked.set)
            assert asked.set or value == plain_value, (case, value, plain_value)
            costs[case].append(Cost(plain, data, search, fit, abs(value / plain_value - 1)))
    print("seconds, medians; the last: by how much the values differ, as a share")
    print(
        f"{'network':>16} {'plain':>7} {'(data)':>7} {'search':>7} {'(fit)':>7} {'rest':>6} ratio "
        "difference"
    )
    for (n_layers, n_nodes, optimizer), rows in costs.items():
        plain, data, search, fit, difference = (
            statistics.median(getattr(row, name) for row in rows)
            for name in ("plain", "plain_data", "search", "search_fit", "difference")
        )
        ratio = statistics.median(row.search / row.plain for row in rows)
        network = f"{n_layers} x {n_nodes} {optimizer}"
        print(
            f"{network:>16} {plain:7.2f} {data:7.2f} {search:7.2f} {fit:7.2f} "
            f"{search - fit:6.2f} {ratio:5.2f} {difference:10.1g}"
        )


if __name__ == "__main__":
    main()
