"""A table of wrong commands: each gives one line that says what to type, and writes nothing.

They run in this process; tests/test_bad_input.py types some of their kind into a shell.
"""

import shlex
from pathlib import Path

import pytest

from tests.in_process import refuse_here

# What is typed after `python train.py`, and what its one line holds. MLP, QUADRATIC: a search.
MLP = "-m hparams_search=mlp"
QUADRATIC = "-m hparams_search=quadratic"
VALUES = [
    ("model.n_nodes=abc", "'abc'", "model.n_nodes=2"),
    ("model.activation=rellu", "'rellu'", "model.activation=relu"),
    ("optimizer.lr=-1", "got -1", "optimizer.lr=0.01"),
    ("optimizer.lr=nan", "got nan", "optimizer.lr=0.01"),
    ("data.n_samples=1", "got 1", "data.n_samples=10000"),
    ("data.batch_size=0", "got 0", "data.batch_size=256"),
    ("data.test_seed=42", "got 42", "data.test_seed=43"),
    ("trainer.max_epochs=0", "got 0", "trainer.max_epochs=1000"),
    (f"{MLP} hydra/sweeper/sampler=tpee", "tpee", "hydra/sweeper/sampler=tpe"),
    (f"{MLP} hydra/sweeper/pruner=mediam", "mediam", "hydra/sweeper/pruner=median"),
    (f"{MLP} hydra/sweeper/sampler=grid", "grid", "hydra/sweeper/sampler=tpe"),
    (f"{MLP} hydra.sweeper.n_trials=0", "got 0", "hydra.sweeper.n_trials=100"),
    (f"{MLP} hydra.sweeper.n_trial=3", "hydra.sweeper.n_trial", "hydra.sweeper.n_trials"),
    (f"{MLP} model.n_layers=range(3,3)", "range(3,3)", "interval(LOW,HIGH)"),
    (f"{MLP} optimizer.lr=tag(log,interval(0,1))", "interval(0,1)", "LOW above 0"),
    (f"{MLP} model.n_layer=int(interval(1,4))", "model.n_layer", "model.n_layers"),
    (f"{MLP} optimizer=choice(sgd,adan)", "adan", "optimizer=adam"),
    ("model=mlp objective=lightgbm", "tunesmith.models.MLPRegressor", "model=lightgbm"),
    ("metric.name=val/loss", "'val/loss'", "metric.name=val/mse"),
    ("objective=lightgbm metric.name=val/loss", "'val/loss'", "metric.name=val/mse"),
    ("+trainer.max_epoch=3", "trainer", "max_epoch"),
    ("~optimizer", "'optimizer'", "model.optimizer"),
    (f"{MLP} model=lightgbm", "model", "objective=lightgbm"),
    ("-m hparams_search=lightgbm model=mlp", "optimizer", "without model=mlp"),
    ("-m model.n_layers=1,0", "got 0", "model.n_layers=2"),
    (f"{MLP} hydra.sweeper.sampler._target_=optuna.NoSuch", "optuna.NoSuch", "optuna.N"),
    (
        f"{MLP} hydra.sweeper.sampler._target_=optuna.samplers.RandomSampler",
        "consider_prior",
        "hydra/sweeper/sampler=none hydra.sweeper.sampler._target_=optuna.samplers.Random",
    ),
    (f"{MLP} hydra/sweeper/sampler=none", "names no sampler", "sampler._target_=optuna"),
    (f"{MLP} hydra/sweeper/sampler=brute_force", "brute force", "sampler=tpe"),
]


@pytest.mark.parametrize(("typed", "came", "way_out"), VALUES)
def test_a_wrong_command_is_one_line(tmp_path: Path, typed: str, came: str, way_out: str) -> None:
    said = refuse_here(*shlex.split(typed), root=tmp_path / "outputs")
    assert came in said
    assert way_out in said
