"""Tables of classes that scikit-learn ships, with their labels as they come."""

from pathlib import Path

import pandas as pd
from sklearn.datasets import load_breast_cancer, load_digits, load_iris


def write_iris(folder: Path) -> Path:
    """Flowers of three species, by name."""
    bunch = load_iris(as_frame=True)
    return _write(bunch.frame.assign(target=bunch.target_names[bunch.target]), folder, "iris")


def write_tumours(folder: Path) -> Path:
    """Tumours, malignant or benign."""
    bunch = load_breast_cancer(as_frame=True)
    return _write(bunch.frame.assign(target=bunch.target_names[bunch.target]), folder, "tumours")


def write_digits(folder: Path) -> Path:
    """Images of 8 x 8 points; the digit is a whole number."""
    return _write(load_digits(as_frame=True).frame, folder, "digits")


def _write(table: pd.DataFrame, folder: Path, name: str) -> Path:
    path = folder / f"{name}.csv"
    table.to_csv(path, index=False)
    return path
