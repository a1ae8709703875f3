"""Which metrics a LightningModule logs is read from its source, and never guessed."""

from typing import Any

import pytest
from lightning.pytorch import LightningModule

from tunesmith.objectives.lightning.logged_names import can_log


class Plain(LightningModule):
    def validation_step(self, batch: Any) -> None:
        self.log("val_loss", 1.0)
        self.log_dict({"val_acc": 1.0, f"{batch}/f1": 1.0})


class OfBothParts(LightningModule):
    def validation_step(self, batch: Any) -> None:
        self._log_mse("val/mse", batch)

    def on_validation_epoch_end(self) -> None:
        self._log_rmse("val")

    def _log_mse(self, name: str, batch: Any) -> None:
        self.log(name, batch)

    def _log_rmse(self, part: str) -> None:
        self.log(f"{part}/rmse", 1.0)


class ByParts(LightningModule):
    def validation_step(self, batch: Any) -> None:
        self._log("val/" + batch)

    def _log(self, name: str) -> None:
        self.log(name, 1.0)


class Elsewhere(LightningModule):
    def validation_step(self, batch: Any) -> None:
        self.log_dict(batch)


class HandedOver(LightningModule):
    def validation_step(self, batch: Any) -> None:
        print(self)
        self.log("val_loss", 1.0)


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        (OfBothParts, "val/mse", True),
        (OfBothParts, "val/rmse", True),
        (OfBothParts, "val/loss", False),
        (Plain, "val_loss", True),
        (Plain, "val_loss_epoch", True),
        (Plain, "val_acc", True),
        (Plain, "train/f1", True),
        (Plain, "val_los", False),
        (ByParts, "val/anything", True),
        (Elsewhere, "anything", True),
        (HandedOver, "anything", True),
    ],
)
def test_a_name_is_refused_only_where_it_cannot_be_logged(
    kind: type, name: str, expected: bool
) -> None:
    assert can_log(kind, name) is expected
