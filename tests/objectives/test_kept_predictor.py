"""What a run leaves to predict with: its predictor, which needs no data."""

import logging
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.data.houses import houses
from tests.objectives.fits import Compose
from tunesmith.context import entered, job_context
from tunesmith.errors import InvalidConfig
from tunesmith.objectives import Lightning, Predictor, objective_of, restore_model
from tunesmith.objectives.kept_predictor import keep_predictor
from tunesmith.pickled import read_predictor
from tunesmith.tracking import Run

BOOSTED = ("objective=lightgbm", "model=lightgbm", "model.num_iterations=5")
KINDS = {
    "network": ("trainer.max_epochs=2", "model.n_nodes=4"),
    "boosted trees": BOOSTED,
    "scikit-learn": ("objective=sklearn", "model=linear"),
}


class Unwilling(Predictor):
    """Holds what cannot be pickled."""

    def __init__(self) -> None:
        self.function = lambda: None

    def predict(self, rows: Any) -> Any:
        return rows


def run(cfg: Any) -> Run:
    """Compute a single run in this process, and keep what it predicts with."""
    context = replace(job_context(), run=Run())
    with entered(context):
        objective_of(cfg).evaluate(cfg)
    keep_predictor(cfg, context)
    return context.run


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("target", ["price", "style"])
def test_it_predicts_what_the_restored_model_does_without_the_file(
    composed: Compose, tmp_path: Path, kind: str, target: str
) -> None:
    path = tmp_path / "houses.csv"
    houses().to_csv(path, index=False)
    cfg = composed("data=table", f"data.path={path}", f"data.target={target}", *KINDS[kind])
    assert run(cfg).notes == []
    fitted = restore_model(cfg, tmp_path)
    assert fitted is not None
    rows = houses().drop(columns=target)[:9]
    expected = fitted.predictor().predict(rows)
    path.unlink()
    kept = read_predictor(tmp_path / "predictor.pkl")
    assert list(kept.preprocessing.feature_names_in_) == list(rows)
    if target == "style":
        assert list(kept.labels) == ["brick", "glass", "wood"]
        pd.testing.assert_frame_equal(kept.predict(rows), expected)
    else:
        assert list(kept.labels) == []
        np.testing.assert_array_equal(kept.predict(rows), expected)


def test_rows_of_numbers_are_predicted_as_they_are(composed: Compose, tmp_path: Path) -> None:
    cfg = composed("trainer.max_epochs=1", "data.n_samples=50")
    run(cfg)
    kept = read_predictor(tmp_path / "predictor.pkl")
    assert kept.preprocessing is None
    assert kept.predict(np.zeros((3, 5))).shape == (3, 1)


def test_what_cannot_be_pickled_is_a_note_and_leaves_nothing_of_an_earlier_model(
    composed: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cfg = composed(*BOOSTED, "data.n_samples=50")
    run(cfg)
    assert (tmp_path / "predictor.pkl").is_file()
    monkeypatch.setattr(
        "tunesmith.objectives.lightgbm.BoostedTrees.predictor", lambda self: Unwilling()
    )
    [note] = run(cfg).notes
    assert note.startswith("The run leaves no predictor.pkl to predict with: ")
    assert not (tmp_path / "predictor.pkl").exists()


def test_an_objective_that_leaves_no_model_leaves_no_predictor(
    composed: Compose, tmp_path: Path
) -> None:
    assert run(composed("objective=quadratic")).notes == []
    assert not (tmp_path / "predictor.pkl").exists()


def test_the_log_says_once_how_the_data_were_read(
    composed: Compose, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    houses().to_csv(tmp_path / "houses.csv", index=False)
    data = ("data=table", f"data.path={tmp_path / 'houses.csv'}", "data.target=price")
    with caplog.at_level(logging.INFO):
        run(composed(*data, *BOOSTED))
    assert sum("Data: houses.csv" in message for message in caplog.messages) == 1


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"cnothing_here.net\nNet\n.", "needs the module 'nothing_here'"),
        (b"clightgbm.nothing\nNet\n.", "needs the module 'lightgbm.nothing'"),
        (b"c__main__\nNet\n.", "fit the model again, from a module of its own"),
        (b"no pickle", "cannot be read here"),
        (b"", "cannot be read here"),
    ],
)
def test_a_predictor_that_cannot_be_read_is_one_line(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    (tmp_path / "predictor.pkl").write_bytes(content)
    with pytest.raises(InvalidConfig, match=expected) as raised:
        read_predictor(tmp_path / "predictor.pkl")
    assert "\n" not in str(raised.value)


def test_a_module_without_its_fit_is_pickled(composed: Compose, tmp_path: Path) -> None:
    cfg = composed("trainer.max_epochs=1", "data.n_samples=50", "scheduler=one_cycle")
    run(cfg)
    assert isinstance(objective_of(cfg), Lightning)
    assert len(pickle.dumps(read_predictor(tmp_path / "predictor.pkl"))) < 50_000
