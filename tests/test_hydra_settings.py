"""Hydra's own documented settings hold in single runs, searches and workers."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient

from tests.commands import (
    QUICK,
    command,
    environment,
    own_entry,
    read_trials,
    run_folder,
    succeed,
    train,
)
from tests.mlflow_store import runs_of

QUADRATIC = ("-m", "hparams_search=quadratic", "hydra.sweeper.study_name=s")
THREE = (*QUADRATIC, "hydra.sweeper.n_trials=3")
SINGLE = ("objective=quadratic", "objective.x=0.5")


def recorded_config(root: Path, run_id: str) -> dict[str, object]:
    """The config that the tracking store keeps of a run."""
    client = MlflowClient(f"sqlite:///{root}/mlflow.db")
    path = client.download_artifacts(run_id, "config/config.yaml", str(root))
    config: dict[str, object] = yaml.safe_load(Path(path).read_text())
    return config


@pytest.mark.parametrize("subdir", ["null", pytest.param("deep/er", marks=pytest.mark.slow)])
def test_a_single_run_records_its_config_wherever_hydra_writes_it(
    tmp_path: Path, subdir: str
) -> None:
    printed = succeed(*SINGLE, f"hydra.output_subdir={subdir}", root=tmp_path)
    [run] = runs_of(tmp_path)
    assert recorded_config(tmp_path, run.info.run_id)["objective"] == {
        "_target_": "tunesmith.objectives.quadratic",
        "x": 0.5,
    }
    assert not (run_folder(tmp_path) / ".hydra").exists()
    repeat = re.search(r"^repeat +(.*)$", printed, re.MULTILINE)
    if subdir == "null":
        assert repeat is None
        assert "repeat" not in run.data.tags
        return
    assert repeat is not None
    again = train(*shlex.split(repeat[1])[2:], root=tmp_path)
    assert re.search(r"^y +2\.25$", again.stdout, re.MULTILINE), again


@pytest.mark.parametrize("subdir", ["null", pytest.param("cfg", marks=pytest.mark.slow)])
def test_a_search_does_without_hydras_folder(tmp_path: Path, subdir: str) -> None:
    succeed(*THREE, f"hydra.output_subdir={subdir}", root=tmp_path)
    trials = read_trials(f"sqlite:///{tmp_path}/optuna.db")
    for trial in trials:
        config = recorded_config(tmp_path, trial.user_attrs["mlflow.run_id"])
        assert config["objective"]["x"] == trial.params["objective.x"]  # type: ignore[index]
    assert not list(tmp_path.rglob(".hydra"))
    best = tmp_path / "searches" / "s"
    again = succeed("--config-dir", str(best), "--config-name", "best", root=tmp_path)
    assert re.search(rf"^y +{min(t.value or 9 for t in trials):.8g}$", again, re.MULTILINE)


@pytest.mark.slow
def test_a_winner_is_tested_and_logged_without_hydras_folder(tmp_path: Path) -> None:
    printed = succeed(
        *("-m", "hparams_search=mlp", "hydra.sweeper.n_trials=1", *QUICK),
        *("confirm=retrain", "confirm.n_best=1", "confirm.n_seeds=1", "hydra.output_subdir=null"),
        root=tmp_path,
    )
    assert "value reproduced exactly" in printed
    # Of the fits that are tested between trials Lightning 2.6 warns on PyTorch 2.13.
    assert "deprecated" not in printed
    assert "test" in printed
    assert "load the model" in printed


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_jobs_may_work_in_folders_of_their_own(tmp_path: Path, n_jobs: int) -> None:
    line = command(*THREE, f"hydra.sweeper.n_jobs={n_jobs}", "hydra.job.chdir=true", root=tmp_path)
    line[-1] = "paths.output_root=outputs"
    done = subprocess.run(line, cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    # One store each, where the command was typed.
    assert [path.parent.name for path in tmp_path.rglob("*.db")] == ["outputs", "outputs"]
    recorded = {run.data.tags["mlflow.runName"] for run in runs_of(tmp_path / "outputs")}
    assert {"trial-0000", "trial-0001", "trial-0002"} <= recorded


def test_what_a_single_run_in_its_own_folder_prints_is_typed_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def objective(trial): return trial.suggest_float('x', 0, 1)")
    line = command(
        *("objective=function", "objective.file=mine.py", "objective.params={x: 0.25}"),
        *("hydra.job.chdir=true", "tracking=none"),
        root=tmp_path,
    )
    line[-1] = "paths.output_root=outputs"
    for _ in range(2):
        done = subprocess.run(line, cwd=tmp_path, env=environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert re.search(r"^value +0\.25$", done.stdout, re.MULTILINE)
        assert re.search(r"^folder +outputs/runs/", done.stdout, re.MULTILINE)
        repeat = re.search(r"^repeat +(.*)$", done.stdout, re.MULTILINE)
        assert repeat is not None
        line = shlex.split(repeat[1])


@pytest.mark.parametrize(
    "logging",
    [
        "disabled",
        pytest.param("none", marks=pytest.mark.slow),
        pytest.param("stdout", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("arguments", [THREE, SINGLE], ids=["search", "single run"])
def test_hydras_own_logging_options_hold(
    tmp_path: Path, arguments: tuple[str, ...], logging: str
) -> None:
    succeed(*arguments, "tracking=none", f"hydra/job_logging={logging}", root=tmp_path)


def test_names_folders_and_environment_hold_in_trials(tmp_path: Path) -> None:
    source = """
        import os
        def objective(cfg):
            assert os.environ["ASKED"] == "for"
            return cfg.objective.x
    """
    line = command(
        *THREE,
        *("tracking=none", "objective._target_=mine.objective", "+hydra.job.env_set.ASKED=for"),
        *("hydra.job.name=mine", "hydra.verbose=true", "hydra.sweeper.n_jobs=2"),
        "hydra.job.config.override_dirname.exclude_keys=[paths.output_root,hparams_search,tracking]",
        "hydra.sweep.subdir=points/${hydra.job.num}-${hydra.job.override_dirname}",
        root=tmp_path,
    )
    line[1] = str(own_entry(tmp_path, source))
    done = subprocess.run(line, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for trial in read_trials(f"sqlite:///{tmp_path}/optuna.db"):
        folder = Path(trial.user_attrs["hydra.dir"])
        assert folder.parent.name == "points"
        assert f"objective.x={trial.params['objective.x']}" in folder.name
        assert (folder / "mine.log").is_file()


def test_callbacks_and_a_search_path_hold_in_trials(tmp_path: Path) -> None:
    source = """
        from pathlib import Path
        from hydra.experimental.callback import Callback
        def objective(cfg): return cfg.objective.x
        class Note(Callback):
            def __init__(self, file): self.file = Path(file)
            def on_job_end(self, config, job_return, **kwargs):
                with self.file.open("a") as file: file.write(f"{job_return.return_value}\\n")
    """
    option = tmp_path / "more" / "objective" / "mine.yaml"
    option.parent.mkdir(parents=True)
    option.write_text(
        "# @package _global_\nobjective: {_target_: mine.objective, x: 0}\n"
        "metric: {name: y, direction: minimize}\n"
    )
    line = command(
        *(*THREE, "tracking=none", "objective=mine", "refit=false"),
        *(f"hydra.searchpath=[file://{tmp_path / 'more'}]", "+hydra.callbacks.note.file=noted"),
        "+hydra.callbacks.note._target_=mine.Note",
        root=tmp_path,
    )
    line[1] = str(own_entry(tmp_path, source))
    done = subprocess.run(line, cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    values = [trial.value for trial in read_trials(f"sqlite:///{tmp_path}/optuna.db")]
    assert [float(line) for line in (tmp_path / "noted").read_text().split()] == values


@pytest.mark.slow
def test_what_libraries_warn_of_is_in_a_log_file_not_on_the_terminal(tmp_path: Path) -> None:
    source = """
        import sys, warnings
        sys.path.append(__file__.replace("mine.py", "site-packages"))
        import library
        from tunesmith.objectives import FittedModel, Objective
        class Mine(Objective):
            def __init__(self, x=0.0): pass
            def check(self, cfg):
                warnings.warn("checked")
                library.warn("logged while checking")
            def evaluate(self, cfg):
                warnings.warn("evaluated")
                library.warn("logged in a trial")
                return cfg.objective.x
            @property
            def restorable(self):
                warnings.warn("between trials")
                library.warn("logged between trials")
                return False
    """
    (tmp_path / "site-packages").mkdir()
    code = "import logging\ndef warn(text): logging.getLogger('library').warning(text)\n"
    (tmp_path / "site-packages" / "library.py").write_text(code)
    entry = own_entry(tmp_path, source)
    for n_jobs in (1, 2):
        line = command(
            *(*THREE, "confirm.n_best=1", "confirm.n_seeds=1", "objective._target_=mine.Mine"),
            *(f"hydra.sweeper.n_jobs={n_jobs}", "storage=sqlite"),
            root=tmp_path / str(n_jobs),
        )
        line[1] = str(entry)
        done = subprocess.run(line, env=environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == ""
        folder = tmp_path / str(n_jobs) / "searches" / "s"
        assert "logged" not in done.stdout
        between = (folder / "search.log").read_text()
        assert "UserWarning: between trials" in between
        assert "library: logged between trials" in between
        assert "evaluated" in (log := (folder / "trials" / "0" / "train.log").read_text())
        assert "logged in a trial" in log
