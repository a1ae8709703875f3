"""End a single fit by Ctrl-C so that another one can take it up."""

import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer


class StopAfterEpoch(Callback):
    """On Ctrl-C lets the fit end its epoch and leave a checkpoint; on a second one ends it at once.

    A fit of several processes ends at once: they would not all stop at the same epoch.

    Args:
        checkpoint: The file to leave.

    """

    def __init__(self, checkpoint: Path) -> None:
        self.checkpoint = checkpoint
        self._requested = False
        self._previous: Any = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take Ctrl-C over."""
        if trainer.world_size == 1 and threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._request)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the checkpoint if Ctrl-C came, and end the fit."""
        if self._requested:
            trainer.save_checkpoint(self.checkpoint)
            raise KeyboardInterrupt

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Give Ctrl-C back."""
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
            self._previous = None

    def _request(self, number: int, frame: FrameType | None) -> None:
        if self._requested:
            raise KeyboardInterrupt
        self._requested = True
        print("Stopping after this epoch; Ctrl-C again stops at once.", file=sys.stderr)
