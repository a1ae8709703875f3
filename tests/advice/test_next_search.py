from pathlib import Path

import optuna
import pytest
from hydra_plugins.hydra_optuna_sweeper._impl import create_params_from_overrides
from omegaconf import OmegaConf

from tests.studies import recorded_article, searched
from tunesmith.advice import advise, next_params, write_next


def test_the_next_search_is_a_runnable_primary_config(tmp_path: Path) -> None:
    study = recorded_article(42)
    fixed = {"trainer.max_epochs": "200"}
    path = write_next(
        tmp_path / "deep" / "next.yaml",
        study=study,
        advice=advise(study),
        search="mlp",
        fixed=fixed,
    )
    config = OmegaConf.load(path)
    assert config.defaults == ["train", {"override hparams_search": "mlp"}, "_self_"]
    assert config.hydra.mode == "MULTIRUN"
    assert config.hydra.sweeper.study_name is None
    assert config.hydra.sweeper.n_trials == 30
    space, fixed_params, _ = create_params_from_overrides(
        [f"{name}={value}" for name, value in config.hydra.sweeper.params.items()]
    )
    assert fixed_params == {"trainer.max_epochs": "200", "optimizer": "adam"}
    assert set(space) == {"model.n_layers", "model.n_nodes", "optimizer.lr"}


def test_the_next_search_starts_from_the_winner(tmp_path: Path) -> None:
    study = recorded_article(42)
    path = write_next(tmp_path / "next.yaml", study=study, advice=[], search="mlp", fixed={})
    config = OmegaConf.load(path)
    assert config.model.n_nodes == study.best_params["model.n_nodes"]
    assert "n_trials" not in config.hydra.sweeper
    # optimizer may name a config group, which has no place in a config's body.
    assert set(config.optimizer) == {"lr"}


def test_without_advice_the_space_stays(tmp_path: Path) -> None:
    study = recorded_article(42)
    assert next_params(study, []) == {
        "model.n_layers": "int(interval(1,4))",
        "model.n_nodes": "int(interval(2,64))",
        "optimizer.lr": "tag(log,interval(1e-05,0.1))",
        "optimizer": "choice(sgd,adam)",
    }


def test_conditional_parameters_are_left_to_the_search() -> None:
    def objective(trial: optuna.Trial) -> float:
        if trial.suggest_categorical("kind", ["a", "b"]) == "a":
            return trial.suggest_float("only_a", 0, 10)
        return 11.0

    study = searched(objective, trials=20)
    assert next_params(study, []) == {"kind": "choice(a,b)"}


@pytest.mark.parametrize("directions", [["minimize", "maximize"]])
def test_several_objectives_have_no_winner_to_start_from(
    tmp_path: Path, directions: list[str]
) -> None:
    study = optuna.create_study(directions=directions)
    study.optimize(lambda t: (t.suggest_float("x", 0, 1), 0.0), n_trials=5)
    path = write_next(tmp_path / "next.yaml", study=study, advice=[], search="two", fixed={})
    assert set(OmegaConf.load(path)) == {"defaults", "hydra"}


def test_writing_leaves_no_part_behind(tmp_path: Path) -> None:
    write_next(tmp_path / "next.yaml", study=optuna.create_study(), advice=[], search="s", fixed={})
    assert [p.name for p in tmp_path.iterdir()] == ["next.yaml"]
