"""What a command costs until its first trial trains, beside the bare imports of its libraries.

    python benchmarks/first_trial.py [REPEATS]

Prints for each command the CPU time (of the process, user and system) and the wall time until the
first epoch begins, as multiples of `import torch, lightning, mlflow` measured beside it; of two
workers, each beside the other, those of the slower one since its own start. The commands take
turns, so that a busy machine slows all of them; of the repeats the least counts.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
# Ends the process at the first epoch: what comes later is not measured.
CALLBACK = """
import os
import time

import psutil
from lightning.pytorch import Callback


class EndAtFirstEpoch(Callback):
    def on_train_epoch_start(self, trainer, module):
        wall = time.time() - psutil.Process().create_time()
        with open(os.environ["MEASURED"], "a") as file:
            file.write(f"{sum(os.times()[:2])} {wall}" + chr(10))
        os._exit(0)
"""
FIRST = "+callbacks.end={_target_: first_epoch.EndAtFirstEpoch}"
SEARCH = ("-m", "hparams_search=mlp", "confirm=none", FIRST)
WORKERS = "... each of n_jobs=2"
BARE = "import torch, lightning, mlflow"
COMMANDS = {
    BARE: None,
    "python train.py": (FIRST,),
    "... -m hparams_search=mlp": (*SEARCH, "hydra.sweeper.n_trials=1"),
    WORKERS: (*SEARCH, "hydra.sweeper.n_jobs=2", "hydra.sweeper.n_trials=2"),
    "... tracking=none": (FIRST, "tracking=none"),
    "... without a database yet": (FIRST,),
    "--cfg job": ("--cfg", "job"),
    "--help": ("--help",),
}


@dataclass(frozen=True)
class Cost:
    """Seconds of a process."""

    cpu: float
    wall: float


def write_entry(folder: Path) -> Path:
    """Write a train.py that trusts the callback."""
    (folder / "first_epoch.py").write_text(CALLBACK)
    text = (
        (ROOT / "train.py").read_text().replace('"tunesmith.*",', '"tunesmith.*", "first_epoch.*",')
    )
    entry = folder / "train.py"
    entry.write_text(text.replace('config_path="conf"', f'config_path="{ROOT / "conf"}"'))
    return entry


def measure(command: list[str], folder: Path, *, workers: int = 0) -> Cost:
    """Run a command to its end, or until so many workers began; the slowest of these counts."""
    started = time.perf_counter()
    log, measured = folder / "log.txt", folder / "measured.txt"
    measured.write_text("")
    environment = {**os.environ, "MEASURED": str(measured)}
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=folder, stdout=file, stderr=file, env=environment)
        while workers and process.poll() is None and len(begun(measured)) < workers:
            time.sleep(0.1)
        if workers:
            process.terminate()
            process.wait()
            return max(begun(measured), key=lambda cost: cost.wall)
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(log.read_text())
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - started)


def begun(measured: Path) -> list[Cost]:
    """Read what the processes wrote that came to their first epoch."""
    lines = measured.read_text().splitlines()
    return [Cost(*map(float, line.split())) for line in lines if len(line.split()) == 2]


def main(repeats: int) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        entry = write_entry(folder)
        found: dict[str, list[Cost]] = {label: [] for label in COMMANDS}
        for _ in range(repeats + 1):
            for label, arguments in COMMANDS.items():
                root = folder / "outputs"
                if label.endswith("yet"):
                    root = folder / "new"
                    shutil.rmtree(root, ignore_errors=True)
                # A study that was begun would be continued.
                shutil.rmtree(folder / "outputs" / "searches", ignore_errors=True)
                (folder / "outputs" / "optuna.db").unlink(missing_ok=True)
                command = [sys.executable, "-c", BARE]
                if arguments is not None:
                    shown = label.startswith("--")
                    command = [sys.executable, str(entry), *arguments]
                    command += [] if shown else [f"paths.output_root={root}"]
                workers = 2 if label == WORKERS else 0
                found[label].append(measure(command, folder, workers=workers))
    # The first round writes compiled modules and makes the databases.
    rows = {label: costs[1:] for label, costs in found.items()}
    bare = rows[BARE]
    print(f"{'':34}  CPU     wall    times the bare imports: CPU (each pair's median), wall")
    for label, costs in rows.items():
        pairs = list(zip(costs, bare, strict=True))
        cpu = statistics.median(one.cpu / other.cpu for one, other in pairs)
        wall = statistics.median(one.wall / other.wall for one, other in pairs)
        least = f"{min(c.cpu for c in costs):5.2f} s  {min(c.wall for c in costs):5.2f} s"
        print(f"{label:34}  {least}  {cpu:.2f}  {wall:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
