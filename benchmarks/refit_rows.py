"""What is delivered fitted on the training rows alone, or on all rows but those to test with.

    python benchmarks/refit_rows.py                   three tables, ten splits, three models
    python benchmarks/refit_rows.py --splits 3

Nothing is searched: each model is as it comes, and on a split both are scored on the same test
rows. What is shown is the mean over the splits, and the mean difference with its standard error.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from tables import FOLDER, ROOT, write_tables

MODELS = {
    "lightgbm": ("objective=lightgbm",),
    "random forest": ("objective=sklearn", "model=random_forest"),
    "mlp": ("objective=mlp_table", "trainer.max_epochs=100"),
}
SHOWN = {"diabetes": "rmse", "wine": "rmse", "breast_cancer": "log_loss"}


def errors(table: str, target: str, model: str, *, splits: int) -> dict[str, list[float]]:
    """Return the test error of each split, by the rows that the model was fitted on."""
    seeds = ",".join(map(str, range(splits)))
    with tempfile.TemporaryDirectory() as root:
        subprocess.run(
            [
                *(sys.executable, ROOT / "train.py", "-m", *MODELS[model], "data=table"),
                *(f"data.path={FOLDER / table}.csv", f"data.target={target}", "tracking=none"),
                *("refit_rows=train,all", f"data.seed={seeds}", f"paths.output_root={root}"),
            ],
            cwd=root,
            check=True,
            capture_output=True,
        )
        found: dict[str, dict[int, float]] = {"train": {}, "all": {}}
        for file in Path(root).rglob("metrics.yaml"):
            cfg = yaml.safe_load((file.parent / ".hydra" / "config.yaml").read_text())
            metrics = yaml.safe_load(file.read_text())
            value = metrics[f"test/{SHOWN[table]}"]
            found[cfg["refit_rows"]][cfg["data"]["seed"]] = value
    return {rows: [by_seed[seed] for seed in range(splits)] for rows, by_seed in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--models", nargs="*", default=list(MODELS))
    options = parser.parse_args()
    targets = write_tables()
    print("| table | model | train | all | all less train |\n|---|---|---|---|---|")
    for table in SHOWN:
        for model in options.models:
            found = errors(table, targets[table], model, splits=options.splits)
            pairs = zip(found["train"], found["all"], strict=True)
            gains = [everything - train for train, everything in pairs]
            error = statistics.stdev(gains) / len(gains) ** 0.5
            means = " | ".join(f"{statistics.mean(values):.4g}" for values in found.values())
            gain = f"{statistics.mean(gains):+.2g} ± {error:.1g}"
            print(f"| {table} | {model} | {means} | {gain} |", flush=True)


if __name__ == "__main__":
    main()
