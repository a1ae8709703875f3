"""Peak memory of a run on a large table, beside the size of the table itself.

    python benchmarks/table_memory.py                     100,000 rows, three tables, five models
    python benchmarks/table_memory.py --rows 50000 --tables mixed --runs lightgbm

Each run is a command of its own, as a user types it. Its peak, above that of the same run on 1,000
rows, is divided by the size of the table in pandas, `memory_usage(deep=True)`: 1 is the table.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "outputs" / "benchmarks" / "table_memory"
FEW_ROWS, N_COLUMNS = 1000, 50
# So many of its columns are texts, so many dates; the numbers of the last one have gaps.
TABLES = {"numbers": (0, 0), "mixed": (20, 0), "dates": (10, 10)}
N_DAYS, SHARE_MISSING = 1500, 0.1
BOOSTED = ("objective=lightgbm", "model.num_iterations=20")
RUNS = {
    "lightgbm": BOOSTED,
    "lightgbm in folds": (*BOOSTED, "data.folds=3"),
    "linear": ("objective=sklearn",),
    "forest": (
        "objective=sklearn",
        "model=random_forest",
        "model.n_estimators=5",
        "model.max_depth=8",
    ),
    "mlp": ("trainer.max_epochs=1", "data.batch_size=1000"),
}
# A command that tells its own peak at last, in KiB.
CHILD = """
import resource, runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    print("PEAK", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def write_table(kind: str, n_rows: int) -> tuple[Path, float]:
    """Write a table of made-up rows; the file, and the table's size in MiB."""
    n_texts, n_dates = TABLES[kind]
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(n_rows, N_COLUMNS))
    table = pd.DataFrame(numbers, columns=[f"x{i}" for i in range(N_COLUMNS)])
    for i in range(n_texts):
        table[f"x{i}"] = rng.choice(["red", "green", "blue", "violet"], n_rows)
    days = pd.date_range("2020-01-01", periods=N_DAYS).strftime("%Y-%m-%d")
    for i in range(n_texts, n_texts + n_dates):
        table[f"x{i}"] = rng.choice(days, n_rows)
    for i in range(n_texts + n_dates, N_COLUMNS) if n_dates else ():
        table.loc[rng.random(n_rows) < SHARE_MISSING, f"x{i}"] = np.nan
    table["y"] = rng.normal(size=n_rows)
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{kind}-{n_rows}.csv"
    table.to_csv(path, index=False)
    return path, float(table.memory_usage(deep=True).sum() / 2**20)


def peak(path: Path, run: tuple[str, ...]) -> float:
    """Return the peak of a run, MiB."""
    typed = (*run, "data=table", f"data.path={path}", "data.target=y", "n_threads=1")
    printed = subprocess.run(
        [
            *(sys.executable, "-c", CHILD, ROOT / "train.py", *typed),
            *("tracking=none", f"paths.output_root={FOLDER / 'runs'}"),
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return int(printed.rpartition("PEAK")[2]) / 2**10


def ratio(kind: str, n_rows: int, run: tuple[str, ...]) -> tuple[float, float]:
    """Return the size of a table in MiB, and how many times that a run's peak grows by it."""
    few, _ = write_table(kind, FEW_ROWS)
    many, size = write_table(kind, n_rows)
    return size, (peak(many, run) - peak(few, run)) / size


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--runs", nargs="+", choices=RUNS, default=list(RUNS))
    asked = parser.parse_args()
    for table in asked.tables:
        for run in asked.runs:
            size, times = ratio(table, asked.rows, RUNS[run])
            print(f"{table:8}  {run:18}  table {size:4.0f} MiB  peak {times:.2f} times", flush=True)


if __name__ == "__main__":
    main()
