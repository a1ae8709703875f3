"""Searches and runs on tables of classes, as a user types them."""

import re
import subprocess
import sys
from pathlib import Path

import optuna
import pandas as pd
import pytest
import yaml
from optuna.study import StudyDirection
from optuna.trial import TrialState

from tests.commands import read_trials, succeed
from tests.data.labelled import write_iris
from tests.mlflow_store import runs_of

MLP = ("hparams_search=mlp", "trainer.max_epochs=20", "trainer.check_val_every_n_epoch=5")
TREES = ("hparams_search=lightgbm", "model.num_iterations=40", "n_threads=1")


@pytest.mark.slow
@pytest.mark.parametrize("model", [MLP, TREES], ids=["mlp", "lightgbm"])
def test_a_search_on_labels_delivers_a_classifier(tmp_path: Path, model: tuple[str, ...]) -> None:
    path = write_iris(tmp_path)
    printed = succeed(
        *("-m", *model, "data=table", f"data.path={path}", "data.target=target"),
        *("metric=roc_auc", "hydra.sweeper.n_trials=6", "hydra.sweeper.study_name=s"),
        *("hydra.sweeper.confirm.n_seeds=2", "hydra.sweeper.confirm.n_best=1"),
        root=tmp_path,
    )
    assert "target     target, 3 classes: setosa 33.3%" in printed
    url = f"sqlite:///{tmp_path}/optuna.db"
    assert optuna.load_study(study_name="s", storage=url).direction is StudyDirection.MAXIMIZE
    done = [t for t in read_trials(url) if t.state is TrialState.COMPLETE]
    assert done
    results = yaml.safe_load((tmp_path / "searches/s/optimization_results.yaml").read_text())
    assert results["best_value"] == max(t.value for t in done) > 0.9
    best = tmp_path / "searches" / "s" / "best"
    assert (best / "confusion_matrix.html").is_file()
    page = (tmp_path / "searches" / "s" / "report.html").read_text()
    assert "target     target, 3 classes: setosa 33.3%" in page
    assert "Confusion matrix, validation rows" in page
    assert "Importance of the columns, validation rows" in page
    assert 'data-plot="plot-fit-2"' in page
    assert yaml.safe_load((best / "metrics.yaml").read_text())["test/accuracy"] > 0.8
    trial = next(r for r in runs_of(tmp_path) if r.data.tags.get("optuna.trial_number") == "0")
    assert {"val/roc_auc", "val/accuracy", "val/log_loss"} <= set(trial.data.metrics)
    [uri] = re.findall(r"models:/[\w-]+", printed)
    code = (
        "import sys, mlflow, pandas as pd\n"
        "mlflow.set_tracking_uri(sys.argv[1])\n"
        "rows = pd.read_csv(sys.argv[3]).drop(columns='target')\n"
        "mlflow.pyfunc.load_model(sys.argv[2]).predict(rows).to_csv(sys.argv[4], index=False)\n"
    )
    there = (f"sqlite:///{tmp_path}/mlflow.db", uri, path, tmp_path / "predicted.csv")
    subprocess.run([sys.executable, "-c", code, *map(str, there)], check=True, cwd=tmp_path)
    predicted = pd.read_csv(tmp_path / "predicted.csv")["prediction"]
    assert (predicted == pd.read_csv(path)["target"]).mean() > 0.85
