"""PruneTrial, the callback that any Lightning app names."""

import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from optuna.pruners import BasePruner, NopPruner, ThresholdPruner

from tests.commands import ROOT, environment, read_trials
from tests.small_fit import Line, rows, trainer
from tunesmith import InvalidConfig, PruneTrial
from tunesmith.study import running

# Every loss of `Line` is above it.
STOP_AT_ONCE = ThresholdPruner(upper=0.5)


LIGHTNING = """
import hydra
from hydra.utils import instantiate
from pathlib import Path

from tests.small_fit import Line, rows, trainer


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg):
    fit = trainer(instantiate(cfg.callbacks.prune), Path("fits"))
    fit.fit(Line(cfg.loss), rows(), rows())
    return float(fit.callback_metrics["val/loss"])


main()
"""
PAIR = """
import hydra
from hydra.utils import instantiate
from pathlib import Path

from tests.small_fit import Line, rows, trainer


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg):
    prune = instantiate(cfg.callbacks.prune)
    fit = trainer(prune, Path("fits"), devices=2, strategy="ddp")
    fit.fit(Line(cfg.loss), rows(), rows())
    with Path(__file__).with_name("ranks.txt").open("a") as file:
        file.write(f"{fit.global_rank} of {fit.world_size} with {cfg.loss}\\n")
    if cfg.loss == 0.375:
        raise RuntimeError("the disk is full")
    return float(fit.callback_metrics["val/loss"])


main()
"""
LOOP = """
import hydra
from optuna import TrialPruned

from tunesmith import current_trial


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg):
    trial = current_trial()
    for step in (1, 2):
        if trial is not None:
            trial.report(cfg.loss, step=step)
            if trial.should_prune():
                raise TrialPruned
    return cfg.loss


main()
"""
THRESHOLD = (
    *("hydra/sweeper/pruner=none", "hydra.sweeper.pruner._target_=optuna.pruners.ThresholdPruner"),
    "+hydra.sweeper.pruner.upper=0.5",
)
SEARCH = (
    *("-m", "hydra/sweeper=optuna_study", "hydra.sweeper.study_name=s"),
    *("hydra/sweeper/sampler=grid", *THRESHOLD),
)


def new_trial(pruner: BasePruner, *, n_directions: int = 1) -> optuna.Trial:
    return optuna.create_study(directions=["minimize"] * n_directions, pruner=pruner).ask()


def reported(trial: optuna.Trial) -> dict[int, float]:
    return trial.study.trials[0].intermediate_values


def test_each_validation_of_a_fit_is_reported_once_and_no_other(tmp_path: Path) -> None:
    trial, module = new_trial(NopPruner()), Line()
    with running(trial):
        fit = trainer(PruneTrial("val/loss"), tmp_path, val_check_interval=2)
        fit.fit(module, rows(), rows())
        fit.validate(module, rows(), verbose=False)
    assert reported(trial) == {1: 1.0, 2: 1.0, 3: 1.0, 4: 1.0}


def test_the_pruner_stops_the_fit_with_its_reason(tmp_path: Path) -> None:
    trial = new_trial(STOP_AT_ONCE)
    with (
        running(trial),
        pytest.raises(optuna.TrialPruned, match="pruned at validation 1: val/loss was 1"),
    ):
        trainer(PruneTrial("val/loss"), tmp_path).fit(Line(), rows(), rows())
    assert reported(trial) == {1: 1.0}


def test_outside_of_a_search_it_does_nothing(tmp_path: Path) -> None:
    fit = trainer(PruneTrial("no/such/metric"), tmp_path)
    fit.fit(Line(), rows(), rows())
    assert fit.current_epoch == 2


def test_of_several_metrics_none_is_reported(tmp_path: Path) -> None:
    trial = new_trial(NopPruner(), n_directions=2)
    with running(trial):
        trainer(PruneTrial("val/loss"), tmp_path).fit(Line(), rows(), rows())
    assert reported(trial) == {}


def test_a_metric_that_is_not_logged_is_named_with_those_that_are(tmp_path: Path) -> None:
    with (
        running(new_trial(NopPruner())),
        pytest.raises(InvalidConfig, match=r"no 'val/los' at validation 1, but val/loss; try"),
    ):
        trainer(PruneTrial("val/los"), tmp_path).fit(Line(), rows(), rows())


def test_a_fit_that_goes_on_from_a_checkpoint_counts_on(tmp_path: Path) -> None:
    trial, checkpoint = new_trial(NopPruner()), tmp_path / "last.ckpt"
    with running(trial):
        first = trainer(PruneTrial("val/loss"), tmp_path)
        first.fit(Line(), rows(), rows())
        first.save_checkpoint(checkpoint)
        second = trainer(PruneTrial("val/loss"), tmp_path, max_epochs=3)
        second.fit(Line(), rows(), rows(), ckpt_path=str(checkpoint))
    assert sorted(reported(trial)) == [1, 2, 3]


@pytest.mark.parametrize(
    ("upper", "first", "second"),
    [
        (0.5, "TrialPruned: pruned at validation 1: val/loss was 1 {1: 1.0}", "SystemExit: 0 None"),
        pytest.param(2.0, "fitted {1: 1.0, 2: 1.0}", "fitted None", marks=pytest.mark.slow),
    ],
)
def test_of_two_processes_the_first_decides_and_both_stop(
    tmp_path: Path, upper: float, first: str, second: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.small_fit", str(tmp_path), str(upper)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert [(tmp_path / f"{rank}.txt").read_text() for rank in (0, 1)] == [first, second]


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(LIGHTNING, marks=pytest.mark.slow, id="lightning"),
        pytest.param(LOOP, id="loop"),
    ],
)
def test_an_app_of_others_is_pruned_in_its_search_and_runs_alone(
    tmp_path: Path, source: str
) -> None:
    write_app(tmp_path, source)
    for typed in ((), (*SEARCH, "loss=choice(0.25,1.0)")):
        done = run_app(tmp_path, *typed)
        assert done.returncode == 0, done.stdout + done.stderr
    assert ended(tmp_path) == {(0.25, "COMPLETE", 2), (1.0, "PRUNED", 1)}


@pytest.mark.slow
def test_trials_of_a_pair_of_processes_are_one_search(tmp_path: Path) -> None:
    write_app(tmp_path, PAIR)
    done = run_app(tmp_path, *SEARCH, "loss=choice(0.25,0.375,1.0)")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ended(tmp_path) == {(0.25, "COMPLETE", 2), (0.375, "FAIL", 2), (1.0, "PRUNED", 1)}
    # Each process computed each trial once, and the one that was pruned went no further.
    assert sorted((tmp_path / "ranks.txt").read_text().splitlines()) == [
        f"{rank} of 2 with {loss}" for rank in (0, 1) for loss in (0.25, 0.375)
    ]


def test_a_command_that_torchrun_starts_is_refused_in_one_line(tmp_path: Path) -> None:
    write_app(tmp_path, LOOP)
    done = run_app(tmp_path, *SEARCH, "loss=choice(0.25,1.0)", RANK="1", WORLD_SIZE="2")
    assert done.returncode == 1
    assert "a search is one command, got 2 by torchrun" in done.stderr.splitlines()[-1]
    assert not list(tmp_path.rglob("optuna.db"))


def write_app(folder: Path, source: str) -> None:
    (folder / "app.py").write_text(source)
    (folder / "conf").mkdir()
    callbacks = "{prune: {_target_: tunesmith.PruneTrial, monitor: val/loss}}"
    (folder / "conf" / "config.yaml").write_text(f"loss: 1.0\ncallbacks: {callbacks}\n")


def run_app(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "app.py", *arguments],
        cwd=folder,
        env=environment(PYTHONPATH=f"{ROOT}:{ROOT / 'src'}", **variables),
        capture_output=True,
        text=True,
        timeout=120,
    )


def ended(folder: Path) -> set[tuple[float, str, int]]:
    """Return how the trials of the only study ended: loss, state, number of reports."""
    [file] = folder.rglob("optuna.db")
    return {
        (trial.params["loss"], trial.state.name, len(trial.intermediate_values))
        for trial in read_trials(f"sqlite:///{file}")
    }
