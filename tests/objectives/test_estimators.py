"""`objective=sklearn` with forests, boosting, XGBoost, CatBoost and Pipelines, as users type it."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from optuna.trial import TrialState
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss

from tests.commands import read_trials, succeed
from tests.data.houses import houses
from tests.data.labelled import write_iris, write_tumours
from tests.in_process import refuse_here
from tests.objectives.fits import Compose
from tests.search.plans import planned
from tunesmith.context import entered, job_context
from tunesmith.extras import extra_of
from tunesmith.objectives import objective_of, restore_model
from tunesmith.objectives.estimators import fit_estimator, make_estimator
from tunesmith.objectives.scikit_learn import ScikitLearnFitted
from tunesmith.objectives.tabular_fit import arrays, row_weights, tabular_data

MODEL = "objective=sklearn"
QUICK = {
    "random_forest": "model.n_estimators=20",
    "hist_gradient_boosting": "model.early_stopping=true",
    "xgboost": "model.learning_rate=0.3",
    "catboost": "model.learning_rate=0.3",
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    houses(200).to_csv(folder / "houses.csv", index=False)
    write_iris(folder)
    write_tumours(folder)
    return folder


def typed(tables: Path, name: str, target: str = "target") -> tuple[str, ...]:
    """What a user types for a table."""
    path = tables / f"{name}.csv"
    return (MODEL, "data=table", f"data.path={path}", f"data.target={target}", "data.seed=0")


def run(cfg: Any) -> dict[str, float]:
    """The metrics of a single run in this process."""
    objective = objective_of(cfg)
    objective.check(cfg)
    with entered(job_context()):
        metrics: Any = objective.evaluate(cfg)
    return metrics


def fitted(cfg: Any) -> ScikitLearnFitted:
    """What a run fits, without its plots."""
    objective_of(cfg).check(cfg)
    data = tabular_data(cfg)
    model = make_estimator(cfg, data)
    fit_estimator(model, data, n_threads=1)
    return ScikitLearnFitted(model, data)


@pytest.mark.parametrize("model", QUICK)
def test_a_run_leaves_a_model_that_predicts_raw_rows(
    composed: Compose, tmp_path: Path, tables: Path, model: str
) -> None:
    cfg = composed(*typed(tables, "iris"), f"model={model}", QUICK[model])
    metrics = run(cfg)
    assert metrics["test/accuracy"] > 0.85
    assert ("rounds" in metrics) is (model != "random_forest")
    kept = restore_model(cfg, tmp_path)
    assert kept is not None
    raw = pd.read_csv(tables / "iris.csv")
    predicted = kept.predictor().predict(raw.drop(columns="target"))
    assert (predicted["prediction"] == raw["target"]).mean() > 0.9


@pytest.mark.parametrize("model", QUICK)
@pytest.mark.parametrize(("name", "target"), [("houses", "price"), ("tumours", "target")])
def test_a_model_follows_the_task(
    composed: Compose, tables: Path, model: str, name: str, target: str
) -> None:
    cfg = composed(*typed(tables, name, target), f"model={model}", QUICK[model])
    scores = fitted(cfg).test()
    assert scores["test/r2" if name == "houses" else "test/accuracy"] > 0.7


PLAIN = [
    ("sklearn.ensemble.RandomForestClassifier",),
    ("sklearn.ensemble.ExtraTreesClassifier", "+model.max_depth=5"),
    ("sklearn.neighbors.KNeighborsClassifier", "+model.weights=distance"),
    # Whose own `penalty` is a word.
    ("sklearn.linear_model.LogisticRegression", "+model.max_iter=2000"),
    ("sklearn.neural_network.MLPClassifier", "+model.hidden_layer_sizes=[8,8]"),
    ("xgboost.XGBClassifier", "+model.n_estimators=20", "+model.eta=0.3"),
    ("catboost.CatBoostClassifier", "+model.n_estimators=20", "+model.random_seed=3"),
    (
        "sklearn.pipeline.make_pipeline",
        "+model._args_=[{_target_: sklearn.preprocessing.StandardScaler},"
        "{_target_: sklearn.neighbors.KNeighborsClassifier}]",
    ),
    (
        "sklearn.pipeline.Pipeline",
        "+model.steps=[[scale,{_target_: sklearn.preprocessing.StandardScaler}],"
        "[fit,{_target_: sklearn.linear_model.LogisticRegression, C: 0.5}]]",
    ),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("arguments", PLAIN, ids=lambda arguments: arguments[0])
def test_a_target_alone_replaces_the_linear_model(
    composed: Compose, tables: Path, arguments: tuple[str, ...]
) -> None:
    target, *further = arguments
    cfg = composed(*typed(tables, "iris"), f"model._target_={target}", *further)
    assert fitted(cfg).test()["test/accuracy"] > 0.5


@pytest.mark.parametrize("model", ["xgboost", "catboost"])
def test_the_rows_to_validate_with_end_the_fit(composed: Compose, tables: Path, model: str) -> None:
    typed_ = (*typed(tables, "tumours"), f"model={model}", QUICK[model])
    stopped = fitted(composed(*typed_))
    rounds = stopped.rounds()["rounds"]
    assert 1 < rounds < 300
    # That many rounds alone, without rows to stop by, are the same model.
    name = "n_estimators" if model == "xgboost" else "iterations"
    plain = (f"model.{name}={int(rounds)}", "model.early_stopping_rounds=null")
    alone = fitted(composed(*typed_, *plain))
    assert alone.rounds() == stopped.rounds()
    assert alone.scores("val") == pytest.approx(stopped.scores("val"), rel=1e-5)


def test_scikit_learns_boosting_is_ended_by_the_same_rows(composed: Compose, tables: Path) -> None:
    cfg = composed(
        *typed(tables, "tumours"), "model=hist_gradient_boosting", "model.early_stopping=true"
    )
    ours = fitted(cfg)
    (x, y), (x_val, y_val) = (arrays(tabular_data(cfg), part) for part in ("train", "val"))
    theirs = HistGradientBoostingClassifier(early_stopping=True, random_state=0)
    theirs.fit(x, y, X_val=x_val, y_val=y_val)
    assert ours.rounds() == {"rounds": theirs.n_iter_}
    assert 1 < theirs.n_iter_ < 100


@pytest.mark.parametrize("model", ["xgboost", "catboost", "hist_gradient_boosting"])
def test_rows_weigh_by_their_class(composed: Compose, tables: Path, model: str) -> None:
    typed_ = (*typed(tables, "tumours"), f"model={model}", QUICK[model])
    plain, weighed = (
        fitted(composed(*typed_)),
        fitted(composed(*typed_, "data.class_weight=balanced")),
    )
    assert plain.scores("val") != weighed.scores("val")


def test_the_rows_that_end_a_fit_weigh_as_the_others(composed: Compose, tables: Path) -> None:
    cfg = composed(*typed(tables, "tumours"), "model=xgboost", "data.class_weight=balanced")
    model, data = fitted(cfg).model, tabular_data(cfg)
    x, y = arrays(data, "val")
    watched = model.evals_result()["validation_0"]["logloss"][model.best_iteration]
    known = log_loss(y, model.predict_proba(x), sample_weight=row_weights(data, y))
    assert watched == pytest.approx(known, rel=1e-4)


FOLLOWING = [
    (("model=random_forest",), {"n_jobs": 1, "random_state": 7}),
    (("model=random_forest", "+model.n_jobs=2"), {"n_jobs": 2, "random_state": 7}),
    (("model=random_forest", "+model.random_state=3"), {"n_jobs": 1, "random_state": 3}),
    (("model=hist_gradient_boosting",), {"random_state": 7}),
    (("model=xgboost",), {"n_jobs": 1, "random_state": 7}),
    (("model=catboost",), {"thread_count": 1, "random_state": 7, "allow_writing_files": False}),
    (("model=catboost", "+model.random_seed=3"), {"thread_count": 1, "random_seed": 3}),
    (
        (
            "model._target_=sklearn.pipeline.make_pipeline",
            "+model._args_=[{_target_: sklearn.ensemble.ExtraTreesRegressor}]",
        ),
        {"extratreesregressor__n_jobs": 1, "extratreesregressor__random_state": 7},
    ),
]


@pytest.mark.parametrize(("arguments", "expected"), FOLLOWING)
def test_seed_and_threads_are_those_of_the_config_unless_given(
    composed: Compose, tables: Path, arguments: tuple[str, ...], expected: dict[str, object]
) -> None:
    cfg = composed(*typed(tables, "houses", "price"), *arguments, "seed=7", "n_threads=1")
    known = make_estimator(cfg, tabular_data(cfg)).get_params()
    assert {name: known.get(name) for name in expected} == expected
    assert None in (known.get("random_state"), known.get("random_seed"))


def test_without_a_seed_a_fit_is_the_same_again(composed: Compose, tables: Path) -> None:
    cfg = composed(*typed(tables, "houses", "price"), "model=random_forest", "seed=null")
    assert fitted(cfg).test() == fitted(cfg).test()


def test_catboost_writes_nothing_where_the_command_is_typed(
    composed: Compose, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = ("model._target_=catboost.CatBoostClassifier", "+model.iterations=5")
    fitted(composed(*typed(tables, "iris"), *model))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("model", QUICK)
def test_a_logged_model_names_the_packages_that_it_needs(
    composed: Compose, tables: Path, model: str
) -> None:
    cfg = composed(*typed(tables, "iris"), f"model={model}", QUICK[model])
    needed = fitted(cfg).predictor().requirements
    # xgboost, or xgboost-cpu.
    is_an_extra = model in ("xgboost", "catboost")
    assert [name.partition("-")[0] for name in needed] == [model] * is_an_extra


REFUSED = [
    (
        ("model._target_=sklearn.ensemble.RandomForestRegressor", "model.penalty=5"),
        "RandomForestRegressor has no parameter penalty; leave it out with '~model.penalty'",
    ),
    (("model=random_forest", "+model.n_tree=5"), "has no parameter n_tree"),
    (("model=random_forest", "+model.max_dept=5"), "or write max_depth"),
    (("model=random_forest", "model.n_estimators=0"), "'n_estimators' parameter"),
    (("model=xgboost", "model.max_depth=-1"), "value -1 for Parameter max_depth should be"),
    (("model=xgboost", "+model.depth=5"), "has no parameter depth; leave it out with"),
    (("model=xgboost", "model.n_estimators=0"), "try model.n_estimators=100"),
    (("model=xgboost", "+model.eval_metric=best"), "refuses it: Unknown metric function best"),
    (("model=catboost", "model.depth=20"), "refuses it: Maximum tree depth is 16"),
    (("model=catboost", "+model.max_dept=5"), "or write max_depth"),
    (("model=catboost", "model.iterations=0"), "try model.iterations=100"),
    (("model=random_forest", "n_threads=0"), "n_threads must be an integer of at least 1"),
    (
        (
            "model._target_=sklearn.pipeline.make_pipeline",
            "+model._args_=[{_target_: xgboost.XGBRegressor, early_stopping_rounds: 5}]",
        ),
        "xgbregressor__early_stopping_rounds=5 stops no fit early",
    ),
]


@pytest.mark.parametrize(("arguments", "line"), REFUSED)
def test_a_mistake_is_one_clear_line(
    tables: Path, tmp_path: Path, arguments: tuple[str, ...], line: str
) -> None:
    table = typed(tables, "houses", "price")
    assert line in refuse_here(*table, *arguments, root=tmp_path / "outputs")


def test_an_estimator_without_its_objective_is_told_which_it_is(
    tables: Path, tmp_path: Path
) -> None:
    typed_ = (*typed(tables, "houses", "price")[1:], "model=random_forest")
    said = refuse_here(*typed_, root=tmp_path / "outputs")
    assert "got sklearn.ensemble.RandomForestRegressor; try objective=sklearn" in said


SEARCHES = [
    ("random_forest", "model.n_estimators=20"),
    ("xgboost", "model.n_estimators=50"),
]


@pytest.mark.parametrize(("search", "quick"), SEARCHES)
def test_a_search_starts_from_its_file_and_can_fit_every_bound(
    tables: Path, search: str, quick: str
) -> None:
    table = typed(tables, "houses", "price")[1:]
    with planned(f"hparams_search={search}", *table, quick, "storage=memory") as (plan, _):
        for name, distribution in plan.space.distributions.items():
            assert distribution._contains(distribution.to_internal_repr(plan.baseline[name]))


@pytest.mark.slow
@pytest.mark.parametrize(("search", "quick"), SEARCHES)
def test_a_search_delivers_its_winner_as_a_model(
    tables: Path, tmp_path: Path, search: str, quick: str
) -> None:
    printed = succeed(
        *("-m", f"hparams_search={search}", *typed(tables, "iris")[1:], quick, "n_threads=1"),
        *("hydra.sweeper.n_trials=3", "hydra.sweeper.confirm.n_seeds=2"),
        "hydra.sweeper.study_name=s",
        root=tmp_path,
    )
    assert [t.state for t in read_trials(f"sqlite:///{tmp_path}/optuna.db")] == [
        TrialState.COMPLETE
    ] * 3
    assert "value reproduced exactly" in printed
    assert "models:/" in printed


@pytest.mark.parametrize("package", ["xgboost", "catboost"])
def test_a_package_that_is_missing_is_named_with_its_extra(package: str) -> None:
    assert extra_of(package) == package
