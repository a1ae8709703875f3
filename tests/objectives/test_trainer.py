"""Callbacks, checkpoints, precision and the rest of the Trainer, on fits of a few epochs."""

from pathlib import Path
from typing import Any

import pytest
import torch
from hydra.utils import execution_whitelist
from omegaconf import DictConfig
from train import TRUSTED

from tests.objectives.fits import Compose, fit
from tunesmith.errors import InvalidConfig
from tunesmith.models import MLPRegressor
from tunesmith.objectives import objective_of

SMALL = ("data.n_samples=200", "data.n_test=50", "tracking=none", "trainer.max_epochs=10")
EACH = (*SMALL, "trainer.check_val_every_n_epoch=1")
# Its held-out error goes up and down from the tenth epoch on.
JUMPING = (*EACH, "trainer.max_epochs=40", "optimizer.lr=0.1")


def check(cfg: DictConfig) -> None:
    """Have the config's objective refuse what it cannot compute."""
    objective_of(cfg).check(cfg)


def saved(path: Path) -> dict[str, Any]:
    """The content of a checkpoint."""
    content: dict[str, Any] = torch.load(path, weights_only=True)
    return content


def moved(path: Path, name: str) -> Path:
    """A checkpoint under another name, so that the next fit does not replace it."""
    return path.rename(path.with_name(name))


def test_a_fit_that_goes_on_equals_one_that_never_stopped(
    composed: Compose, tmp_path: Path
) -> None:
    straight = fit(composed(*SMALL, "trainer.max_epochs=40"))
    fit(composed(*SMALL, "trainer.max_epochs=20"))
    half = moved(tmp_path / "checkpoint.ckpt", "half.ckpt")
    assert fit(composed(*SMALL, "trainer.max_epochs=40", f"ckpt_path={half}")) == straight


# Three fits share a folder here; runs have one each.
@pytest.mark.filterwarnings("ignore:Checkpoint directory .* is not empty")
def test_the_best_checkpoint_goes_on_too(composed: Compose, tmp_path: Path) -> None:
    keeping = (*EACH, "callbacks=checkpoint")
    straight = fit(composed(*keeping))
    fit(composed(*keeping, "trainer.max_epochs=6"))
    half = moved(tmp_path / "checkpoints" / "best.ckpt", "half.ckpt")
    with pytest.raises(InvalidConfig, match="has 6 epochs already"):
        check(composed(*keeping, "trainer.max_epochs=6", f"ckpt_path={half}"))
    assert fit(composed(*keeping, f"ckpt_path={half}")) == straight


def test_the_rate_of_the_config_holds_not_that_of_the_checkpoint(
    composed: Compose, tmp_path: Path
) -> None:
    fit(composed(*SMALL, "optimizer.lr=0.001"))
    half = moved(tmp_path / "checkpoint.ckpt", "half.ckpt")
    on = (*SMALL, "trainer.max_epochs=20", f"ckpt_path={half}")
    values = {lr: fit(composed(*on, f"optimizer.lr={lr}"))["val/mse"] for lr in (0.001, 0.05)}
    assert values[0.05] < values[0.001]
    [group] = saved(tmp_path / "checkpoint.ckpt")["optimizer_states"][0]["param_groups"]
    assert group["lr"] == 0.05


@pytest.mark.parametrize(
    ("made_with", "taken_up_with", "message"),
    [
        ("optimizer=adam", "optimizer=sgd", "another optimizer than SGD"),
        ("scheduler=cosine", "scheduler=cosine", "a schedule over 10 steps, this fit has 20"),
        ("scheduler=constant", "scheduler=one_cycle", "a schedule over 0 steps"),
    ],
)
def test_a_checkpoint_of_another_optimizer_or_schedule_is_refused(
    composed: Compose, tmp_path: Path, made_with: str, taken_up_with: str, message: str
) -> None:
    fit(composed(*SMALL, made_with))
    path = tmp_path / "checkpoint.ckpt"
    cfg = composed(*SMALL, "trainer.max_epochs=20", taken_up_with, f"ckpt_path={path}")
    with pytest.raises(InvalidConfig, match=message):
        fit(cfg)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("model.n_nodes=7", r"has \(32, 5\) as net.0.weight, the model \(7, 5\)"),
        ("model.n_layers=3", r"has \(1, 32\) as net.6.weight, the model \(32, 32\)"),
        ("trainer.max_epochs=10", "has 10 epochs already.*try trainer.max_epochs=20"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused_before_the_fit(
    composed: Compose, tmp_path: Path, argument: str, message: str
) -> None:
    fit(composed(*SMALL))
    path = tmp_path / "checkpoint.ckpt"
    with pytest.raises(InvalidConfig, match=message):
        check(composed(*SMALL, "trainer.max_epochs=20", f"ckpt_path={path}", argument))


def test_a_file_that_is_no_checkpoint_is_refused(composed: Compose, tmp_path: Path) -> None:
    path = tmp_path / "x.ckpt"
    path.write_text("no checkpoint")
    with pytest.raises(InvalidConfig, match=r"x.ckpt', which is no checkpoint"):
        check(composed(*SMALL, f"ckpt_path={path}"))


def test_the_best_validation_is_returned_tested_and_kept(composed: Compose, tmp_path: Path) -> None:
    last = fit(composed(*JUMPING))
    best = fit(composed(*JUMPING, "metric.at=best"))
    epoch = int(best.pop("best_epoch"))
    assert best["val/mse"] < last["val/mse"]
    assert 1 < epoch < 40
    kept = saved(tmp_path / "checkpoint.ckpt")["state_dict"]
    stopped_there = fit(composed(*JUMPING, f"trainer.max_epochs={epoch}"))
    assert {**best, "epochs": epoch} == stopped_there
    for name, weights in saved(tmp_path / "checkpoint.ckpt")["state_dict"].items():
        assert torch.equal(kept[name], weights)


def test_the_best_of_a_maximized_metric_is_its_largest(composed: Compose) -> None:
    first = fit(composed(*EACH, "trainer.max_epochs=1"))
    best = fit(composed(*EACH, "metric.direction=maximize", "metric.at=best"))
    assert best["best_epoch"] == 1
    assert best["val/mse"] == first["val/mse"]


def test_early_stopping_counts_validations_in_the_metrics_direction(composed: Compose) -> None:
    stopped = fit(composed(*EACH, "callbacks=early_stopping", "metric.direction=maximize"))
    assert stopped["epochs"] == 1 + 5
    patient = "callbacks.early_stopping.patience=2"
    assert fit(composed(*EACH, "callbacks=early_stopping", patient))["epochs"] == 10


def test_both_callbacks_together(composed: Compose, tmp_path: Path) -> None:
    both = ("callbacks=early_stopping_checkpoint", "metric.direction=maximize")
    metrics = fit(composed(*EACH, *both))
    assert metrics["epochs"] == 6
    assert saved(tmp_path / "checkpoints" / "best.ckpt")["epoch"] == 0
    assert saved(tmp_path / "checkpoint.ckpt")["epoch"] == 6


def test_the_best_by_the_metric_is_kept_beside_a_checkpoint_by_another(
    composed: Compose, tmp_path: Path
) -> None:
    other = ("callbacks=checkpoint", "callbacks.checkpoint.monitor=train/mse")
    best = fit(composed(*JUMPING, *other, "metric.at=best"))
    assert saved(tmp_path / "checkpoint.ckpt")["epoch"] == best["best_epoch"] - 1
    assert (tmp_path / "checkpoints" / "best.ckpt").exists()


@pytest.mark.parametrize("callbacks", ["checkpoint", "early_stopping"])
def test_a_metric_that_is_not_logged_is_named_with_those_that_are(
    composed: Compose, callbacks: str
) -> None:
    cfg = composed(*EACH, f"callbacks={callbacks}", "metric.name=val/mes")
    with pytest.raises(InvalidConfig, match=r"watches val/mes.*train/mse, val/mse; try metric"):
        fit(cfg)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("metric.at=foo",), "metric.at must be last or best, got 'foo'; try metric.at=last"),
        (("metric.at=best",), "trainer.max_epochs=10.*one every 100; try trainer.check_val"),
        (("metric.at=best", "metric.name=[a,b]"), "needs one metric, got"),
        (("callbacks=checkpoint", "metric.name=[a,b]"), r"watch one metric, got \['a', 'b'\]"),
        (("callbacks=early_stopping", "metric.direction=up"), "got 'up'; try metric.direction="),
        (("callbacks=early_stopping", "+callbacks.early_stopping.patiens=1"), "patiens"),
        (("+loggers.x._target_=lightning.pytorch.loggers.CSVLoger",), "CSVLoger"),
    ],
)
def test_a_bad_value_is_refused_before_the_fit(
    composed: Compose, arguments: tuple[str, ...], message: str
) -> None:
    with pytest.raises(InvalidConfig, match=message) as refused:
        check(composed(*SMALL, *arguments))
    assert "\n" not in str(refused.value)


def test_a_further_logger_writes_into_the_folder_or_where_it_is_told(
    composed: Compose, tmp_path: Path
) -> None:
    logger = "+loggers.csv._target_=lightning.pytorch.loggers.CSVLogger"
    fit(composed(*EACH, logger))
    [here] = tmp_path.rglob("metrics.csv")
    assert "val/mse" in here.read_text()
    fit(composed(*EACH, logger, f"+loggers.csv.save_dir={tmp_path}/elsewhere"))
    assert list((tmp_path / "elsewhere").rglob("metrics.csv"))


def test_gradients_are_clipped(composed: Compose) -> None:
    steep = (*SMALL, "optimizer=sgd", "optimizer.lr=1e-4")
    free, clipped = (
        fit(composed(*steep, f"trainer.gradient_clip_val={value}"))["train/mse"]
        for value in ("null", "1e-6")
    )
    start = fit(composed(*steep, "optimizer.lr=1e-12"))["train/mse"]
    assert clipped == pytest.approx(start, rel=1e-5)
    assert free < clipped - 0.1


@pytest.mark.parametrize(
    ("precision", "dtype"), [("64-true", torch.float64), ("bf16-mixed", torch.float32)]
)
def test_another_precision_trains_and_leaves_its_plots(
    composed: Compose, tmp_path: Path, precision: str, dtype: torch.dtype
) -> None:
    usual = fit(composed(*SMALL))["val/mse"]
    (tmp_path / "predicted_vs_true.html").unlink()
    other = fit(composed(*SMALL, f"trainer.precision={precision}"))["val/mse"]
    assert other != usual
    assert other == pytest.approx(usual, rel=0.02)
    weights = saved(tmp_path / "checkpoint.ckpt")["state_dict"]["net.0.weight"]
    assert weights.dtype == dtype
    assert (tmp_path / "predicted_vs_true.html").exists()


def test_overfitting_takes_the_same_rows_each_epoch(composed: Compose) -> None:
    few = (*SMALL, "debug=overfit", "data.batch_size=8", "optimizer.lr=0.02")
    assert fit(composed(*few, "trainer.max_epochs=300"))["train/mse"] < 0.01


def test_a_fast_dev_run_survives_what_it_suppresses(composed: Compose) -> None:
    everything = ("callbacks=early_stopping_checkpoint", "metric.at=best")
    metrics = fit(composed(*SMALL, "debug=fast_dev_run", *everything))
    assert metrics["epochs"] == metrics["best_epoch"] == 1
    assert metrics["test/mse"] > 0


class NeedsNumbers(MLPRegressor):
    """Computes with real numbers while it is built, and has nothing to be tested by."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.factors = [value.item() for value in torch.linspace(0, 1, 3)]

    test_step = None  # type: ignore[assignment]


def test_a_model_that_needs_numbers_is_built_and_one_without_test_step_not_tested(
    composed: Compose,
) -> None:
    cfg = composed(*SMALL, f"model._target_={__name__}.NeedsNumbers")
    with execution_whitelist((*TRUSTED, "tests.*")):
        check(cfg)
        metrics = fit(cfg)
    assert "val/mse" in metrics
    assert not [metric for metric in metrics if metric.startswith("test/")]
