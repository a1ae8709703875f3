"""Several objectives: the Pareto front in study, files, MLflow and report, and what is refused."""

import csv
import shlex
from pathlib import Path

import optuna
import pytest
import yaml
from mlflow import MlflowClient
from optuna.study import StudyDirection

from tests.commands import QUICK, read_trials, refuse, succeed
from tests.mlflow_store import runs_of

SEARCH = ("-m", "hparams_search=mlp_pareto", *QUICK, "hydra.sweeper.study_name=s")
TRIALS = "hydra.sweeper.n_trials=6"


def front_of(trials: list[optuna.trial.FrozenTrial]) -> set[int]:
    """The trials that no other one dominates, both values being minimized."""
    return {
        t.number
        for t in trials
        if not any(
            o.values != t.values and o.values[0] <= t.values[0] and o.values[1] <= t.values[1]
            for o in trials
        )
    }


@pytest.mark.slow
def test_the_front_is_in_study_files_and_runs_and_moves_on(tmp_path: Path) -> None:
    printed = succeed(*SEARCH, TRIALS, root=tmp_path)
    for n_trials in (6, 9):
        if n_trials == 9:
            printed = succeed(*SEARCH, "hydra.sweeper.n_trials=9", root=tmp_path)
        trials = read_trials(f"sqlite:///{tmp_path}/optuna.db")
        assert len(trials) == n_trials
        front = front_of(trials)
        assert f"{len(front)} trials on the Pareto front" in printed
        folder = tmp_path / "searches" / "s"
        solutions = yaml.safe_load((folder / "optimization_results.yaml").read_text())["solutions"]
        assert sorted(s["values"] for s in solutions) == sorted(trials[n].values for n in front)
        rows = list(csv.DictReader((folder / "pareto.csv").read_text().splitlines()))
        assert [int(row["trial"]) for row in rows] == sorted(front, key=lambda n: trials[n].values)
        client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
        for trial in trials:
            run = client.get_run(trial.user_attrs["mlflow.run_id"])
            assert run.data.tags["pareto_front"] == str(trial.number in front).lower()
            assert run.info.status == "FINISHED"
            metrics = (run.data.metrics["val/mse"], run.data.metrics["model/parameters"])
            assert metrics == tuple(trial.values)
        [parent] = [run for run in runs_of(tmp_path) if run.info.run_name == "s"]
        artifacts = {artifact.path for artifact in client.list_artifacts(parent.info.run_id)}
        assert {"pareto.csv", "report.html", "optimization_results.yaml"} <= artifacts
        assert parent.data.metrics["pareto_front"] == len(front)
    # There is no single winner.
    assert not {"best.yaml", "next.yaml", "best"} & {path.name for path in folder.iterdir()}


@pytest.mark.slow
def test_each_of_the_front_repeats_by_its_command(tmp_path: Path) -> None:
    succeed(*SEARCH, TRIALS, root=tmp_path)
    rows = csv.DictReader((tmp_path / "searches" / "s" / "pareto.csv").read_text().splitlines())
    row = next(iter(rows))
    succeed(*shlex.split(row["repeat"])[2:], root=tmp_path)
    [folder] = tmp_path.glob("runs/*/*")
    metrics = yaml.safe_load((folder / "metrics.yaml").read_text())
    assert metrics["val/mse"] == float(row["val/mse"])
    assert metrics["model/parameters"] == float(row["model/parameters"])


def test_parameters_are_counted(tmp_path: Path) -> None:
    succeed("model.n_layers=1", "model.n_nodes=3", *QUICK, root=tmp_path)
    [folder] = tmp_path.glob("runs/*/*")
    metrics = yaml.safe_load((folder / "metrics.yaml").read_text())
    # 5 inputs, two layers of 3 nodes, one output, each with its bias.
    assert metrics["model/parameters"] == (5 * 3 + 3) + (3 * 3 + 3) + (3 + 1)


@pytest.mark.slow
def test_each_metric_has_its_own_direction_and_workers_share_the_front(tmp_path: Path) -> None:
    printed = succeed(
        *SEARCH,
        TRIALS,
        "metric.direction=[minimize,maximize]",
        "hydra/sweeper/sampler=nsgaii",
        "hydra.sweeper.n_jobs=2",
        root=tmp_path,
    )
    storage = optuna.storages.RDBStorage(f"sqlite:///{tmp_path}/optuna.db")
    study = optuna.load_study(study_name="s", storage=storage)
    assert study.directions == [StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE]
    assert f"{len(study.best_trials)} trials on the Pareto front" in printed
    storage.remove_session()
    storage.engine.dispose()


def test_the_stock_sweeper_runs_the_same_file(tmp_path: Path) -> None:
    stock = ("hydra/sweeper=optuna", f"hydra.sweeper.storage=sqlite:///{tmp_path}/stock.db")
    succeed(*SEARCH, *stock, "hydra.sweeper.n_jobs=1", "hydra.sweeper.n_trials=2", root=tmp_path)
    trials = read_trials(f"sqlite:///{tmp_path}/stock.db")
    assert [len(trial.values) for trial in trials] == [2, 2]


@pytest.mark.parametrize(
    ("argument", "came", "way_out"),
    [
        ("hydra/sweeper/pruner=median", "MedianPruner", "hydra/sweeper/pruner=none"),
        ("hydra/sweeper/pruner=hyperband", "HyperbandPruner", "hydra/sweeper/pruner=none"),
        ("hydra/sweeper/terminator=stagnation", "Stagnation", "hydra/sweeper/terminator=none"),
        ("hydra/sweeper/sampler=cmaes", "CmaEsSampler", "hydra/sweeper/sampler=nsgaii"),
        ("metric.direction=[minimize]", "['minimize']", "[minimize,minimize]"),
        ("metric.direction=minimize", "['minimize']", "[minimize,minimize]"),
        ("metric.name=y", "['y']", "metric.direction=[minimize]"),
        ("metric.name=[]", "metric.name", "metric.name=val/mse"),
        ("metric.direction=[minimize,maximise]", "'maximise'", "maximize"),
    ],
)
def test_what_several_objectives_exclude_is_one_clear_line(
    tmp_path: Path, argument: str, came: str, way_out: str
) -> None:
    several = ("metric.name=[y,z]", "metric.direction=[minimize,minimize]")
    said = refuse("-m", "hparams_search=quadratic", *several, argument, root=tmp_path / "outputs")
    assert came in said
    assert way_out in said
