"""`python train.py`: one run, its files, its record, and how it repeats."""

import json
import re
from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient

from tests.commands import QUICK, run_folder, succeed, train
from tests.mlflow_store import runs_of


def test_a_run_prints_and_keeps_its_metrics(tmp_path: Path) -> None:
    printed = succeed("model.n_layers=1", *QUICK, root=tmp_path)
    for row in ("val/mse", "test/mse", "epochs", "time", "folder", "open", "repeat"):
        assert re.search(rf"^{row}\s+\S", printed, re.MULTILINE), printed
    folder = run_folder(tmp_path)
    metrics = yaml.safe_load((folder / "metrics.yaml").read_text())
    [run] = runs_of(tmp_path)
    assert run.info.status == "FINISHED"
    assert run.data.tags["hydra.dir"] == str(folder)
    assert run.data.params["model.n_layers"] == "1"
    assert not [key for key in run.data.params if key.startswith(("storage", "tracking", "paths"))]
    for name in ("val/mse", "test/mse", "train/mse"):
        assert run.data.metrics[name] == metrics[name]
    assert run.data.metrics["seconds"] > 0


def test_a_run_records_curves_files_and_plots_that_show_offline(tmp_path: Path) -> None:
    succeed(*QUICK, root=tmp_path)
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    [run] = runs_of(tmp_path)
    curve = client.get_metric_history(run.info.run_id, "train/mse")
    assert [point.step for point in curve] == [1, 2, 3, 4]
    validations = client.get_metric_history(run.info.run_id, "val/mse")
    assert [point.step for point in validations] == [2, 4]
    [test] = client.get_metric_history(run.info.run_id, "test/mse")
    assert test.step == 4
    folder = Path(client.download_artifacts(run.info.run_id, "", str(tmp_path)))
    for name in ("learning_curve.html", "predicted_vs_true.html"):
        page = (folder / name).read_text()
        assert "Plotly.newPlot" in page
        assert not re.search(r"<script[^>]+src=", page)
    assert yaml.safe_load((folder / "config" / "config.yaml").read_text())["model"]
    assert (folder / "checkpoint.ckpt").stat().st_size > 0


def test_a_run_repeats_bit_for_bit_from_its_folder(tmp_path: Path) -> None:
    succeed("model.n_nodes=7", "optimizer=sgd", *QUICK, root=tmp_path)
    folder = run_folder(tmp_path)
    succeed("--config-dir", str(folder / ".hydra"), "--config-name", "config", root=tmp_path)
    folders = sorted(tmp_path.glob("runs/*/*"))
    assert len(folders) == 2
    first, second = ((f / "metrics.yaml").read_text() for f in folders)
    assert first == second


@pytest.mark.slow
def test_a_repeated_run_takes_overrides_and_refuses_bad_ones(tmp_path: Path) -> None:
    succeed(*QUICK, root=tmp_path)
    repeat = ("--config-dir", str(run_folder(tmp_path) / ".hydra"), "--config-name", "config")
    succeed(*repeat, "model.n_nodes=3", root=tmp_path)
    assert [run.data.params["model.n_nodes"] for run in runs_of(tmp_path)] == ["32", "3"]
    done = train(*repeat, "model.n_nodes=0", root=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("model.n_nodes must be an integer of at least 1, got 0")


@pytest.mark.slow
def test_a_checkpoint_continues(tmp_path: Path) -> None:
    succeed(*QUICK, root=tmp_path)
    checkpoint = run_folder(tmp_path) / "checkpoint.ckpt"
    printed = succeed(f"ckpt_path={checkpoint}", *QUICK, "trainer.max_epochs=6", root=tmp_path)
    assert re.search(r"^epochs\s+6\b", printed, re.MULTILINE)
    curve = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db").get_metric_history(
        runs_of(tmp_path)[-1].info.run_id, "train/mse"
    )
    assert [point.step for point in curve] == [5, 6]


def test_a_run_that_diverges_ends_with_one_line(tmp_path: Path) -> None:
    done = train("optimizer=sgd", "optimizer.lr=100", root=tmp_path)
    assert done.returncode == 1
    assert re.fullmatch(r"Stopped: diverged: .* at epoch \d+\n", done.stderr)
    [run] = runs_of(tmp_path)
    assert run.info.status == "KILLED"
    assert run.data.tags["reason"].startswith("diverged")


def test_a_multirun_without_a_search_is_hydras_own(tmp_path: Path) -> None:
    succeed("-m", "seed=1,2,3", *QUICK, root=tmp_path)
    folders = sorted(tmp_path.glob("multiruns/*/*/*"))
    assert [folder.name for folder in folders if folder.is_dir()] == ["0", "1", "2"]
    values = {(folder / "metrics.yaml").read_text() for folder in folders if folder.is_dir()}
    assert len(values) == 3


def test_tracking_none_leaves_no_store(tmp_path: Path) -> None:
    succeed("tracking=none", *QUICK, root=tmp_path)
    assert not (tmp_path / "mlflow.db").exists()
    assert (run_folder(tmp_path) / "metrics.yaml").exists()


@pytest.mark.slow
def test_a_run_killed_in_the_middle_is_closed_by_the_next_command(tmp_path: Path) -> None:
    succeed(*QUICK, root=tmp_path)
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    [run] = runs_of(tmp_path)
    dead = json.loads(run.data.tags["tunesmith.process"]) | {"pid": 2**22 - 1}
    client.set_tag(run.info.run_id, "tunesmith.process", json.dumps(dead))
    client.update_run(run.info.run_id, status="RUNNING")
    succeed(*QUICK, root=tmp_path)
    assert [run.info.status for run in runs_of(tmp_path)] == ["KILLED", "FINISHED"]


@pytest.mark.slow
def test_a_run_of_two_processes_leaves_one_record(tmp_path: Path) -> None:
    printed = succeed("trainer.devices=2", "+trainer.strategy=ddp", *QUICK, root=tmp_path)
    assert len(re.findall("^val/mse", printed, re.MULTILINE)) == 1
    assert len(runs_of(tmp_path)) == 1
    assert (run_folder(tmp_path) / "metrics.yaml").is_file()
