"""A fitted model in MLflow's own form, for whoever calls `mlflow.pyfunc.load_model`."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature, infer_signature
from mlflow.pyfunc.model import PythonModel
from mlflow.types import ColSpec, DataType, Schema
from mlflow.types.schema import AnyType

log = logging.getLogger(__name__)
_VARIABLE = "MLFLOW_TRACKING_URI"
# It says at each model that pickles run code when they are loaded.
logging.getLogger("mlflow.pyfunc").setLevel(logging.ERROR)

# Named here: finding them out by running the model takes MLflow several seconds.
REQUIREMENTS = ("lightning", "numpy", "pandas", "scikit-learn", "torch", "tunesmith")


class PredictorModel(PythonModel):
    """Hands rows on to a predictor."""

    def __init__(self, predictor: Any) -> None:
        self.predictor = predictor

    # Without types: MLflow would take them for the schema, which the signature gives.
    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        """Return the predictions for the rows."""
        return self.predictor.predict(model_input)


def _signature(example: Any, predictions: Any) -> ModelSignature:
    """Return MLflow's own, but a table's numbers and truth values may be missing, or be whole."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Hint: Inferred schema contains integer column")
        signature = infer_signature(example, predictions)
    if not signature.inputs.is_tensor_spec():
        anything = AnyType()  # type: ignore[no-untyped-call]
        columns = [
            column if column.type == DataType.string else ColSpec(anything, column.name, False)
            for column in signature.inputs
        ]
        signature.inputs = Schema(columns)
    return signature


def log_fitted(fitted: Any, *, uri: str, run_id: str) -> str | None:
    """Log a fitted model with signature and input example to a run, and return the model's URI.

    One that cannot be pickled, or that is no function from rows to an array, is not logged: a
    warning says so, and None is returned.
    """
    with _store(uri):
        return _logged(fitted, run_id)


@contextmanager
def _store(uri: str) -> Iterator[None]:
    """Let MLflow's own functions use a store; they write it into the environment, too."""
    before, named = mlflow.get_tracking_uri(), os.environ.get(_VARIABLE)
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)
        if named is None:
            os.environ.pop(_VARIABLE, None)


def _logged(fitted: Any, run_id: str) -> str | None:
    try:
        predictor, example = fitted.predictor(), fitted.example()
        signature = _signature(example, predictor.predict(example))
        with mlflow.start_run(run_id=run_id):
            logged = mlflow.pyfunc.log_model(
                name="model",
                python_model=PredictorModel(predictor),
                signature=signature,
                input_example=example,
                pip_requirements=[
                    f"{package}=={version(package)}"
                    for package in (*REQUIREMENTS, *predictor.requirements)
                ],
            )
    except (MlflowException, AttributeError, LookupError, RuntimeError, TypeError) as error:
        log.warning("The winner is not logged as a model: %s", error.__cause__ or error)
        return None
    return str(logged.model_uri)
