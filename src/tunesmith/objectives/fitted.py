"""What a fit leaves in its folder, taken up again: to be tested, and to be used elsewhere."""

from abc import ABC, abstractmethod
from typing import Any


class Predictor(ABC):
    """Predicts from raw rows; is pickled into the model that is logged, so it holds no data.

    `requirements` names packages that it needs besides those of Tunesmith.
    """

    requirements: tuple[str, ...] = ()

    @abstractmethod
    def predict(self, rows: Any) -> Any:
        """The predictions for raw rows, (n, ...), in the target's own unit."""


class FittedModel(ABC):
    """A fitted model together with its data."""

    @abstractmethod
    def test(self) -> dict[str, float]:
        """The metrics on the test rows, named `test/...`."""

    @abstractmethod
    def predictor(self) -> Predictor:
        """The model with its preprocessing, without the data."""

    @abstractmethod
    def example(self) -> Any:
        """A few raw rows that the predictor takes: a DataFrame or an array."""
