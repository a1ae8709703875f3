"""Targets of classes: what is read as one, how rows are split, what a class weighs."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from tests.data.houses import houses, module
from tunesmith.data import TableDataModule
from tunesmith.data.target import find_task
from tunesmith.errors import InvalidArgument
from tunesmith.scores import Task

TARGETS: dict[str, tuple[list[Any], Task, tuple[Any, ...]]] = {
    "texts": (["wood", " brick", "glass "] * 10, Task.MULTICLASS, ("brick", "glass", "wood")),
    "two texts": (["no", "yes", "no"] * 10, Task.BINARY, ("no", "yes")),
    "truth": ([True, False, True] * 10, Task.BINARY, (False, True)),
    "0 and 1": ([1, 0, 1] * 10, Task.BINARY, (0, 1)),
    "-1 and 1": ([1.0, -1.0, 1.0] * 10, Task.BINARY, (-1, 1)),
    "digits": ([*range(10)] * 6, Task.MULTICLASS, tuple(range(10))),
    "eleven numbers": ([*range(11)] * 6, Task.REGRESSION, ()),
    "few rows of each": ([*range(10)] * 3, Task.REGRESSION, ()),
    "two and infinity": ([1, np.inf, 2] * 10, Task.BINARY, (1, 2)),
    "truth with gaps": ([True, None, False] * 10, Task.BINARY, (False, True)),
    "broken numbers": ([0.5, 1.5, 2.5] * 10, Task.REGRESSION, ()),
}


def written(tmp_path: Path, target: list[Any], **changes: Any) -> TableDataModule:
    """The data module of a table with this target."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"x": rng.normal(size=len(target)), "y": target})
    table.to_csv(tmp_path / "a.csv", index=False)
    return module(tmp_path / "a.csv", target="y", **changes)


@pytest.mark.parametrize("name", TARGETS)
def test_texts_truth_values_and_few_whole_numbers_are_classes(tmp_path: Path, name: str) -> None:
    target, task, labels = TARGETS[name]
    assert find_task(pd.Series(target)) is task
    data = written(tmp_path, target)
    assert data.task is task
    assert data.labels == labels
    assert [type(label) for label in data.labels] == [type(label) for label in labels]


def test_the_summary_says_why_numbers_are_classes_and_how_to_change_it(tmp_path: Path) -> None:
    data = written(tmp_path, [1, 2, 3, 1] * 10)
    assert "target     y, 3 classes: 1 50.0%, 2 25.0%, 3 25.0%" in data.summary
    assert "'y' is read as 3 classes" in data.summary
    assert "data.task=regression reads it as a number" in data.summary
    as_told = written(tmp_path, [1, 2, 3, 1] * 10, task="regression")
    assert as_told.task is Task.REGRESSION
    assert as_told.train[1].dtype is torch.float32
    assert "classes" not in as_told.summary
    assert "yes is positive" in written(tmp_path, ["no", "yes"] * 10).summary


def test_truth_values_are_numbers_if_told_so(tmp_path: Path) -> None:
    for values in ([True, False, True] * 10, [True, None, False] * 10):
        data = written(tmp_path, values, task="regression")
        assert data.task is Task.REGRESSION
        assert set(data.train[1].flatten().tolist()) == {0.0, 1.0}


def test_many_numbers_are_classes_if_told_so(tmp_path: Path) -> None:
    data = written(tmp_path, [*range(20)] * 6, task="multiclass")
    assert data.labels == tuple(range(20))


def test_each_part_has_its_share_of_each_class_and_no_row_twice(tmp_path: Path) -> None:
    target = ["rare"] * 10 + ["often"] * 90
    for seed in range(5):
        data = written(tmp_path, target, seed=seed)
        parts = {name: getattr(data, name) for name in ("train", "val", "test")}
        assert [len(y) for _, y in parts.values()] == [60, 20, 20]
        assert [int((y == 1).sum()) for _, y in parts.values()] == [6, 2, 2]
        xs = torch.cat([x for x, _ in parts.values()])
        assert len(xs.unique()) == 100
    again = written(tmp_path, target, seed=4)
    assert torch.equal(again.train[0], data.train[0])
    assert not torch.equal(written(tmp_path, target, seed=5).train[0], data.train[0])


def test_a_positive_class_is_the_second(tmp_path: Path) -> None:
    assert written(tmp_path, ["no", "yes"] * 10, positive="no").labels == ("yes", "no")
    assert written(tmp_path, [0, 1] * 10, positive=0).labels == (1, 0)


def test_balanced_classes_weigh_the_same_in_all(tmp_path: Path) -> None:
    target = ["rare"] * 10 + ["often"] * 90
    assert written(tmp_path, target).class_weights is None
    weights = written(tmp_path, target, class_weight="balanced").class_weights
    # As scikit-learn has it: n / (n_classes * n_of_class).
    assert weights == [pytest.approx(60 / (2 * 54)), pytest.approx(60 / (2 * 6))]


def test_rows_without_a_class_are_left_out(tmp_path: Path) -> None:
    houses().to_csv(tmp_path / "houses.csv", index=False)
    data = module(tmp_path / "houses.csv", target="style")
    assert data.labels == ("brick", "glass", "wood")
    assert "7 without a target left out" in data.summary
    assert sum(len(getattr(data, part)[1]) for part in ("train", "val", "test")) == 93


def test_a_split_too_small_for_its_classes_is_refused(tmp_path: Path) -> None:
    target = [f"class {i}" for i in range(8)] * 3
    with pytest.raises(InvalidArgument, match="leaves each of 8 classes in all parts of 24 rows"):
        written(tmp_path, target, test_fraction=0.4)
