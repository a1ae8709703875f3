"""A LightningModule after its fit: to be tested, and to be used elsewhere."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningDataModule, LightningModule, Trainer
from lightning.pytorch.utilities.model_helpers import is_overridden

from tunesmith.objectives.class_predictions import class_table
from tunesmith.objectives.objective import FittedModel, Predictor

N_EXAMPLE_ROWS = 5


class LightningFitted(FittedModel):
    """A LightningModule with its LightningDataModule."""

    def __init__(
        self, model: LightningModule, datamodule: LightningDataModule, *, accelerator: str
    ) -> None:
        self._model = model
        self._datamodule = datamodule
        self._accelerator = accelerator

    def test(self) -> dict[str, float]:
        """Return the metrics that the module logs on the test rows, if it tests at all."""
        steps = is_overridden("test_step", self._model)
        if not (steps and is_overridden("test_dataloader", self._datamodule)):
            return {}
        trainer = trainer_of_fitted(self._accelerator)
        trainer.test(self._model, datamodule=self._datamodule, verbose=False)
        return {name: float(value) for name, value in trainer.callback_metrics.items()}

    def predictor(self) -> Predictor:
        """Return the module on the CPU, with the preprocessing of its data if there is any."""
        preprocessing = getattr(self._datamodule, "preprocessing", None)
        labels = getattr(self._datamodule, "labels", ())
        return LightningPredictor(_without_factories(self._model.cpu()), preprocessing, labels)

    def example(self) -> Any:
        """Return the data's own `example`, else the first rows of the first validation batch."""
        example = getattr(self._datamodule, "example", None)
        if example is not None:
            return example
        batch = next(iter(self._datamodule.val_dataloader()))
        rows = batch[0] if isinstance(batch, tuple | list) else batch
        return rows[:N_EXAMPLE_ROWS].numpy()


def trainer_of_fitted(accelerator: str) -> Trainer:
    """Return a Trainer that computes metrics, and records and leaves nothing."""
    return Trainer(
        accelerator=accelerator,
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _without_factories(model: LightningModule) -> LightningModule:
    """Return the module without what only a fit needs: Hydra's partials cannot be pickled."""
    bare = copy.copy(model)
    for name, value in vars(model).items():
        if _is_factory(value):
            object.__setattr__(bare, name, None)
        elif name in ("_hparams", "_hparams_initial"):
            kept = {key: entry for key, entry in value.items() if not _is_factory(entry)}
            object.__setattr__(bare, name, type(value)(kept))
    return bare


def _is_factory(value: object) -> bool:
    return type(value).__module__.startswith("hydra.")


class LightningPredictor(Predictor):
    """Calls a LightningModule; floats are taken as float32, as it was trained."""

    # Those that were pickled by 0.1.0 know of none.
    _labels: Sequence[Any] = ()

    def __init__(
        self, model: LightningModule, preprocessing: Any, labels: Sequence[Any] = ()
    ) -> None:
        self._model = model.eval()
        self._preprocessing = preprocessing
        self._labels = labels

    @property
    def preprocessing(self) -> Any:
        """What turns raw rows into the module's input; None where they are that already."""
        return self._preprocessing

    @property
    def labels(self) -> Sequence[Any]:
        """The classes; empty for numbers."""
        return self._labels

    def of_numbers(self) -> "LightningPredictor":
        """Return the same for rows that are the module's input already."""
        return LightningPredictor(self._model, None, self._labels)

    def predict(self, rows: Any) -> Any:
        """Return what the module returns for the rows, as an array; of classes a table."""
        if self._preprocessing is not None:
            rows = self._preprocessing.transform(rows)
        x = np.asarray(rows)
        if np.issubdtype(x.dtype, np.floating):
            x = x.astype(np.float32)
        with torch.no_grad():
            predicted = self._model(torch.from_numpy(x)).numpy()
        if self._labels and predicted.shape == (len(x), len(self._labels)):
            return class_table(self._labels, predicted)
        return predicted
