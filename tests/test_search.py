"""`python train.py -m hparams_search=mlp`: the search, its record, its end and its going on."""

import re
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient
from optuna.trial import FrozenTrial, TrialState

from tests.commands import (
    QUICK,
    command,
    environment,
    own_entry,
    read_trials,
    row_of,
    succeed,
    train,
)
from tests.mlflow_store import runs_of

SEARCH = ("-m", "hparams_search=mlp", *QUICK)
STUDY = "hydra.sweeper.study_name=s"


def trials_of(root: Path, name: str = "s") -> list[FrozenTrial]:
    """The trials as they lie in the study's store."""
    return read_trials(f"sqlite:///{root}/optuna.db", name)


def points_of(trials: list[FrozenTrial]) -> list[tuple[dict[str, object], float | None]]:
    """What was tried and what came out."""
    return [(trial.params, trial.value) for trial in trials]


def test_a_search_leaves_study_folders_results_and_runs_that_agree(tmp_path: Path) -> None:
    printed = succeed(*SEARCH, STUDY, "hydra.sweeper.n_trials=5", root=tmp_path)
    trials = trials_of(tmp_path)
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 5
    with closing(sqlite3.connect(tmp_path / "optuna.db")) as store:
        attributes = dict(store.execute("SELECT key, value_json FROM study_system_attributes"))
    assert attributes["study:metric_names"] == '["val/mse"]'
    folder = tmp_path / "searches" / "s"
    best = min(trials, key=lambda trial: trial.value or 0.0)
    results = yaml.safe_load((folder / "optimization_results.yaml").read_text())
    assert results == {"name": "optuna", "best_params": best.params, "best_value": best.value}
    assert f"{best.value:.6g}" in printed
    assert row_of(printed, "refit of the winner").startswith("value reproduced exactly")

    runs = {run.info.run_name: run for run in runs_of(tmp_path)}
    parent = runs["s"]
    pages = "http://127.0.0.1:5000/#/experiments/1/runs"
    for page in (pages, f"{pages}/{parent.info.run_id}"):
        assert f"  {page}?workflowType=machine_learning\n" in printed
    assert parent.data.params["space/model.n_layers"] == "integer 1 ... 4"
    assert " hydra.sweeper.n_trials=5 " in parent.data.params["command"]
    assert parent.data.params.keys() >= {"sampler", "pruner"}
    note = parent.data.tags["mlflow.note.content"]
    assert f"## Winner: trial {best.number}\n" in note
    assert f"--config-dir {folder} --config-name best" in note
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    for trial in trials:
        run = runs[f"trial-{trial.number:04d}"]
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert run.data.tags["optuna.study"] == "s"
        assert run.data.tags["optuna.trial_number"] == str(trial.number)
        assert run.data.tags["optuna.trial_state"] == "COMPLETE"
        assert run.data.tags["hydra.dir"] == trial.user_attrs["hydra.dir"]
        assert trial.user_attrs["mlflow.run_id"] == run.info.run_id
        assert run.data.metrics["val/mse"] == trial.value
        assert Path(trial.user_attrs["hydra.dir"]) == folder / "trials" / str(trial.number)
    saved = yaml.safe_load((folder / "trials" / "3" / ".hydra" / "hydra.yaml").read_text())
    assert saved["hydra"]["job"]["num"] == 3


@pytest.mark.slow
def test_the_baseline_is_the_first_trial(tmp_path: Path) -> None:
    succeed(*SEARCH, STUDY, "hydra.sweeper.n_trials=1", root=tmp_path)
    [trial] = trials_of(tmp_path)
    assert trial.params == {
        "model.n_layers": 2,
        "model.n_nodes": 32,
        "optimizer.lr": 0.001,
        "optimizer": "adam",
    }


@pytest.mark.slow
def test_the_same_command_adds_only_what_is_missing(tmp_path: Path) -> None:
    succeed(*SEARCH, "hydra.sweeper.n_trials=3", root=tmp_path)
    again = succeed(*SEARCH, "hydra.sweeper.n_trials=3", root=tmp_path)
    assert "is complete: 3 trials, best value" in again
    assert "To add trials, set hydra.sweeper.n_trials=6; to start over," in again
    assert "3 complete" in again
    assert row_of(again, "repeat the winner")
    [report] = tmp_path.glob("searches/*/report.html")
    assert row_of(again, "report") == str(report)
    more = succeed(*SEARCH, "hydra.sweeper.n_trials=5", root=tmp_path)
    assert "5/5 trials" in more
    [folder] = (tmp_path / "searches").iterdir()
    assert len(trials_of(tmp_path, folder.name)) == 5
    assert sorted(path.name for path in (folder / "trials").iterdir()) == ["0", "1", "2", "3", "4"]
    parents = [run for run in runs_of(tmp_path) if run.info.run_name == folder.name]
    assert [run.info.status for run in parents] == ["FINISHED"]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_trials_and_another_another(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        succeed(
            *SEARCH,
            f"hydra.sweeper.study_name={name}",
            f"hydra.sweeper.sampler.seed={seed}",
            "hydra.sweeper.n_trials=4",
            "refit=false",
            root=tmp_path,
        )
    a, b, c = (points_of(trials_of(tmp_path, name)) for name in "abc")
    assert a == b
    assert a != c


@pytest.mark.slow
def test_the_command_line_fixes_narrows_and_adds_dimensions(tmp_path: Path) -> None:
    succeed(
        *SEARCH,
        STUDY,
        "hydra.sweeper.n_trials=4",
        "optimizer=adam",
        "optimizer.lr=tag(log,interval(1e-3,1e-2))",
        "trainer.max_epochs=choice(1,3)",
        root=tmp_path,
    )
    trials = trials_of(tmp_path)
    assert len(trials) == 4
    for trial in trials:
        names = {"model.n_layers", "model.n_nodes", "optimizer.lr", "trainer.max_epochs"}
        assert set(trial.params) == names
        assert 1e-3 <= trial.params["optimizer.lr"] <= 1e-2
        assert trial.user_attrs["epochs"] == trial.params["trainer.max_epochs"]
        config = yaml.safe_load(
            (Path(trial.user_attrs["hydra.dir"]) / ".hydra/config.yaml").read_text()
        )
        assert config["optimizer"]["_target_"] == "torch.optim.Adam"


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["gp", "random", "qmc", "nsgaii"])
def test_other_samplers_search_too(tmp_path: Path, sampler: str) -> None:
    succeed(
        *SEARCH,
        STUDY,
        f"hydra/sweeper/sampler={sampler}",
        "hydra.sweeper.n_trials=3",
        root=tmp_path,
    )
    assert len({str(trial.params) for trial in trials_of(tmp_path)}) == 3


@pytest.mark.slow
def test_a_diverging_trial_is_pruned_with_the_reason(tmp_path: Path) -> None:
    succeed(
        "-m",
        "hparams_search=mlp",
        STUDY,
        "hydra.sweeper.n_trials=3",
        "optimizer=choice(sgd)",
        "optimizer.lr=choice(0.001,100)",
        "hydra.sweeper.sampler.seed=1",
        "data.n_samples=200",
        "trainer.max_epochs=30",
        root=tmp_path,
    )
    states = {trial.params["optimizer.lr"]: trial for trial in trials_of(tmp_path)}
    assert states[0.001].state == TrialState.COMPLETE
    diverged = states[100]
    assert diverged.state == TrialState.PRUNED
    assert re.match(r"diverged: .* at epoch \d+", diverged.user_attrs["reason"])
    folder = Path(diverged.user_attrs["hydra.dir"])
    assert "Traceback" not in (folder / "train.log").read_text()
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    run = client.get_run(diverged.user_attrs["mlflow.run_id"])
    assert (run.info.status, run.data.tags["optuna.trial_state"]) == ("KILLED", "PRUNED")


@pytest.mark.slow
def test_the_winner_repeats_from_best_yaml_and_takes_overrides(tmp_path: Path) -> None:
    succeed(*SEARCH, STUDY, "hydra.sweeper.n_trials=3", root=tmp_path)
    best = min(trials_of(tmp_path), key=lambda trial: trial.value or 0.0)
    repeat = ("--config-dir", str(tmp_path / "searches" / "s"), "--config-name", "best")
    succeed(*repeat, root=tmp_path)
    [folder] = tmp_path.glob("runs/*/*")
    assert yaml.safe_load((folder / "metrics.yaml").read_text())["val/mse"] == best.value
    succeed(*repeat, "trainer.max_epochs=2", root=tmp_path)


@pytest.mark.slow
def test_a_forgotten_m_still_searches(tmp_path: Path) -> None:
    succeed("hparams_search=mlp", *QUICK, STUDY, "hydra.sweeper.n_trials=2", root=tmp_path)
    assert len(trials_of(tmp_path)) == 2


@pytest.mark.slow
def test_the_stock_sweeper_gives_the_same_on_a_grid(tmp_path: Path) -> None:
    grid = (
        "hydra/sweeper/sampler=grid",
        "prune=false",
        "hydra.sweeper.study_name=x",
        "model.n_layers=choice(1,2)",
        "model.n_nodes=choice(3,5)",
        "optimizer=choice(sgd,adam)",
        "optimizer.lr=choice(0.01)",
        "hydra.sweeper.n_trials=20",
    )
    found = {}
    for sweeper in ("optuna", "optuna_study"):
        root = tmp_path / sweeper
        storage = f"hydra.sweeper.storage=sqlite:///{tmp_path}/{sweeper}.db"
        extra = ("hydra.sweeper.n_jobs=1", "hydra.sweeper.baseline=false")
        extra = extra[:1] if sweeper == "optuna" else extra
        succeed(*SEARCH, *grid, f"hydra/sweeper={sweeper}", storage, *extra, root=root)
        trials = read_trials(f"sqlite:///{tmp_path}/{sweeper}.db", "x")
        found[sweeper] = {
            tuple(sorted((name, str(value)) for name, value in trial.params.items())): trial.value
            for trial in trials
        }
    assert len(found["optuna"]) == 8
    assert found["optuna"] == found["optuna_study"]


@pytest.mark.slow
def test_a_foreign_callback_sees_every_trial_start_and_end(tmp_path: Path) -> None:
    source = f"""
        from pathlib import Path
        from hydra.experimental.callback import Callback

        class Watch(Callback):
            def _note(self, what, config):
                with Path({str(tmp_path / "seen")!r}).open("a") as seen:
                    seen.write(f"{{what}} {{config.hydra.job.num}}\\n")

            def on_job_start(self, config, **kwargs):
                self._note("start", config)

            def on_job_end(self, config, job_return, **kwargs):
                self._note("end", config)
        """
    arguments = command(
        *SEARCH,
        STUDY,
        "hydra.sweeper.n_trials=2",
        "refit=false",
        "+hydra.callbacks.watch._target_=mine.Watch",
        root=tmp_path / "outputs",
    )
    arguments[1] = str(own_entry(tmp_path, source))
    subprocess.run(arguments, env=environment(), check=True, capture_output=True)
    assert (tmp_path / "seen").read_text().split("\n") == [
        "start 0",
        "end 0",
        "start 1",
        "end 1",
        "",
    ]


def test_ctrl_c_ends_cleanly_and_the_same_command_continues(tmp_path: Path) -> None:
    slow = (
        "-m",
        "hparams_search=mlp",
        STUDY,
        "trainer.max_epochs=100000",
        "hydra.sweeper.n_trials=2",
    )
    running = subprocess.Popen(
        command(*slow, root=tmp_path), env=environment(), stdout=subprocess.PIPE, text=True
    )
    log = tmp_path / "searches" / "s" / "trials" / "0" / "train.log"
    while not (log.exists() and "epoch 100:" in log.read_text()):
        assert running.poll() is None
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    printed, _ = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Interrupted after 0 of 2 trials; run the same command to continue study s." in printed
    states = [trial.state for trial in trials_of(tmp_path)]
    assert states == [TrialState.FAIL, TrialState.WAITING]
    assert {run.info.status for run in runs_of(tmp_path)} == {"KILLED"}

    quick = (*slow[:3], "trainer.max_epochs=4", "hydra.sweeper.n_trials=2")
    refused = train(*quick, root=tmp_path)
    assert refused.returncode == 1
    assert "created with different values of trainer.max_epochs" in refused.stderr


@pytest.mark.slow
def test_terminal_output_of_a_long_search_fits_one_screen(tmp_path: Path) -> None:
    printed = succeed(
        *SEARCH, STUDY, "trainer.max_epochs=1", "hydra.sweeper.n_trials=40", root=tmp_path
    )
    lines = printed.splitlines()
    # On a terminal the progress is one line that is rewritten.
    assert sum(" trials · " not in line for line in lines) <= 24
    assert len(lines) <= 30
    assert len(trials_of(tmp_path)) == 40


@pytest.mark.slow
def test_another_sampler_continues_a_named_study_with_one_line(tmp_path: Path) -> None:
    succeed(*SEARCH, STUDY, "hydra.sweeper.n_trials=2", root=tmp_path)
    printed = succeed(
        *SEARCH, STUDY, "hydra/sweeper/sampler=random", "hydra.sweeper.n_trials=3", root=tmp_path
    )
    assert "Continuing study s with a different sampler." in printed
    assert len(trials_of(tmp_path)) == 3


@pytest.mark.slow
def test_a_changed_search_is_another_study(tmp_path: Path) -> None:
    succeed(*SEARCH, "hydra.sweeper.n_trials=1", "refit=false", root=tmp_path)
    succeed(*SEARCH, "hydra.sweeper.n_trials=1", "refit=false", "seed=5", root=tmp_path)
    succeed(*SEARCH, "hydra.sweeper.n_trials=2", "tags=[x]", root=tmp_path)
    assert len(list((tmp_path / "searches").iterdir())) == 2


@pytest.mark.parametrize(
    "sampler",
    [
        ("hydra/sweeper/sampler=brute_force",),
        (
            "hydra/sweeper/sampler=none",
            "hydra.sweeper.sampler._target_=optuna.samplers.BruteForceSampler",
        ),
    ],
    ids=["preset", "by its class"],
)
def test_brute_force_computes_every_point_once(tmp_path: Path, sampler: tuple[str, ...]) -> None:
    succeed(
        *("-m", "hparams_search=quadratic", "hydra.sweeper.study_name=s", "tracking=none"),
        *("objective.x=choice(1,3,5)", *sampler),
        root=tmp_path,
    )
    trials = read_trials(f"sqlite:///{tmp_path}/optuna.db")
    assert sorted(trial.params["objective.x"] for trial in trials) == [1, 3, 5]
