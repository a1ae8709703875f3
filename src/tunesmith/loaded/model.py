"""The model that a run or the refit of a winner left, as scikit-learn's estimators are used."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tunesmith.data import RawRows
from tunesmith.errors import InvalidConfig
from tunesmith.loaded.delivered import predictor_file
from tunesmith.pickled import read_predictor


def load_model(folder: Path | str) -> "Model":
    """Load the model of a search's winner, or of a single run.

    It is a pickle, which runs code while it is read: load only what you trust.

    Args:
        folder: The folder of the search, or of the run.

    Raises:
        InvalidConfig: There is no such folder, or no model in it.

    Example:
        >>> model = tunesmith.load_model("outputs/searches/houses")
        >>> model.predict(pd.read_csv("new_houses.csv"))

    """
    return Model(read_predictor(predictor_file(Path(folder))))


class Model:
    """A fitted model with its preprocessing: it predicts from raw rows.

    It follows scikit-learn's conventions: a model of numbers has neither `classes_` nor
    `predict_proba`, a model that takes arrays has no `feature_names_in_` (AttributeError).

    Args:
        predictor: The `Predictor` that a run left.

    """

    def __init__(self, predictor: Any) -> None:
        self.predictor = predictor
        self._labels = list(getattr(predictor, "labels", ()))
        self._preprocessing = getattr(predictor, "preprocessing", None)
        self.rows = RawRows(self._preprocessing)

    def __repr__(self) -> str:
        what = f"classes {', '.join(map(str, self._labels))}" if self._labels else "numbers"
        names = self.rows.names
        return f"<model of {what}{'' if names is None else f' by {len(names)} columns'}>"

    @property
    def takes_tables(self) -> bool:
        """Whether it takes DataFrames; if False it takes arrays."""
        return self._preprocessing is not None

    @property
    def feature_names_in_(self) -> Any:
        """The names of the columns that it needs, (n_columns,)."""
        if self.rows.names is None:
            raise AttributeError("the model takes arrays: it knows no names of columns")
        return np.array(self.rows.names, dtype=object)

    @property
    def classes_(self) -> Any:
        """The classes, (n_classes,), in the order of the columns of `predict_proba`."""
        if not self._labels:
            raise AttributeError("the model predicts numbers: it has no classes")
        return np.array(self._labels)

    def predict(self, rows: Any) -> Any:
        """Return a number, in the target's own unit, or a class for each row, (n,).

        With several targets the result is (n, n_targets).

        Args:
            rows: A DataFrame with the columns of `feature_names_in_` in any order; further columns
                are ignored. An array, (n, ...), if the model was fitted on arrays.

        Raises:
            InvalidConfig: A column is missing, or cannot be read as it was in training.

        """
        predicted = self._predicted(rows)
        if self._labels:
            return predicted["prediction"].to_numpy()
        values = np.asarray(predicted)
        return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values

    @property
    def predict_proba(self) -> Callable[[Any], Any]:
        """A method: `predict_proba(rows)` returns the probability of each class, (n, n_classes)."""
        if not self._labels:
            raise AttributeError("the model predicts numbers: it has no probabilities")
        return self._probabilities

    def table(self, rows: Any, *, of: str = "the rows") -> Any:
        """Return the predictions as a DataFrame with the column `prediction`.

        A model of classes adds a column `probability LABEL` for each class; with several targets
        the columns are `prediction 1`, `prediction 2`, ...

        Args:
            rows: What `predict` takes.
            of: What an error message calls the rows.

        Raises:
            InvalidConfig: As `predict`.

        """
        import pandas as pd  # here: arrays are predicted without it

        predicted = self._predicted(rows, of=of)
        if self._labels:
            return predicted
        values = np.asarray(predicted).reshape(len(predicted), -1)
        names = [f"prediction {i + 1}" for i in range(values.shape[1])]
        return pd.DataFrame(values, columns=["prediction"] if len(names) == 1 else names)

    def _probabilities(self, rows: Any) -> Any:
        return self._predicted(rows).drop(columns="prediction").to_numpy()

    def _predicted(self, rows: Any, *, of: str = "the rows") -> Any:
        predicted = self.predictor.predict(self.rows.checked(rows, of=of))
        if self._labels and "prediction" not in predicted:
            raise InvalidConfig(
                "the model was given classes, but returns no probability of each of them"
            )
        return predicted
