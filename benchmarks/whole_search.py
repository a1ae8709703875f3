"""The tutorial's search beside the tutorial's own script, from the command to its end.

    python benchmarks/whole_search.py                     three sampler seeds, which take an hour
    python benchmarks/whole_search.py --seeds 1 --trials 10 --epochs 100   a quick look

For each seed in turn the script runs, then the search with two workers and all that it does by
default: confirmation, refit, report. What was measured is kept, and a run that was broken off goes
on where it was. Nothing else should run on the machine meanwhile.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path

import matplotlib.pyplot as plt
import optuna

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "outputs" / "benchmarks" / "whole_search"
PLOT = ROOT / "docs" / "images" / "whole_search.svg"


@dataclass(frozen=True)
class Timed:
    """A search, in seconds since its command was typed.

    Attributes:
        ends: When each trial that reached its last epoch was done.
        values: Their values.
        searched: When the last trial was done.
        whole: When the command was.

    """

    ends: list[float]
    values: list[float]
    searched: float
    whole: float

    def reached(self, value: float) -> float | None:
        """Return when a value as good as this was known; None for never."""
        known = (end for end, own in zip(self.ends, self.values, strict=True) if own <= value)
        return min(known, default=None)

    @property
    def best(self) -> float:
        """The best value."""
        return min(self.values)


def run_script(seed: int, *, trials: int, epochs: int) -> Timed:
    """Run the tutorial's script."""
    typed = (ROOT / "benchmarks" / "article.py", seed, "--n-trials", trials, "--epochs", epochs)
    begun, printed, whole = timed(list(map(str, typed)))
    told = json.loads(printed)
    ends = [end - begun for end in told["ends"]]
    # One that diverged has no value.
    known = [pair for pair in zip(ends, told["values"], strict=True) if pair[1] is not None]
    return Timed(*map(list, zip(*known, strict=True)), searched=max(ends), whole=whole)


def run_search(seed: int, *, trials: int, epochs: int) -> Timed:
    """Run the search by its command."""
    with tempfile.TemporaryDirectory() as root:
        typed = [
            *(str(ROOT / "train.py"), "-m", "hparams_search=mlp", "hydra.sweeper.n_jobs=2"),
            *(f"hydra.sweeper.sampler.seed={seed}", "hydra.sweeper.study_name=whole"),
            *(f"hydra.sweeper.n_trials={trials}", f"trainer.max_epochs={epochs}"),
            f"paths.output_root={root}",
        ]
        begun, _, whole = timed(typed)
        study = optuna.load_study(study_name="whole", storage=f"sqlite:///{root}/optuna.db")
        ends, values, last = [], [], 0.0
        for trial in study.trials:
            assert trial.datetime_complete is not None
            end = trial.datetime_complete.timestamp() - begun
            last = max(last, end)
            if trial.value is not None and trial.state == optuna.trial.TrialState.COMPLETE:
                ends.append(end)
                values.append(trial.value)
        return Timed(ends, values, searched=last, whole=whole)


def timed(typed: list[str]) -> tuple[float, str, float]:
    """Run a Python command; when it began, what it printed, and how long it took."""
    environment = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    begun = time.time()
    done = subprocess.run(
        [sys.executable, *typed],
        cwd=ROOT,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return begun, done.stdout, time.time() - begun


def kept(path: Path, run: Callable[[], Timed]) -> Timed:
    """Return what a file holds, which is made by the run if it is not there."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        measured = json.dumps(asdict(run()))
        path.write_text(measured)
    return Timed(**json.loads(path.read_text()))


def draw(pairs: Sequence[tuple[Timed, Timed]], path: Path) -> None:
    """Draw the best value so far over the time, of both."""
    plt.rcParams["svg.hashsalt"] = "whole_search"
    figure, axes = plt.subplots(figsize=(7, 3.6))
    for index, label in enumerate(("the tutorial's script", "the search, two workers")):
        for number, pair in enumerate(pairs):
            run = pair[index]
            points = sorted(zip(run.ends, run.values, strict=True))
            best = list(accumulate((value for _, value in points), min))
            axes.step(
                [*(end / 60 for end, _ in points), run.searched / 60],
                [*best, best[-1]],
                where="post",
                color=f"C{index}",
                label=label if number == 0 else None,
            )
    axes.set(xlabel="minutes since the command", ylabel="best val/mse so far", yscale="log")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Measure what is missing, print ratios and draw the curves."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=1000)
    parser.add_argument("--plot", type=Path, help=f"where the curves go, such as {PLOT.name}")
    asked = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    size = {"trials": asked.trials, "epochs": asked.epochs}
    folder = FOLDER / f"{asked.trials}x{asked.epochs}"
    pairs = []
    print(f"{'':6}{'script':>23}  {'search':>31}  {'ratios':>24}")
    print(
        f"{'seed':>6}{'best':>8}{'at s':>7}{'all s':>8}  {'best':>8}{'as good':>8}{'search':>7}"
        f"{'all s':>8}  {'as good':>8}{'search':>8}{'all':>8}"
    )
    for seed in asked.seeds:
        script = kept(folder / f"{seed}-script.json", partial(run_script, seed, **size))
        search = kept(folder / f"{seed}-search.json", partial(run_search, seed, **size))
        pairs.append((script, search))
        at = script.reached(script.best) or 0
        equal = search.reached(script.best)
        print(
            f"{seed:6}{script.best:8.4f}{at:7.0f}{script.whole:8.0f}  {search.best:8.4f}"
            f"{'never' if equal is None else f'{equal:.0f}':>8}{search.searched:7.0f}"
            f"{search.whole:8.0f}  {'-' if equal is None else f'{equal / at:.2f}':>8}"
            f"{search.searched / script.whole:8.2f}{search.whole / script.whole:8.2f}",
            flush=True,
        )
    searched = statistics.median(b.searched / a.whole for a, b in pairs)
    whole = statistics.median(b.whole / a.whole for a, b in pairs)
    print(f"medians: search {searched:.2f}, whole command {whole:.2f} of the script's time")
    if asked.plot is not None:
        draw(pairs, asked.plot)


if __name__ == "__main__":
    main()
