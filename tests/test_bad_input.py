"""Every mistake gives one line that says what to type, exit code 1, and writes nothing."""

from pathlib import Path

import pytest

from tests.commands import refuse, train

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
