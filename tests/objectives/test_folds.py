"""A trial in folds, and the model of all rows that is delivered."""

import copy
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pytest
import yaml
from omegaconf import OmegaConf
from optuna.trial import TrialState

from tests.commands import read_trials, succeed
from tests.data.houses import houses, module
from tests.data.labelled import write_iris
from tests.objectives.fits import Compose
from tunesmith.context import entered, job_context
from tunesmith.objectives import objective_of, restore_model
from tunesmith.objectives.trial import _metrics_of
from tunesmith.paths import RunPaths

# Few epochs, and rounds that early stopping ends.
MODELS = {
    "lightgbm": ("objective=lightgbm", "model.min_child_samples=5"),
    "sklearn": ("objective=sklearn",),
    "mlp": ("trainer.max_epochs=6", "trainer.check_val_every_n_epoch=2", "data.batch_size=16"),
    "mlp at its best": (
        *("trainer.max_epochs=6", "trainer.check_val_every_n_epoch=2", "metric.at=best"),
        *("callbacks=early_stopping_checkpoint", "scheduler=one_cycle"),
    ),
}


@pytest.fixture
def table(tmp_path: Path) -> tuple[str, ...]:
    houses().to_csv(tmp_path / "houses.csv", index=False)
    path = tmp_path / "houses.csv"
    return ("data=table", f"data.path={path}", "data.target=price", "data.seed=0", "n_threads=1")


def computed(cfg: Any) -> dict[str, float]:
    """The metrics of a single run in this process."""
    context = job_context()
    with entered(context):
        return _metrics_of(cfg, context)


@pytest.mark.parametrize("name", MODELS)
def test_a_run_is_the_mean_over_its_folds_and_leaves_a_model_of_all_rows(
    composed: Compose, tmp_path: Path, table: tuple[str, ...], name: str
) -> None:
    cfg = composed(*table, *MODELS[name], "data.folds=3")
    metrics = computed(cfg)
    each = []
    for fold in (1, 2, 3):
        one = copy.deepcopy(cfg)
        one.data.fold = fold
        folder = RunPaths(tmp_path / str(fold))
        folder.folder.mkdir()
        with entered(replace(job_context(), paths=folder)):
            each.append(objective_of(one).evaluate(one))
    values = [one["val/mse"] for one in each]
    assert len(set(values)) == 3
    assert metrics["val/mse"] == fmean(values)
    assert metrics["val/mse/std"] == stdev(values)
    assert not list(tmp_path.glob("fold-*"))
    delivered = OmegaConf.load(RunPaths(tmp_path).delivered_config)
    assert isinstance(delivered, type(cfg))
    assert [delivered.data.fold, delivered.data.train_on] == [None, "all"]
    fitted = restore_model(delivered, tmp_path)
    assert fitted is not None
    assert fitted.test()["test/mse"] == pytest.approx(metrics["test/mse"], rel=1e-5)
    rounds = {"lightgbm": "rounds", "mlp at its best": "best_epoch"}.get(name)
    if rounds is not None:
        mean = round(fmean(one[rounds] for one in each))
        told = delivered.model.num_iterations if name == "lightgbm" else None
        assert mean == (told or delivered.callbacks.after_epochs.epochs)


@pytest.mark.parametrize("name", ["lightgbm", "mlp"])
def test_what_is_delivered_may_be_the_model_of_the_training_rows(
    composed: Compose, tmp_path: Path, table: tuple[str, ...], name: str
) -> None:
    on_all = computed(composed(*table, *MODELS[name]))
    assert RunPaths(tmp_path).delivered_config.is_file()
    on_train = computed(composed(*table, *MODELS[name], "refit_rows=train"))
    # Only what is tested is another model.
    assert on_all["val/mse"] == on_train["val/mse"]
    assert on_all["test/mse"] != on_train["test/mse"]
    assert not RunPaths(tmp_path).delivered_config.exists()
    with entered(job_context()):
        cfg = composed(*table, *MODELS[name], "refit_rows=train")
        assert on_train["test/mse"] == objective_of(cfg).evaluate(cfg)["test/mse"]


LOOKING = {
    "xgboost": ("objective=sklearn", "model=xgboost"),
    # The best epoch is not the last one, and the last one is not the last that was allowed.
    "mlp that stops early": (
        *("trainer.max_epochs=60", "trainer.check_val_every_n_epoch=1", "optimizer.lr=0.05"),
        *("callbacks=early_stopping", "callbacks.early_stopping.patience=2"),
    ),
}


@pytest.mark.parametrize("name", [*MODELS, *LOOKING])
def test_what_stands_in_the_held_out_rows_reaches_no_fit(
    composed: Compose, tmp_path: Path, table: tuple[str, ...], name: str
) -> None:
    """Early stopping and the best epoch included: other rows of the fold's own end the fit."""
    trained = module(tmp_path / "houses.csv", folds=3, fold=2).train[1][:, 0]
    held_out = ~houses()["price"].astype(np.float32).isin(trained.numpy())
    assert held_out.sum() == 47
    predicted, values = [], []
    for factor in (1.0, 7.0):
        changed = houses()
        changed.loc[held_out, "price"] *= factor
        changed.to_csv(tmp_path / "houses.csv", index=False)
        cfg = composed(*table, *(MODELS | LOOKING)[name], "data.folds=3", "data.fold=2")
        folder = RunPaths(tmp_path / f"times-{factor:g}")
        folder.folder.mkdir()
        with entered(replace(job_context(), paths=folder)):
            values.append(objective_of(cfg).evaluate(cfg)["val/mse"])
        fitted = restore_model(cfg, folder.folder)
        assert fitted is not None
        predicted.append(np.asarray(fitted.predictor().predict(houses().drop(columns="price"))))
    assert np.array_equal(*predicted)
    # And what a trial returns is their own error.
    assert values[1] > 10 * values[0]


@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
def test_boosting_in_a_fold_is_fitted_on_all_its_training_rows(
    composed: Compose, tmp_path: Path, table: tuple[str, ...], name: str
) -> None:
    """Some of them only tell how many rounds it takes."""
    cfg = composed(*table, *(MODELS | LOOKING)[name], "data.folds=3", "data.fold=2")
    with entered(job_context()):
        found = objective_of(cfg).evaluate(cfg)
        fixed = objective_of(cfg).on_all_rows(cfg, found)
        assert fixed is not None
        again = objective_of(cfg).evaluate(fixed)
    assert found == again
    most = {"lightgbm": "num_iterations", "xgboost": "n_estimators"}[name]
    assert 1 < found["rounds"] == fixed.model[most] < cfg.model[most]


def test_classes_are_computed_in_folds(composed: Compose, tmp_path: Path) -> None:
    path = write_iris(tmp_path)
    cfg = composed(
        *("objective=lightgbm", "data=table", f"data.path={path}", "data.target=target"),
        *("data.folds=3", "repeat=2", "n_threads=1"),
    )
    metrics = computed(cfg)
    assert 0.85 < metrics["val/accuracy"] <= 1
    assert 0.85 < metrics["test/accuracy"] <= 1


def test_a_fit_that_is_a_try_delivers_nothing_else(
    composed: Compose, tmp_path: Path, table: tuple[str, ...]
) -> None:
    computed(composed(*table, "debug=fast_dev_run"))
    assert not RunPaths(tmp_path).delivered_config.exists()


@pytest.mark.slow
def test_a_search_in_folds_prunes_confirms_and_delivers(tmp_path: Path) -> None:
    houses(200).to_csv(tmp_path / "houses.csv", index=False)
    printed = succeed(
        *("-m", "hparams_search=lightgbm", "data=table", f"data.path={tmp_path}/houses.csv"),
        *("data.target=price", "data.folds=5", "hydra.sweeper.n_trials=12", "confirm.n_seeds=2"),
        *("hydra.sweeper.study_name=s", "n_threads=1", "confirm.n_best=2"),
        *("model.learning_rate=choice(0.001,0.3)", "model.num_iterations=60"),
        root=tmp_path / "outputs",
    )
    trials = read_trials(f"sqlite:///{tmp_path}/outputs/optuna.db")
    pruned = [trial for trial in trials if trial.state == TrialState.PRUNED]
    assert pruned
    for trial in trials:
        folds = trial.user_attrs["repetitions"]["val/mse"]
        assert trial.intermediate_values == dict(enumerate(folds, start=1))
        if trial.state == TrialState.COMPLETE:
            assert len(folds) == 5
            assert trial.value == fmean(folds)
    assert any("after fold 3 of 5" in trial.user_attrs["reason"] for trial in pruned)
    assert "value reproduced exactly" in printed
    confirmed = read_trials(f"sqlite:///{tmp_path}/outputs/optuna.db", "s-confirm")
    # Other seeds draw other folds.
    of_winner = [t for t in confirmed if t.params["trial"] == confirmed[0].params["trial"]]
    assert len({tuple(t.intermediate_values.values()) for t in of_winner}) == 2
    best = tmp_path / "outputs" / "searches" / "s" / "best"
    assert yaml.safe_load((best / "delivered.yaml").read_text())["data"]["train_on"] == "all"
    assert np.isfinite(yaml.safe_load((best / "metrics.yaml").read_text())["test/rmse"])
