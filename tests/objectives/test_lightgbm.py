"""`objective=lightgbm`: boosted trees on the same data, searched like any other model."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from mlflow import MlflowClient
from optuna.trial import FrozenTrial, TrialState

from tests.commands import environment, read_trials, row_of, run_folder, succeed, train
from tests.in_process import refuse_here
from tests.mlflow_store import runs_of
from tunesmith.sweeper import FIRST_SIGN

QUICK = ("data.n_samples=400", "data.n_test=300", "model.num_iterations=60", "n_threads=1")
SEARCH = (
    *("-m", "hparams_search=lightgbm", *QUICK, "hydra.sweeper.study_name=s"),
    *("objective.report_every=5", "confirm=none"),
)


def trials_of(root: Path) -> list[FrozenTrial]:
    """The trials of the study `s`."""
    return read_trials(f"sqlite:///{root}/optuna.db")


def metrics_of(folder: Path) -> dict[str, float]:
    """What a run measured."""
    found: dict[str, float] = yaml.safe_load((folder / "metrics.yaml").read_text())
    return found


def test_a_run_leaves_metrics_curves_model_and_importance(tmp_path: Path) -> None:
    succeed("objective=lightgbm", *QUICK, root=tmp_path)
    folder = run_folder(tmp_path)
    metrics = metrics_of(folder)
    [run] = runs_of(tmp_path)
    assert run.data.params["model.num_leaves"] == "31"
    for part in ("train", "val", "test"):
        assert run.data.metrics[f"{part}/mse"] == metrics[f"{part}/mse"] > 0
        assert metrics[f"{part}/rmse"] ** 2 == pytest.approx(metrics[f"{part}/mse"])
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    curves = {
        name: [point.step for point in client.get_metric_history(run.info.run_id, name)][:3]
        for name in ("train/mse", "val/mse")
    }
    assert curves == {"train/mse": [20, 40, 60], "val/mse": [20, 40, 60]}
    kept = Path(client.download_artifacts(run.info.run_id, "", str(tmp_path)))
    assert (kept / "model.txt").read_text() == (folder / "model.txt").read_text()
    assert "Plotly.newPlot" in (kept / "feature_importance.html").read_text()


@pytest.mark.slow
def test_a_run_repeats_bit_for_bit_and_another_seed_differs(tmp_path: Path) -> None:
    bagged = ("objective=lightgbm", *QUICK, "model.bagging_fraction=0.5")
    values = [
        metrics_of(run_folder(root))["val/mse"]
        for root, seed in ((tmp_path / "a", 1), (tmp_path / "b", 1), (tmp_path / "c", 2))
        if succeed(*bagged, f"seed={seed}", root=root)
    ]
    assert values[0] == values[1] != values[2]
    repeat = ("--config-dir", str(run_folder(tmp_path / "a") / ".hydra"), "--config-name", "config")
    succeed(*repeat, root=tmp_path / "again")
    assert metrics_of(run_folder(tmp_path / "again"))["val/mse"] == values[0]


@pytest.mark.slow
def test_early_stopping_ends_the_rounds_and_the_best_one_counts(tmp_path: Path) -> None:
    arguments = ("model.early_stopping_round=5", "model.learning_rate=0.5", "model.num_leaves=60")
    succeed("objective=lightgbm", *QUICK, *arguments, "objective.report_every=1", root=tmp_path)
    metrics = metrics_of(run_folder(tmp_path))
    [run] = runs_of(tmp_path)
    history = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db").get_metric_history(
        run.info.run_id, "val/mse"
    )
    best = min(history, key=lambda point: point.value)
    assert metrics["rounds"] == best.step < 55
    assert metrics["val/mse"] == pytest.approx(best.value)


@pytest.mark.slow
def test_a_search_draws_the_usual_dimensions_and_its_winner_is_a_model(tmp_path: Path) -> None:
    printed = succeed(*SEARCH, "hydra.sweeper.n_trials=6", root=tmp_path)
    trials = trials_of(tmp_path)
    assert set(trials[0].params) == {
        *("model.num_leaves", "model.learning_rate", "model.min_child_samples"),
        *("model.feature_fraction", "model.bagging_fraction", "model.lambda_l1"),
        *("model.lambda_l2", "model.linear_tree"),
    }
    best = min(trials, key=lambda trial: trial.value or 0.0)
    assert row_of(printed, "refit of the winner").startswith("value reproduced exactly")
    assert not list((tmp_path / "searches/s/trials").rglob("model.txt"))
    code = (
        f"{row_of(printed, 'load the model')}\n"
        "import numpy as np\n"
        "print(model.predict(np.eye(5, dtype=np.float32)).shape)\n"
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=elsewhere,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "(5, 1)\n"
    assert not list(elsewhere.iterdir())
    assert metrics_of(tmp_path / "searches/s/best")["val/mse"] == best.value


@pytest.mark.slow
def test_a_trial_is_pruned_by_its_rounds_unless_told_not_to(tmp_path: Path) -> None:
    pruned = (*SEARCH, "prune=true", "hydra.sweeper.n_trials=12", "refit=false")
    succeed(*pruned, root=tmp_path / "pruned")
    stopped = [t for t in trials_of(tmp_path / "pruned") if t.state == TrialState.PRUNED]
    assert stopped
    for trial in stopped:
        last = max(trial.intermediate_values)
        assert trial.user_attrs["reason"].startswith(f"pruned at round {last}: val/mse was ")
        assert set(trial.intermediate_values) == set(range(5, last + 1, 5))
    succeed(*SEARCH, "hydra.sweeper.n_trials=12", "refit=false", root=tmp_path / "kept")
    assert {t.state for t in trials_of(tmp_path / "kept")} == {TrialState.COMPLETE}


@pytest.mark.slow
def test_the_best_are_tested_with_the_model_they_left(tmp_path: Path) -> None:
    again = ("confirm=retrain", "confirm.n_best=1", "confirm.n_seeds=1", "refit=false")
    arguments = ("model.num_leaves=4", "hydra.sweeper.baseline=false", *again)
    printed = succeed(*SEARCH, *arguments, "hydra.sweeper.n_trials=2", root=tmp_path)
    [confirmed] = read_trials(f"sqlite:///{tmp_path}/optuna.db", "s-confirm")
    folder = Path(confirmed.user_attrs["hydra.dir"])
    assert (folder / "model.txt").exists()
    repeat = ("--config-dir", str(folder / ".hydra"), "--config-name", "config")
    succeed(*repeat, root=tmp_path / "again")
    tested = metrics_of(run_folder(tmp_path / "again"))["test/mse"]
    assert f"{tested:.2g}" in printed


@pytest.mark.slow
def test_a_predictor_is_pickled_without_the_data(tmp_path: Path) -> None:
    from hydra import compose, initialize_config_dir
    from hydra.utils import execution_whitelist
    from train import TRUSTED

    from tests.commands import ROOT
    from tunesmith.objectives import LightGBM

    succeed("objective=lightgbm", *QUICK, root=tmp_path)
    folder = run_folder(tmp_path)
    with initialize_config_dir(str(ROOT / "conf")), execution_whitelist(TRUSTED):
        fitted = LightGBM().restore(
            compose("train", overrides=["objective=lightgbm", *QUICK]), folder
        )
    assert fitted.test()["test/mse"] == metrics_of(folder)["test/mse"]
    predictor = pickle.loads(pickle.dumps(fitted.predictor()))
    rows = fitted.example()
    assert np.array_equal(predictor.predict(rows), fitted.predictor().predict(rows))


def test_without_the_package_one_line_names_the_extra(tmp_path: Path) -> None:
    (tmp_path / "lightgbm.py").write_text('raise ModuleNotFoundError("lightgbm", name="lightgbm")')
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    for arguments in (("objective=lightgbm",), ("-m", "hparams_search=lightgbm")):
        done = train(*arguments, root=tmp_path / "outputs", PYTHONPATH=path)
        assert done.returncode == 1
        assert done.stdout in ("", f"{FIRST_SIGN}\n")
        assert done.stderr.count("\n") == 1
        assert 'type pip install -e ".[lightgbm]"' in done.stderr
        assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize(
    ("argument", "came", "way_out"),
    [
        ("model.num_leaves=1", "must be > 1, got 1", "model.num_leaves=2"),
        ("model.min_child_samples=-1", "got -1", "model.min_child_samples=0"),
        ("model.bagging_fraction=2", "got 2", "model.bagging_fraction=1"),
        ("model.num_leaves=many", "many", "should be of type int"),
        ("model.num_iterations=0", "got 0", "model.num_iterations=2000"),
        ("model.num_leafs=3", "model.num_leafs", "model.num_leaves"),
        ("+model.num_leafs=3", "no parameter num_leafs", "leave out model.num_leafs"),
        ("objective.report_every=0", "got 0", "objective.report_every=20"),
        ("data.n_samples=1", "got 1", "data.n_samples=10000"),
        ("ckpt_path=model.ckpt", "does not continue", "ckpt_path=null"),
    ],
)
def test_a_mistake_is_one_clear_line(
    tmp_path: Path, argument: str, came: str, way_out: str
) -> None:
    said = refuse_here("objective=lightgbm", argument, root=tmp_path / "outputs")
    assert came in said
    assert way_out in said
