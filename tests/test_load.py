"""`tunesmith.load`: what a search found, in Python, also while it runs."""

import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
from omegaconf import OmegaConf
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState, create_trial

import tunesmith
from tests.data.houses import houses
from tests.loaded_models import leave_model
from tunesmith import InvalidConfig
from tunesmith.loaded import Winner
from tunesmith.study import SEED, TRIAL, StudyRecord, TrialRecord, open_storage

NAME = "mlp-1"
SPACE: dict[str, BaseDistribution] = {
    "model.n_layers": IntDistribution(1, 4),
    "optimizer.lr": FloatDistribution(1e-4, 1e-1),
    "optimizer": CategoricalDistribution(["sgd", "adam"]),
    "shuffle": CategoricalDistribution([True, False]),
    "width": CategoricalDistribution([None, 8]),
    "state": IntDistribution(0, 1),
}
POINT = {
    "model.n_layers": 2,
    "optimizer.lr": 0.01,
    "optimizer": "adam",
    "shuffle": True,
    "width": 8,
    "state": 1,
}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The URL of a store, which the environment names if it is no file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPTUNA_STORAGE", raising=False)
    (tmp_path / "outputs").mkdir()
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/outputs/optuna.db"
        return
    found = request.getfixturevalue("postgres_url")
    monkeypatch.setenv("OPTUNA_STORAGE", found)
    yield found


@pytest.fixture
def study(url: str, tmp_path: Path) -> Iterator[optuna.Study]:
    """A search that is running, with its folder."""
    storage = open_storage(url)
    study = optuna.create_study(study_name=NAME, storage=storage)
    folder = tmp_path / "outputs" / "searches" / NAME
    StudyRecord.write(study, metric="val/mse", folder=str(folder))
    folder.mkdir(parents=True)
    stated = url if url.startswith("sqlite") else "${oc.env:OPTUNA_STORAGE}"
    (folder / "study.yaml").write_text(f"study_name: {NAME}\nstorage: {stated}\n")
    for value in (3.0, 1.0, 2.0):
        study.add_trial(create_trial(value=value, params=POINT, distributions=SPACE))
    yield study
    storage.remove_session()
    storage.engine.dispose()


def begin(study: optuna.Study, **attributes: Any) -> optuna.Trial:
    """Begin a trial that has drawn one parameter so far."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Heartbeat of storage")
        trial = study.ask()
    trial.suggest_int("model.n_layers", 1, 4)
    TrialRecord.write(trial, **attributes)
    return trial


def confirm(study: optuna.Study) -> None:
    """Train trials 2 and 1 again, on two seeds each: trial 2 comes out better."""
    again = optuna.create_study(study_name=f"{NAME}-confirm", storage=study._storage)
    StudyRecord.write(again, candidates=[1, 2], metric="val/mse", baseline_trial=None)
    wide = IntDistribution(0, 99)
    for number, seed, value in ((1, 7, 3.0), (1, 8, 5.0), (2, 7, 2.0), (2, 8, 2.5)):
        params = {TRIAL: number, SEED: seed}
        distributions: dict[str, BaseDistribution] = {TRIAL: wide, SEED: wide}
        again.add_trial(create_trial(value=value, params=params, distributions=distributions))
    for fit, value in ((2, 4.0), (3, 6.0)):
        StudyRecord.write_test(again, fit, {"test/mse": value})


def test_its_trials_are_a_table_of_native_types_while_it_runs(study: optuna.Study) -> None:
    found = tunesmith.load(NAME)
    assert len(found.trials) == 3
    begin(study, epochs=4, run_id="abc", folder="/there/3")
    study.enqueue_trial({"optimizer": "sgd"})
    table = found.trials
    assert list(table.columns) == [
        *("number", "state", "val/mse", "model.n_layers", "optimizer.lr", "optimizer"),
        *("shuffle", "width", "params_state", "seconds", "epochs", "folder", "run_id"),
    ]
    assert table["state"].tolist() == ["COMPLETE"] * 3 + ["RUNNING", "WAITING"]
    assert table["val/mse"].tolist()[:3] == [3.0, 1.0, 2.0]
    assert table["val/mse"].isna().tolist() == [False] * 3 + [True] * 2
    assert [str(table[name].dtype) for name in ("number", "model.n_layers", "shuffle")] == [
        *("int64", "Int64", "boolean")
    ]
    assert table.loc[3, ["epochs", "folder", "run_id"]].tolist() == [4, "/there/3", "abc"]
    assert table.loc[4, "optimizer"] == "sgd"
    first = table.iloc[0]
    assert {name: first[f"params_{name}" if name == "state" else name] for name in POINT} == POINT


def test_the_winner_is_the_best_until_it_is_confirmed(study: optuna.Study) -> None:
    found = tunesmith.load(Path("outputs") / "searches" / NAME)
    assert found.best is not None
    assert (found.best.number, found.best.value) == (1, 1.0)
    assert found.winner == Winner(1, POINT, 1.0)
    confirm(study)
    assert found.winner == Winner(2, POINT, 2.25, pytest.approx(0.35355339), 5.0, 2**0.5, 2)
    assert found.winner.is_confirmed
    assert found.best.number == 1


def test_it_is_found_by_name_and_store_and_says_nothing_of_the_password(
    study: optuna.Study, url: str, tmp_path: Path
) -> None:
    found = tunesmith.load(NAME, storage=url)
    assert found.folder == tmp_path / "outputs" / "searches" / NAME
    assert repr(found) == f"<search 'mlp-1' in {found.folder}: 3 trials>"


def test_nothing_is_found_under_a_wrong_name(study: optuna.Study, url: str) -> None:
    with pytest.raises(InvalidConfig, match=r"no study 'mlp-2' in .*; nearest: mlp-1"):
        tunesmith.load("mlp-2", storage=url)
    with pytest.raises(InvalidConfig, match=r"no (folder|study) '?mlp-2.*nearest: mlp-1"):
        tunesmith.load("mlp-2")
    with pytest.raises(InvalidConfig, match=r"no search folder .*mlp-2; nearest: mlp-1"):
        tunesmith.load("outputs/searches/mlp-2")


class TestOfOthers:
    """Studies that Tunesmith knows nothing of, and stores that are no URL."""

    @staticmethod
    def study(**settings: Any) -> optuna.Study:
        return optuna.create_study(study_name="theirs", **settings)

    def test_any_study_has_its_trials(self, tmp_path: Path) -> None:
        url = f"sqlite:///{tmp_path}/theirs.db"
        study = self.study(storage=url, direction="maximize")
        study.optimize(lambda trial: trial.suggest_float("value", 0, 1), n_trials=3)
        study.add_trial(create_trial(state=TrialState.FAIL))
        found = tunesmith.load("theirs", storage=url)
        assert found.trials["value"].tolist()[:3] == [trial.value for trial in study.trials[:3]]
        assert found.trials["params_value"].tolist()[:3] == found.trials["value"].tolist()[:3]
        assert (found.trials["seconds"][:3] > 0).all()
        assert found.best is not None
        assert found.best.number == study.best_trial.number
        assert found.winner is not None
        assert not found.winner.is_confirmed

    def test_an_empty_study_has_none(self) -> None:
        storage = optuna.storages.InMemoryStorage()
        self.study(storage=storage)
        found = tunesmith.load("theirs", storage=storage)
        assert found.trials.empty
        assert (found.best, found.winner, found.front) == (None, None, [])
        with pytest.raises(InvalidConfig, match="has no complete trial yet"):
            found.config()
        with pytest.raises(InvalidConfig, match=r"no study 'their' in .*; nearest: theirs"):
            tunesmith.load("their", storage=storage)

    def test_several_objectives_have_a_front(self) -> None:
        storage = optuna.storages.InMemoryStorage()
        study = self.study(storage=storage, directions=["minimize", "minimize"])
        for values in ([1, 3], [2, 2], [3, 3]):
            study.add_trial(create_trial(values=values))
        found = tunesmith.load("theirs", storage=storage)
        assert found.trials[["value 1", "value 2"]].to_numpy().tolist() == [[1, 3], [2, 2], [3, 3]]
        assert [trial.number for trial in found.front] == [0, 1]
        for read in (lambda: found.best, lambda: found.winner):
            with pytest.raises(InvalidConfig, match=r"several objectives, so no .*; take .front"):
                read()

    def test_a_trial_of_others_has_no_config_and_its_study_no_model(self) -> None:
        storage = optuna.storages.InMemoryStorage()
        self.study(storage=storage).add_trial(create_trial(value=1.0))
        found = tunesmith.load("theirs", storage=storage)
        with pytest.raises(InvalidConfig, match="trial 0 of 'theirs' keeps no config"):
            found.config(0)
        with pytest.raises(InvalidConfig, match=r"must be a number below 1, .* got 3"):
            found.config(3)
        with pytest.raises(InvalidConfig, match="names no folder on this machine"):
            found.model()


@pytest.fixture
def sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., optuna.Study]:
    """Make a study with a folder; `overrides` and fingerprint are those of its only trial."""
    monkeypatch.delenv("OPTUNA_STORAGE", raising=False)

    def made(*overrides: str, groups: tuple[str, ...]) -> optuna.Study:
        study = optuna.create_study(study_name="s", storage=f"sqlite:///{tmp_path}/optuna.db")
        config = {f"{group}.x": 1 for group in groups}
        fingerprint = {"config": config, "space": {}, "proposals": {}}
        StudyRecord.write(study, fingerprint=fingerprint)
        trial = study.ask()
        TrialRecord.write(trial, overrides=overrides, folder="/gone/0")
        study.tell(trial, 1.0)
        (tmp_path / "searches" / "s").mkdir(parents=True)
        return study

    return made


def test_a_config_is_the_kept_one_wherever_the_folder_lies_now(
    sqlite: Callable[..., optuna.Study], tmp_path: Path
) -> None:
    sqlite(groups=())
    folder = tmp_path / "searches" / "s"
    found = tunesmith.load(folder)
    (folder / "best.yaml").write_text("from: best\n")
    assert found.config() == {"from": "best"}
    (folder / "trials" / "0" / ".hydra").mkdir(parents=True)
    (folder / "trials" / "0" / ".hydra" / "config.yaml").write_text("from: ${now}\nnow: trial\n")
    for trial in (0, found.best, found.winner, None):
        assert found.config(trial)["from"] == "trial"


def test_a_config_that_is_gone_is_composed_again(sqlite: Callable[..., optuna.Study]) -> None:
    study = sqlite("optimizer=sgd", "model.n_layers=3", groups=("model", "optimizer", "data"))
    found = tunesmith.load("s", storage=f"sqlite:///{url_of(study)}")
    cfg = found.config(0)
    assert cfg.model.n_layers == 3
    assert OmegaConf.select(cfg, "optimizer._target_") == "torch.optim.SGD"


def test_a_config_of_another_app_is_not_made_up(sqlite: Callable[..., optuna.Study]) -> None:
    study = sqlite("optimizer=sgd", groups=("model", "theirs"))
    found = tunesmith.load("s", storage=f"sqlite:///{url_of(study)}")
    with pytest.raises(InvalidConfig, match="by the app that was searched, with optimizer=sgd"):
        found.config(0)


def url_of(study: optuna.Study) -> str:
    storage: Any = study._storage
    return str(storage._backend.engine.url.database)


def test_a_model_of_numbers_follows_scikit_learn(tmp_path: Path) -> None:
    predictor = leave_model(tmp_path / "run")
    model, rows = tunesmith.load_model(tmp_path / "run"), houses().drop(columns="price")
    predicted = model.predict(rows[rows.columns[::-1]].assign(more=1))
    assert predicted.tolist() == predictor.predict(rows)[:, 0].tolist()
    assert list(model.feature_names_in_) == ["area", "rooms", "style", "garden"]
    assert not hasattr(model, "classes_")
    assert not hasattr(model, "predict_proba")
    assert repr(model) == "<model of numbers by 4 columns>"
    with pytest.raises(InvalidConfig, match="the rows must have the column 'rooms', which the mod"):
        model.predict(rows.drop(columns="rooms"))


def test_a_model_of_classes_follows_scikit_learn(tmp_path: Path) -> None:
    predictor = leave_model(tmp_path / "run", "garden")
    model, rows = tunesmith.load_model(str(tmp_path / "run")), houses().drop(columns="garden")
    expected: pd.DataFrame = predictor.predict(rows)
    assert model.classes_.tolist() == [False, True]
    assert model.predict(rows).tolist() == expected["prediction"].tolist()
    probabilities = model.predict_proba(rows)
    assert probabilities.shape == (100, 2)
    np.testing.assert_array_equal(model.classes_[probabilities.argmax(1)], model.predict(rows))


def test_importing_the_package_costs_nothing_of_this() -> None:
    probe = (
        "import sys, tunesmith; "
        "sys.exit(bool({'optuna', 'pandas', 'torch', 'sklearn', 'hydra'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", probe], timeout=60).returncode == 0
