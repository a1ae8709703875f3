"""Classes are predicted by the MLP and by LightGBM alike."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from omegaconf import DictConfig
from optuna import create_study
from torch.nn import functional

from tests.data.labelled import write_digits, write_iris, write_tumours
from tests.models.test_mlp import SIZES
from tests.objectives.fits import Compose
from tunesmith.context import Role, entered, job_context
from tunesmith.models import MLPClassifier, constant_schedule
from tunesmith.objectives import objective_of, restore_model
from tunesmith.scores import OF_CLASSES

TABLE = ("data=table", "data.target=target", "tracking=none")
MLP = ("data.batch_size=32", "trainer.max_epochs=20", "optimizer.lr=0.01")
TREES = ("objective=lightgbm", "n_threads=1")
MODELS = {"mlp": MLP, "lightgbm": TREES}


def fitted(cfg: DictConfig) -> dict[str, float]:
    """The metrics of a single run in this process."""
    with entered(job_context()):
        metrics: Any = objective_of(cfg).evaluate(cfg)
    return metrics


@pytest.mark.parametrize("model", MODELS)
def test_labels_are_learned_recorded_and_predicted(
    composed: Compose, tmp_path: Path, model: str
) -> None:
    path = write_iris(tmp_path)
    cfg = composed(*MODELS[model], *TABLE, f"data.path={path}")
    assert (cfg.metric.name, cfg.metric.direction) == ("val/log_loss", "minimize")
    metrics = fitted(cfg)
    for part in ("val", "test"):
        assert {f"{part}/{name}" for name in OF_CLASSES} <= set(metrics)
        assert metrics[f"{part}/accuracy"] > 0.85
    for plot in ("confusion_matrix.html", "class_curves.html"):
        assert "Plotly.newPlot" in (tmp_path / plot).read_text()
    kept = restore_model(cfg, tmp_path)
    assert kept is not None
    assert kept.test() == pytest.approx({k: v for k, v in metrics.items() if k.startswith("test/")})
    raw = pd.read_csv(path)
    predicted = kept.predictor().predict(raw.drop(columns="target"))
    shares = [f"probability {name}" for name in ("setosa", "versicolor", "virginica")]
    assert list(predicted.columns) == ["prediction", *shares]
    assert np.allclose(predicted[shares].sum(axis=1), 1, atol=1e-5)
    assert (predicted["prediction"] == raw["target"]).mean() > 0.9


@pytest.mark.parametrize("model", MODELS)
def test_of_two_classes_the_positive_one_counts(
    composed: Compose, tmp_path: Path, model: str
) -> None:
    path = write_tumours(tmp_path)
    table = (*MODELS[model], *TABLE, f"data.path={path}", "metric=average_precision")
    cfg = composed(*table, "data.positive=malignant")
    assert (cfg.metric.name, cfg.metric.direction) == ("val/average_precision", "maximize")
    assert fitted(cfg)["test/average_precision"] > 0.9
    kept = restore_model(cfg, tmp_path)
    assert kept is not None
    raw = pd.read_csv(path)
    malignant = kept.predictor().predict(raw.drop(columns="target"))["probability malignant"]
    is_so = raw["target"] == "malignant"
    assert malignant[is_so].mean() > 0.8 > 0.2 > malignant[~is_so].mean()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_two_classes_are_a_binary_problem_whatever_is_typed(
    composed: Compose, tmp_path: Path, model: str, task: str
) -> None:
    table = (*MODELS[model], *TABLE, f"data.path={write_tumours(tmp_path)}")
    cfg = composed(*table, f"data.task={task}")
    objective_of(cfg).check(cfg)
    assert fitted(cfg)["test/accuracy"] > 0.85


@pytest.mark.parametrize("model", MODELS)
def test_balanced_weights_favour_the_rare_class(
    composed: Compose, tmp_path: Path, model: str
) -> None:
    rng = np.random.default_rng(0)
    is_rare = rng.random(1000) < 0.1
    pd.DataFrame(
        {"x": rng.normal(size=1000) + is_rare, "target": np.where(is_rare, "rare", "often")}
    ).to_csv(tmp_path / "a.csv", index=False)
    table = (*MODELS[model], *TABLE, f"data.path={tmp_path}/a.csv")
    few = ("optimizer.lr=0.03",) if model == "mlp" else ("model.num_leaves=4",)
    plain = fitted(composed(*table, *few))
    balanced = fitted(composed(*table, *few, "data.class_weight=balanced"))
    assert balanced["test/balanced_accuracy"] > plain["test/balanced_accuracy"] + 0.05
    assert balanced["test/accuracy"] < plain["test/accuracy"]


def test_digits_are_told_apart(composed: Compose, tmp_path: Path) -> None:
    cfg = composed(*TREES, *TABLE, f"data.path={write_digits(tmp_path)}")
    assert fitted(cfg)["test/accuracy"] >= 0.96


def test_lightgbm_watches_what_is_optimized_or_what_it_is_told(
    composed: Compose, tmp_path: Path
) -> None:
    from tunesmith.data import TableDataModule
    from tunesmith.objectives.lightgbm_parameters import parameters_of

    def watched(*overrides: str, task: str = "binary") -> Any:
        cfg = composed(*TREES, *TABLE, f"data.path={path}", *overrides)
        data = TableDataModule(**{k: v for k, v in cfg.data.items() if k != "_target_"})
        assert data.task == task
        return parameters_of(cfg, data)["metric"]

    path = write_tumours(tmp_path)
    assert watched() == ["binary_logloss"]
    assert watched("metric=roc_auc") == ["auc", "binary_logloss"]
    assert watched("metric=accuracy") == ["binary_logloss"]
    assert watched("+model.metric=auc") == "auc"
    path = write_digits(tmp_path)
    assert watched("metric=roc_auc", task="multiclass") == ["multi_logloss"]
    assert watched("data.task=regression", task="regression") == ["l2"]
    assert watched("data.task=regression", "metric=mae", task="regression") == ["l1", "l2"]


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        (("metric=accuracy", "model.linear_tree=true"), "accuracy"),
        (("data.class_weight=balanced",), "log_loss"),
        (("metric=roc_auc", "+model.metric=multi_error"), "roc_auc"),
        (("data.target='petal width (cm)'", "metric=rmse", "+model.metric=l1"), "rmse"),
    ],
)
def test_what_lightgbm_does_not_compute_is_reported_all_the_same(
    composed: Compose, tmp_path: Path, overrides: tuple[str, ...], name: str
) -> None:
    trial = create_study(direction="minimize" if name in ("log_loss", "rmse") else "maximize").ask()
    path = write_iris(tmp_path)
    cfg = composed(*TREES, *TABLE, f"data.path={path}", "objective.report_every=5", *overrides)
    context = replace(job_context(), role=Role.TRIAL, trial=trial)
    with entered(context):
        metrics: Any = objective_of(cfg).evaluate(cfg)
    reported = trial.study.get_trials()[0].intermediate_values
    assert list(reported)[:3] == [5, 10, 15]
    assert max(reported) <= metrics["rounds"] + 50
    best = min if name in ("log_loss", "rmse") else max
    assert best(reported.values()) == pytest.approx(metrics[f"val/{name}"], abs=0.05)


def classifier(**changes: Any) -> MLPClassifier:
    torch.manual_seed(0)
    rates: dict[str, Any] = {"optimizer": torch.optim.SGD, "scheduler": constant_schedule}
    return MLPClassifier(**{**SIZES, **rates, "n_classes": 3, **changes})


def test_the_mlp_gives_probabilities_and_weighs_classes() -> None:
    x, y = torch.randn(7, 3), torch.tensor([0, 1, 2, 0, 0, 0, 1])
    model = classifier()
    torch.testing.assert_close(model(x).sum(dim=1), torch.ones(7))
    loss = model.training_step((x, y), 0)
    assert loss == functional.cross_entropy(model.net(x), y)
    weighted = classifier(class_weights=[0.5, 1.0, 2.0])
    expected = functional.cross_entropy(model.net(x), y, weight=torch.tensor([0.5, 1.0, 2.0]))
    assert weighted.training_step((x, y), 0) == expected != loss


def test_a_single_class_is_refused_by_the_mlp() -> None:
    with pytest.raises(ValueError, match="n_classes must be an integer of at least 2, got 1"):
        classifier(n_classes=1)
