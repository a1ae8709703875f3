"""Every mistake gives one line that says what to type, exit code 1, and writes nothing."""

import subprocess
from pathlib import Path

import pytest

from tests.commands import command, environment, own_entry, refuse, train

SEARCH = ("-m", "hparams_search=mlp")


@pytest.mark.parametrize(
    ("arguments", "came", "way_out"),
    [
        (("model.n_layer=3",), "model.n_layer", "model.n_layers"),
        (("optimizer=adamm",), "adamm", "optimizer=adam"),
        (("model.n_layers=0",), "got 0", "model.n_layers=2"),
        (("model.n_nodes=abc",), "'abc'", "model.n_nodes=2"),
        (("model.activation=rellu",), "'rellu'", "model.activation=relu"),
        (("optimizer.lr=-1",), "got -1", "optimizer.lr=0.01"),
        (("optimizer.lr=nan",), "got nan", "optimizer.lr=0.01"),
        (("data.n_samples=1",), "got 1", "data.n_samples=10000"),
        (("data.batch_size=0",), "got 0", "data.batch_size=256"),
        (("data.test_seed=42",), "got 42", "data.test_seed=43"),
        (("trainer.max_epochs=0",), "got 0", "trainer.max_epochs=1000"),
        (("ckpt_path=nowhere.ckpt",), "nowhere.ckpt", "ckpt_path=null"),
        (("model.n_layers=1,2",), "model.n_layers=1,2", "--multirun"),
        (("-m", "hparams_search=mlq"), "mlq", "hparams_search=mlp"),
        ((*SEARCH, "hydra/sweeper/sampler=tpee"), "tpee", "hydra/sweeper/sampler=tpe"),
        ((*SEARCH, "hydra/sweeper/pruner=mediam"), "mediam", "hydra/sweeper/pruner=median"),
        ((*SEARCH, "hydra/sweeper/sampler=grid"), "grid", "hydra/sweeper/sampler=tpe"),
        ((*SEARCH, "hydra.sweeper.n_trials=0"), "got 0", "hydra.sweeper.n_trials=100"),
        ((*SEARCH, "hydra.sweeper.n_trials=many"), "many", "Integer"),
        ((*SEARCH, "hydra.sweeper.n_trial=3"), "hydra.sweeper.n_trial", "hydra.sweeper.n_trials"),
        ((*SEARCH, "model.n_layers=int(interval(4,1))"), "interval(4,1)", "interval(LOW,HIGH)"),
        ((*SEARCH, "model.n_layers=range(3,3)"), "range(3,3)", "interval(LOW,HIGH)"),
        ((*SEARCH, "optimizer.lr=tag(log,interval(0,1))"), "interval(0,1)", "interval(LOW,HIGH)"),
        ((*SEARCH, "model.n_layer=int(interval(1,4))"), "model.n_layer", "model.n_layers"),
        ((*SEARCH, "model.n_layers=interval(1,4)"), "got 1.0", "model.n_layers=2"),
        ((*SEARCH, "optimizer=choice(sgd,adan)"), "adan", "optimizer=adam"),
        ((*SEARCH, "storage=postgresql"), "OPTUNA_STORAGE", "export OPTUNA_STORAGE="),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistake_is_one_clear_line(
    tmp_path: Path, arguments: tuple[str, ...], came: str, way_out: str
) -> None:
    said = refuse(*arguments, root=tmp_path / "outputs")
    assert came in said
    assert way_out in said


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    occupied = tmp_path / "occupied"
    occupied.write_text("a file, not a folder")
    done = train(root=occupied / "outputs")
    assert done.returncode == 1
    assert f"got {occupied / 'outputs'}" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_gpu_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    done = train("trainer=gpu", root=tmp_path, CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 1
    assert "try trainer=cpu" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("source", ["import no_such_package", "RATES = {}['lr']", "def f(:"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("data._target_=mine.Data",),
        ("objective._target_=mine.objective",),
        ("tracking._target_=mine.Tracking",),
        ("+hydra.callbacks.mine._target_=mine.Callback",),
        (*SEARCH, "hydra.sweeper.sampler._target_=mine.Sampler"),
        (*SEARCH, "hydra.sweeper.pruner._target_=mine.Pruner"),
        (*SEARCH, "hydra.sweeper.custom_search_space=mine.extend"),
        (*SEARCH, "tracking._target_=mine.Tracking"),
    ],
    ids=lambda arguments: arguments[-1].split("=")[0],
)
def test_what_cannot_be_imported_says_why(
    tmp_path: Path, arguments: tuple[str, ...], source: str
) -> None:
    line = command(*arguments, "storage=memory", root=tmp_path / "outputs")
    line[1] = str(own_entry(tmp_path, source))
    done = subprocess.run(line, env=environment(), capture_output=True, text=True)
    assert done.returncode == 1
    assert "cannot be imported" in done.stderr
    assert {
        "import no_such_package": "No module named 'no_such_package'; install it with pip install",
        "RATES = {}['lr']": "KeyError: 'lr' (",
        "def f(:": "invalid syntax (mine.py, line 1)",
    }[source] in done.stderr
    assert "Traceback" not in done.stderr


def test_a_package_that_a_class_needs_is_named(tmp_path: Path) -> None:
    logger = "+loggers.x._target_=lightning.pytorch.loggers.WandbLogger"
    done = train(logger, "tracking=none", "trainer.max_epochs=1", root=tmp_path)
    assert done.returncode == 1
    assert "loggers.x cannot be imported: " in done.stderr
    assert "pip install -U 'wandb" in done.stderr
    assert "Traceback" not in done.stderr
