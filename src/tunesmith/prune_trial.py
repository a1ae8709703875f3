"""A Lightning callback for any app: it reports to the trial of a search, which may be pruned."""

from typing import TYPE_CHECKING

from optuna import TrialPruned
from optuna.trial import Trial

from tunesmith.errors import InvalidConfig, nearest
from tunesmith.study import current_trial, is_multi_objective

if TYPE_CHECKING:
    from lightning.pytorch import Callback, LightningModule, Trainer
else:
    try:
        from lightning.pytorch import Callback
    except ModuleNotFoundError:  # The same under the name that older apps install.
        from pytorch_lightning import Callback


class PruneTrial(Callback):
    """A Lightning callback that reports a metric at each validation and obeys the search's pruner.

    The step of a report is the number of the validation, from 1; the sanity check does not count.
    Outside a search, and in a search with several objectives, the callback does nothing. In a fit
    by several processes the first one decides, and all of them stop. It is for apps with an entry
    of their own: `tunesmith.objectives.Lightning` reports by itself.

    Args:
        monitor: The name under which the module logs the metric. It must improve in the direction
            of the search: a loss where the search minimizes.

    Raises:
        TrialPruned: The pruner stops the trial.
        InvalidConfig: A validation logged no such metric.
        SystemExit: In the other processes of a pruned fit; they end with exit code 0.

    Example:
        Among the callbacks of an app's config:

        prune: {_target_: tunesmith.PruneTrial, monitor: val/loss}

    """

    def __init__(self, monitor: str) -> None:
        self.monitor = monitor
        # Epochs would name several validations of one epoch alike: Optuna ignores a second report.
        self._n_validations = 0

    def on_validation_end(self, trainer: "Trainer", pl_module: "LightningModule") -> None:
        """Report the metric, and stop the fit if the pruner says so."""
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        self._n_validations += 1
        stop = self._decide(trainer) if trainer.is_global_zero else None
        # Only the first process has the trial.
        if trainer.world_size > 1 and trainer.strategy.broadcast(stop is not None):
            stop = stop or SystemExit(0)
        if stop is not None:
            raise stop

    def state_dict(self) -> dict[str, int]:
        """Return the number of validations so far, which a checkpoint keeps."""
        return {"n_validations": self._n_validations}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Continue from the number of validations that a checkpoint kept."""
        self._n_validations = state_dict["n_validations"]

    def _decide(self, trainer: "Trainer") -> BaseException | None:
        """Return what stops the fit, whatever it is: the other processes wait for the answer."""
        trial = current_trial()
        if trial is None or is_multi_objective(trial.study):
            return None
        try:
            return self._report(trial, trainer)
        except BaseException as error:
            return error

    def _report(self, trial: Trial, trainer: "Trainer") -> TrialPruned | None:
        metrics = trainer.callback_metrics
        if self.monitor not in metrics:
            raise InvalidConfig(
                f"PruneTrial finds no {self.monitor!r} at validation {self._n_validations}, but "
                f"{', '.join(sorted(metrics)) or 'nothing'}; "
                f"try monitor={nearest(self.monitor, metrics) or 'a metric that is logged'}"
            )
        value = float(metrics[self.monitor])
        trial.report(value, step=self._n_validations)
        if not trial.should_prune():
            return None
        return TrialPruned(
            f"pruned at validation {self._n_validations}: {self.monitor} was {value:.4g}"
        )
