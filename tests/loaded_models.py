"""Folders as runs and searches leave them, made in a moment."""

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge

from tests.data.houses import houses, module
from tunesmith.objectives.scikit_learn import ScikitLearnFitted
from tunesmith.paths import RunPaths
from tunesmith.pickled import write_predictor


def leave_model(folder: Path, target: str = "price", *, name: str = "train.csv") -> Any:
    """Fit a linear model on a table of houses and leave it in a folder; return its predictor."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder.parent / name
    if not path.exists():
        houses().to_csv(path, index=False)
    data = module(path, target=target)
    (x, y), of_classes = data.train, bool(data.labels)
    model = LogisticRegression(max_iter=500) if of_classes else Ridge()
    model.fit(x.numpy(), y.numpy() if of_classes else np.asarray(y[:, 0], dtype=np.float64))
    fitted = ScikitLearnFitted(model, data)
    write_predictor(fitted, RunPaths(folder).predictor)
    return fitted.predictor()
