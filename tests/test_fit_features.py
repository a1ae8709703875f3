"""What the README's "How a fit goes" promises, on whole commands."""

import re
from pathlib import Path

import pytest
import torch
from optuna.trial import TrialState

from tests.commands import QUICK, read_trials, row_of, run_folder, succeed, train
from tests.mlflow_store import runs_of

EACH = (*QUICK, "trainer.max_epochs=8", "trainer.check_val_every_n_epoch=1")
SEARCH = ("-m", "hparams_search=mlp", "hydra.sweeper.study_name=s", "hydra.sweeper.n_trials=3")


@pytest.mark.slow
def test_a_search_stops_early_keeps_the_best_clips_and_logs_further(tmp_path: Path) -> None:
    printed = succeed(
        *SEARCH,
        *EACH,
        "callbacks=early_stopping_checkpoint",
        "callbacks.early_stopping.patience=2",
        "metric.at=best",
        "optimizer=adam",
        "optimizer.lr=tag(log,interval(0.01,1))",
        "prune=false",
        "trainer.gradient_clip_val=1",
        "trainer.precision=64-true",
        "+loggers.csv._target_=lightning.pytorch.loggers.CSVLogger",
        root=tmp_path,
    )
    trials = read_trials(f"sqlite:///{tmp_path}/optuna.db")
    runs = {run.info.run_id: run for run in runs_of(tmp_path)}
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 3
    assert any(trial.user_attrs["epochs"] < 8 for trial in trials)
    for trial in trials:
        best = min(trial.intermediate_values, key=lambda epoch: trial.intermediate_values[epoch])
        assert trial.value == trial.intermediate_values[best]
        metrics = runs[trial.user_attrs["mlflow.run_id"]].data.metrics
        assert (metrics["val/mse"], metrics["best_epoch"]) == (trial.value, best)
        folder = Path(trial.user_attrs["hydra.dir"])
        kept = torch.load(folder / "checkpoints" / "best.ckpt", weights_only=True)
        assert kept["epoch"] == best - 1
        assert kept["state_dict"]["net.0.weight"].dtype == torch.float64
        assert len(list(folder.rglob("metrics.csv"))) == 1
    assert row_of(printed, "refit of the winner").startswith("value reproduced exactly")


@pytest.mark.slow
def test_trials_go_on_from_a_checkpoint_each_at_its_own_rate(tmp_path: Path) -> None:
    succeed(*QUICK, root=tmp_path)
    succeed(
        *SEARCH,
        *EACH,
        f"ckpt_path={run_folder(tmp_path)}/checkpoint.ckpt",
        "model.n_layers=2",
        "model.n_nodes=32",
        "optimizer=adam",
        "prune=false",
        root=tmp_path,
    )
    trials = read_trials(f"sqlite:///{tmp_path}/optuna.db")
    assert [min(trial.intermediate_values) for trial in trials] == [5] * 3
    assert len({trial.value for trial in trials}) == 3


def test_the_profiler_says_what_took_long_and_writes_the_rest(tmp_path: Path) -> None:
    printed = succeed(*QUICK, "debug=profiler", root=tmp_path)
    assert re.search(r"^profile +\w+ \d+\.\d+ s, .*profile.txt$", printed, re.M)
    [folder] = tmp_path.glob("debug/*/*")
    assert "optimizer_step" in (folder / "profile.txt").read_text()
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("callbacks=early_stoping",), "try callbacks=early_stopping"),
        (("debug=fast_dev",), "try debug=fast_dev_run"),
        (("metric.at=foo",), "got 'foo'; try metric.at=last"),
        ((*SEARCH, "metric.at=foo"), "got 'foo'; try metric.at=last"),
    ],
)
def test_a_mistake_is_one_clear_line_and_writes_nothing(
    tmp_path: Path, arguments: tuple[str, ...], expected: str
) -> None:
    done = train(*arguments, root=tmp_path / "outputs")
    assert done.returncode == 1
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize("kind", [(), SEARCH])
def test_a_metric_that_is_not_logged_is_refused_before_any_work(
    tmp_path: Path, kind: tuple[str, ...]
) -> None:
    done = train(*kind, *EACH, "metric.name=val/mes", root=tmp_path / "outputs")
    assert done.returncode == 1
    assert "try metric.name=val/mse" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "outputs").exists()


WATCHING = (
    "callbacks=checkpoint",
    "callbacks.checkpoint.monitor=val/mes",
    # One that might log as well: what is logged shows in the fit.
    "+callbacks.own._target_=tunesmith.objectives.lightning.callbacks.StopAfterEpochs",
    "+callbacks.own.epochs=100",
)


@pytest.mark.slow
def test_a_callback_that_watches_what_is_not_logged_ends_a_run_with_one_line(
    tmp_path: Path,
) -> None:
    done = train(*EACH, *WATCHING, root=tmp_path)
    assert done.returncode == 1
    assert "ModelCheckpoint watches val/mes" in done.stderr
    assert done.stderr.count("\n") == 1
    [run] = runs_of(tmp_path)
    assert run.info.status == "FAILED"


@pytest.mark.slow
def test_a_callback_that_watches_what_is_not_logged_stops_a_search(tmp_path: Path) -> None:
    done = train(*SEARCH, *EACH, *WATCHING, root=tmp_path)
    assert done.returncode == 1
    assert "ModelCheckpoint watches val/mes" in done.stderr
    states = [trial.state for trial in read_trials(f"sqlite:///{tmp_path}/optuna.db")]
    assert set(states) == {TrialState.FAIL}
