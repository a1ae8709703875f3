"""What a search finds on small real tables, beside scikit-learn's baselines on the same split.

    python benchmarks/tables.py              two tables, three splits each: a quarter of an hour
    python benchmarks/tables.py --seeds 1

The search picks its winner by the validation rows. The baselines keep scikit-learn's defaults
(ridge regression chooses its penalty by cross-validation) and are fitted on the training and the
validation rows, since they need none to choose by. Printed is the root mean squared error on the
test rows, which nothing has seen, in the target's own unit. A search that was interrupted, or is
finished, is continued by the same command.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from sklearn.datasets import load_diabetes, load_wine
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import RidgeCV
from sklearn.metrics import root_mean_squared_error

from tunesmith.data import TableDataModule

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "outputs" / "benchmarks" / "tables"
# A small table overfits in a thousand epochs: fewer, by mini-batches, and a penalty on weights.
SEARCH = (
    "hparams_search=mlp",
    "data=csv",
    "data.batch_size=32",
    "optimizer=adamw",
    "optimizer.lr=tag(log,interval(1e-4,1e-2))",
    "optimizer.weight_decay=tag(log,interval(1e-3,1))",
    "scheduler=one_cycle",
    "trainer.max_epochs=choice(25,50,100,200)",
    "trainer.check_val_every_n_epoch=25",
    "prune=false",
    "hydra.sweeper.n_trials=40",
    "tracking=none",
)
BASELINES = {
    "mean": lambda: DummyRegressor(),
    "ridge": lambda: RidgeCV(alphas=np.logspace(-3, 3, 25)),
    "forest": lambda: RandomForestRegressor(random_state=0),
    "boosting": lambda: HistGradientBoostingRegressor(random_state=0),
}


def write_tables() -> dict[str, str]:
    """Write the data sets that ship with scikit-learn as CSV; the target of each."""
    diabetes = load_diabetes(as_frame=True, scaled=False).frame
    diabetes["sex"] = diabetes["sex"].map({1.0: "one", 2.0: "two"})
    wine = load_wine(as_frame=True)
    wines = wine.frame.assign(cultivar=wine.target_names[wine.target]).drop(columns="target")
    for name, table in (("diabetes", diabetes), ("wine", wines)):
        table.to_csv(FOLDER / f"{name}.csv", index=False)
    return {"diabetes": "target", "wine": "alcohol"}


def search(name: str, target: str, *, seed: int) -> float:
    """Return the test error of the winner of a search, as a user types it."""
    study = f"{name}-{seed}"
    subprocess.run(
        [
            *(sys.executable, ROOT / "train.py", "-m", *SEARCH),
            *(f"data.path={FOLDER / name}.csv", f"data.target={target}", f"data.seed={seed}"),
            *(f"hydra.sweeper.study_name={study}", f"paths.output_root={FOLDER}"),
        ],
        check=True,
        stdout=sys.stderr,
    )
    winner = FOLDER / "searches" / study / "best" / "metrics.yaml"
    return float(yaml.safe_load(winner.read_text())["test/rmse"])


def baselines(name: str, target: str, *, seed: int) -> dict[str, float]:
    """Return the test error of each baseline on the rows of the search's data module."""
    data = TableDataModule(
        path=str(FOLDER / f"{name}.csv"),
        target=target,
        drop=[],
        seed=seed,
        val_fraction=0.2,
        test_fraction=0.2,
        batch_size=None,
        encoding="utf-8",
        separator=None,
        decimal=".",
    )
    data.setup("fit")
    x, y = (np.concatenate(parts) for parts in zip(data.train, data.val, strict=True))
    x_test, y_test = data.test
    fitted = {model: make().fit(x, y[:, 0]) for model, make in BASELINES.items()}
    return {
        model: root_mean_squared_error(y_test[:, 0].numpy(), one.predict(x_test.numpy()))
        for model, one in fitted.items()
    }


def main() -> None:
    """Search and fit what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, default=3, help="splits 0 ... N-1")
    seeds = range(parser.parse_args().seeds)
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, target in write_tables().items():
        for seed in seeds:
            errors = {"search": search(name, target, seed=seed)}
            rows.append({"table": name, **errors, **baselines(name, target, seed=seed)})
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format=lambda value: f"{value:.3f}"))
    means = table.groupby("table").mean()
    print("\nmean over splits\n" + means.to_string(float_format=lambda value: f"{value:.3f}"))


if __name__ == "__main__":
    main()
