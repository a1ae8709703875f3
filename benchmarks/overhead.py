"""What a trial costs beside its computation: a search, and Hydra's stock plug-in doing the same.

python benchmarks/overhead.py                          ratios, interleaved rounds
python benchmarks/overhead.py --trials 50 --rounds 1   a quick look

Both compose the configs here for each trial of (x - 2)^2 at random points, with a study on SQLite
and a run in MLflow for each trial: parameters, value and composed config. What is measured is the
time from one trial's computation to the next one's, on the clock and of the processor: the median
over a search, then over the rounds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_HEAD = """
import json, os, time
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig

from tunesmith import LIBRARIES, run, run_trial
from tunesmith.config import flat


def tick():
    with open(os.environ["TICKS"], "a") as file:
        print(json.dumps([time.perf_counter(), time.process_time()]), file=file)


trusted = ("tunesmith.*", *LIBRARIES)


@hydra.main(config_path={conf!r}, config_name="train", execution_whitelist=trusted)
"""
OURS = """
def main(cfg):
    tick()
    return run_trial(cfg)

run(main)
"""
STOCK = """
def main(cfg):
    tick()
    import mlflow
    folder = Path(HydraConfig.get().runtime.output_dir)
    mlflow.set_tracking_uri(f"sqlite:///{cfg.paths.output_root}/mlflow.db")
    mlflow.set_experiment("stock")
    with mlflow.start_run(run_name=folder.name, tags={"folder": str(folder)}):
        mlflow.log_params(flat(cfg, without=("storage", "tracking", "paths")))
        value = (cfg.objective.x - 2) ** 2
        mlflow.log_metric("objective/value", value)
        mlflow.log_artifact(str(folder / ".hydra" / "config.yaml"))
    return value

main()
"""
_SHARED = ("hydra/sweeper/sampler=random", "confirm=none")
ARGUMENTS = {
    "ours": ("hparams_search=quadratic", "refit=false"),
    "stock": (
        "objective=quadratic",
        "hydra/sweeper=optuna",
        "hydra.sweeper.direction=minimize",
        "hydra.sweeper.n_jobs=1",
        "hydra.sweeper.storage=sqlite:///${paths.output_root}/optuna.db",
        "hydra.sweep.dir=${paths.output_root}/sweep",
        "objective.x=interval(-10,10)",
    ),
}


def ticks_of(side: str, *, n_trials: int) -> list[list[float]]:
    """Return when the trials of a search were computed, on the clock and in processor time."""
    source = _HEAD.format(conf=str(ROOT / "conf")) + (OURS if side == "ours" else STOCK)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "app.py").write_text(source)
        Path(folder, "outputs").mkdir()  # The stock plug-in makes no folder for its database.
        ticks = Path(folder, "ticks")
        subprocess.run(
            [
                *(sys.executable, "app.py", "-m", *ARGUMENTS[side], *_SHARED),
                *(f"hydra.sweeper.n_trials={n_trials}", f"paths.output_root={folder}/outputs"),
            ],
            cwd=folder,
            env={**os.environ, "TICKS": str(ticks), "OMP_NUM_THREADS": "1"},
            check=True,
            capture_output=True,
        )
        return [json.loads(line) for line in ticks.read_text().splitlines()]


def milliseconds(ticks: list[list[float]], which: int) -> float:
    """Return the median time between two trials."""
    times = [tick[which] for tick in ticks]
    return 1e3 * statistics.median(later - earlier for earlier, later in pairwise(times))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    found: dict[str, list[tuple[float, float]]] = {side: [] for side in ARGUMENTS}
    for number in range(options.rounds):
        for side, values in found.items():
            ticks = ticks_of(side, n_trials=options.trials)
            clock, processor = milliseconds(ticks, 0), milliseconds(ticks, 1)
            values.append((clock, processor))
            print(f"round {number + 1}, {side}: {clock:.0f} ms, processor {processor:.0f} ms")
    for which, name in enumerate(("on the clock", "of the processor")):
        ours, stock = (
            statistics.median(value[which] for value in values) for values in found.values()
        )
        ratio = statistics.median(
            a[which] / b[which] for a, b in zip(found["ours"], found["stock"], strict=True)
        )
        print(f"a trial, ms {name}: ours {ours:.0f}, stock {stock:.0f}, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
