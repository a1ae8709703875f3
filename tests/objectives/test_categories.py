"""`data.categories=codes`: LightGBM takes categories as they are, others refuse their codes."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.data.houses import houses
from tests.data.labelled import write_iris
from tests.in_process import refuse_here
from tests.objectives.fits import Compose
from tunesmith.context import entered, job_context
from tunesmith.objectives import objective_of, restore_model, score_references

TREES = ("objective=lightgbm", "model.num_iterations=30", "n_threads=1")
CODES = "data.categories=codes"


@pytest.fixture
def table(tmp_path: Path) -> tuple[str, ...]:
    """Many houses in towns, which mean more than anything else."""
    rng = np.random.default_rng(2)
    town = rng.integers(0, 40, 1200)
    rows = houses(1200).assign(town=[f"town {number}" for number in town])
    rows["price"] += 1e6 * rng.permutation(40)[town]
    rows.to_csv(tmp_path / "towns.csv", index=False)
    path = tmp_path / "towns.csv"
    return ("data=table", f"data.path={path}", "data.target=price", "data.seed=0", "tracking=none")


def fitted(cfg: Any) -> Any:
    """The metrics of a single run in this process."""
    with entered(job_context()):
        return objective_of(cfg).evaluate(cfg)


def test_trees_split_by_sets_of_categories_and_keep_doing_so(
    composed: Compose, tmp_path: Path, table: tuple[str, ...]
) -> None:
    one_hot = fitted(composed(*TREES, *table))
    cfg = composed(*TREES, *table, CODES)
    metrics = fitted(cfg)
    assert metrics["test/rmse"] < 0.8 * one_hot["test/rmse"]
    model = restore_model(cfg, tmp_path)
    assert model is not None
    nodes: Any = model.booster.trees_to_dataframe()  # type: ignore[attr-defined]
    assert set(nodes.loc[nodes["decision_type"] == "==", "split_feature"]) >= {"Column_5"}
    assert model.test()["test/rmse"] == metrics["test/rmse"]
    predictor = pickle.loads(pickle.dumps(model.predictor()))
    raw = houses(4).drop(columns="price").assign(town=["town 1", "town 2", "elsewhere", None])
    [one, two, *unknown] = predictor.predict(raw)[:, 0]
    assert abs(one - two) > 1e5
    assert np.isfinite(unknown).all()
    shown = (tmp_path / "feature_importance.html").read_text()
    assert "categories__town" in shown
    assert "categories__town_" not in shown


@pytest.mark.parametrize("model", ["lightning", "sklearn"])
def test_codes_are_refused_where_they_would_be_taken_for_sizes(
    tmp_path: Path, table: tuple[str, ...], model: str
) -> None:
    said = refuse_here(f"objective={model}", *table, CODES, root=tmp_path / "outputs")
    assert said == (
        f"objective={model} takes categories one-hot encoded, got data.categories=codes; try "
        "data.categories=onehot, or objective=lightgbm"
    )


def test_an_encoding_that_there_is_not_is_refused(tmp_path: Path, table: tuple[str, ...]) -> None:
    said = refuse_here(*TREES, *table, "data.categories=code", root=tmp_path / "outputs")
    assert (
        said
        == "data.categories must be one of onehot, codes, got 'code'; try data.categories=codes"
    )


def test_a_table_without_categories_is_the_same_for_all(composed: Compose, tmp_path: Path) -> None:
    path = write_iris(tmp_path)
    cfg = composed(
        "objective=sklearn", "data=table", f"data.path={path}", "data.target=target", CODES
    )
    objective_of(cfg).check(cfg)


def test_references_see_one_hot_encoded_categories(
    composed: Compose, table: tuple[str, ...]
) -> None:
    one_hot, codes = (score_references(composed(*TREES, *table, *more)) for more in ((), (CODES,)))
    assert pd.DataFrame(codes).equals(pd.DataFrame(one_hot))
