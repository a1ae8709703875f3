"""A launcher that raises, hangs or ends early: the study alone says what is left to do."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from optuna.trial import TrialState

from tests.commands import ROOT, environment, read_trials
from tests.engines.search import wait_for

APP = """
import multiprocessing
import time

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus, run_job
from hydra.plugins.launcher import Launcher

HOW = {how!r}


class {kind}(Launcher):
    def setup(self, *, hydra_context, task_function, config):
        self.hydra_context, self.task, self.config = hydra_context, task_function, config

    def launch(self, job_overrides, initial_job_idx):
        with open("launches.txt", "a") as file:
            file.write(f"{{len(job_overrides)}}\\n")
        if HOW == "raises":
            raise RuntimeError("the queue\\nis closed")
        if HOW == "finds no space":
            raise OSError(28, "No space left on device")
        if HOW != "starts nothing":
            for index, overrides in enumerate(job_overrides, initial_job_idx):
                job = multiprocessing.get_context("fork").Process(
                    target=self.run, args=(overrides, index)
                )
                job.start()
        while HOW == "hangs":
            time.sleep(1)
        if HOW == "raises late":
            time.sleep(4)
            raise RuntimeError("lost sight of the jobs")
        return [JobReturn(status=JobStatus.COMPLETED) for _ in job_overrides]

    def run(self, overrides, index):
        cfg = self.hydra_context.config_loader.load_sweep_config(self.config, list(overrides))
        cfg.hydra.job.id, cfg.hydra.job.num = str(index), index
        run_job(
            hydra_context=self.hydra_context,
            task_function=self.task,
            config=cfg,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )


Plugins.instance().register({kind})
ConfigStore.instance().store(
    group="hydra/launcher", name="odd", node={{"_target_": "__main__.{kind}"}}
)
ConfigStore.instance().store(name="config", node={{"x": 1.0}})


@hydra.main(version_base="1.3", config_path=None, config_name="config")
def main(cfg):
    time.sleep({seconds})
    return (cfg.x - 2) ** 2


if __name__ == "__main__":
    main()
"""
SEARCH = (
    *("-m", "hydra/sweeper=optuna_study", "hydra/launcher=odd", "x=interval(0,3)"),
    *("hydra.sweeper.study_name=s", "hydra.sweeper.n_jobs=2", "hydra.sweeper.n_trials=8"),
)


def start(
    folder: Path, how: str, *arguments: str, kind: str = "LocalLauncher", seconds: float = 0.2
) -> subprocess.Popen[str]:
    """Start a search; by the class of its launcher its workers stay on this machine."""
    (folder / "app.py").write_text(APP.format(how=how, kind=kind, seconds=seconds))
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "app.py", *SEARCH, *arguments],
        cwd=folder,
        env=environment(PYTHONPATH=str(ROOT / "src"), OMP_NUM_THREADS="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def launches(folder: Path) -> list[str]:
    return (folder / "launches.txt").read_text().split()


def assert_whole(folder: Path) -> None:
    [file] = folder.rglob("optuna.db")
    states = [trial.state for trial in read_trials(f"sqlite:///{file}")]
    assert states.count(TrialState.COMPLETE) == 8
    assert not {TrialState.RUNNING, TrialState.WAITING}.intersection(states)


@pytest.mark.parametrize(
    "how",
    [
        pytest.param("hangs", marks=pytest.mark.slow),
        pytest.param("raises late", marks=pytest.mark.slow),
        pytest.param("returns early", marks=pytest.mark.slow),
    ],
)
def test_workers_that_are_at_work_finish_the_study(tmp_path: Path, how: str) -> None:
    # Long enough for a launcher that has ended to be noticed between two trials.
    with start(tmp_path, how, seconds=2) as process:
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, out + err
    assert "8 complete" in out
    assert_whole(tmp_path)
    # Those at work are left alone; an error may have been the end of one of them.
    first, *later = launches(tmp_path)
    assert first == "2"
    assert set(later) == ({"1"} if how == "raises late" else set())


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("raises", "the launcher could not run the workers: RuntimeError: the queue is closed"),
        (
            "finds no space",
            "workers; free some and run the same command again: what is finished is kept",
        ),
        pytest.param(
            "starts nothing",
            "the launcher's workers ended before the study had its trials",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_one_that_starts_no_worker_is_one_line(tmp_path: Path, how: str, said: str) -> None:
    with start(tmp_path, how) as process:
        _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert err.splitlines()[-1].endswith(said)
    assert set(launches(tmp_path)) == {"2"}


@pytest.mark.slow
def test_ctrl_c_ends_a_search_whose_launcher_hangs(tmp_path: Path) -> None:
    with start(tmp_path, "hangs", "hydra.sweeper.n_trials=200") as process:
        wait_for(lambda: len(list(tmp_path.rglob("app.log"))) > 4, "trials")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "run the same command to continue" in out
    [file] = tmp_path.rglob("optuna.db")
    states = {trial.state for trial in read_trials(f"sqlite:///{file}")}
    assert TrialState.RUNNING not in states


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["hydra.sweeper.n_jobs=1", "hydra.sweeper.default_storage=memory"],
            "needs a study that its workers share",
        ),
        (
            ["+hydra.launcher.tasks_per_node=2"],
            "each job is one worker; try hydra.sweeper.n_jobs=2",
        ),
        ([], "a SQLite file is no safe store"),
        (["hydra/launcher=slurm"], "is not installed; type pip install"),
        (["hydra/launcher=ray_local"], "is not installed; type pip install"),
    ],
)
def test_what_an_engine_cannot_run_is_one_line(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    with start(tmp_path, "returns early", *arguments, kind="FarLauncher") as process:
        _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert said in err.splitlines()[-1]
    assert not list(tmp_path.rglob("optuna.db"))
