"""How rows are split: by share, by class, by group, by time, in folds."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from tests.data.houses import houses, module
from tests.in_process import refuse_here
from tunesmith.data import TableDataModule
from tunesmith.data.split import split_rows
from tunesmith.data.split_plan import Split, Splittable
from tunesmith.errors import InvalidArgument

PARTS = ("train", "val", "test")


def plan(kind: str | None = None, **changes: Any) -> Split:
    """A split of a fifth to validate with and a fifth to test with."""
    arguments: dict[str, Any] = {"seed": 0, "val_fraction": 0.2, "test_fraction": 0.2}
    return Split(kind, "key", **arguments | changes)


def rows(n: int = 100, **parts: Any) -> Splittable:
    """Rows whose targets differ."""
    return Splittable(**{"values": np.arange(float(n)), **parts})


def all_folds(table: Splittable, split: Split) -> list[tuple[Any, ...]]:
    """The parts of each fold."""
    assert split.folds is not None
    return [parts_of(table, split, fold=i + 1) for i in range(split.folds)]


def parts_of(table: Splittable, split: Split, *, fold: int = 1) -> tuple[Any, ...]:
    """The rows to train on, to validate with and to test with."""
    parts = split_rows(table, split, fold=fold)
    if split.folds is None:
        assert parts.stop is None
    else:
        # Those that end a fit are trained on otherwise.
        assert parts.stop is not None
        assert 0 < len(parts.stop) < len(parts.train) / 2
        assert set(parts.stop) < set(parts.train)
    return parts.train, parts.val, parts.test


GROUPS = np.repeat(np.arange(25), 4)
CLASSES = np.tile([0, 1, 1, 1], 25)
TABLES = {
    "random": rows(),
    "stratified": rows(values=CLASSES, labels=("a", "b")),
    "group": rows(keys=GROUPS),
    "group of classes": rows(keys=GROUPS, values=CLASSES, labels=("a", "b")),
    "time": rows(keys=np.arange(100)[::-1]),
}


@pytest.mark.parametrize("name", TABLES)
def test_folds_cover_the_rows_beside_those_to_test_with_once(name: str) -> None:
    table, kind = TABLES[name], name.split()[0]
    found = all_folds(table, plan(kind, folds=5))
    _, _, test = parts_of(table, plan(kind))
    validated = np.concatenate([val for _, val, _ in found])
    assert len(np.unique(validated)) == len(validated)
    for train, val, tested in found:
        assert set(train).isdisjoint(val)
        # Those to test with are the same without folds, and in each of them.
        assert np.array_equal(tested, test)
        assert set(tested).isdisjoint([*train, *val])
        if kind != "time":
            assert len(train) + len(val) + len(test) == 100
            assert set(validated) == {*train, *val}


@pytest.mark.parametrize("folds", [None, 5])
def test_a_group_lies_in_one_part(folds: int | None) -> None:
    for table in (TABLES["group"], TABLES["group of classes"]):
        split = plan("group", folds=folds)
        for parts in all_folds(table, split) if folds else [parts_of(table, split)]:
            groups = [set(GROUPS[part]) for part in parts]
            assert sum(map(len, groups)) == 25
            # Of 25 groups those to test with are a fifth.
            assert len(groups[2]) == 5
            if table.labels:
                assert all(0.6 < CLASSES[part].mean() < 0.9 for part in parts)


def test_what_is_later_is_never_trained_on() -> None:
    times = np.repeat(np.arange(30), 4)[np.random.default_rng(0).permutation(120)]
    table = rows(120, keys=times)
    train, val, test = parts_of(table, plan("time"))
    assert times[train].max() < times[val].min()
    assert times[val].max() < times[test].min()
    assert [len(train), len(val), len(test)] == [72, 24, 24]
    for train, val, tested in all_folds(table, plan("time", folds=4)):
        assert times[train].max() < times[val].min()
        assert times[val].max() < times[tested].min()


def test_folds_are_drawn_by_their_own_seed() -> None:
    table = TABLES["random"]
    [first, *_], [other, *_] = (
        all_folds(table, plan(folds=5, fold_seed=seed)) for seed in (None, 7)
    )
    assert np.array_equal(first[2], other[2])
    assert not np.array_equal(first[1], other[1])
    assert np.array_equal(first[1], all_folds(table, plan(folds=5, fold_seed=0))[0][1])


def test_held_out_rows_end_no_fit_where_the_others_cannot_be_divided() -> None:
    # Of the two groups one is left to train on, and one row of the rare class.
    rare = np.array([0, 0] + [1] * 18)
    for table, kind in (
        (rows(20, keys=np.repeat([0, 1, 2], [8, 8, 4])), "group"),
        (rows(values=rare, labels=("rare", "often")), "stratified"),
    ):
        split = plan(kind, folds=2, test_fraction=0.2 if kind == "group" else None)
        for fold in (1, 2):
            parts = split_rows(table, split, fold=fold)
            assert parts.stop is not None
            assert 0 < len(parts.stop) < len(parts.train)
            assert set(parts.stop) <= set(parts.train) - set(parts.val)


def panel(n_groups: int = 20) -> pd.DataFrame:
    """Pigs that were weighed six times each, at times that are the same for all."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "Pig": np.repeat(np.arange(4000, 4000 + n_groups), 6),
            "Litter": np.repeat(rng.integers(1, 5, n_groups), 6),
            "Week": np.tile(np.arange(1, 7), n_groups),
        }
    )
    table["Weight"] = 25 + 6.5 * table["Week"] + np.repeat(rng.normal(0, 5, n_groups), 6)
    return table.round(2)


def of_panel(tmp_path: Path, **changes: Any) -> TableDataModule:
    """The data module of a panel."""
    panel().to_csv(tmp_path / "pigs.csv", index=False)
    return module(tmp_path / "pigs.csv", target="Weight", **changes)


def test_a_table_in_groups_says_so_and_is_split_by_them(tmp_path: Path) -> None:
    summary = of_panel(tmp_path).summary
    assert "the rows of one 'Pig' seem to belong together" in summary
    assert "type data.split=group data.group=Pig" in summary
    data = of_panel(tmp_path, group="Pig")
    assert "belong together" not in data.summary
    assert "by groups of 'Pig'" in data.summary
    assert "Pig     left out: the groups of the split" in data.summary
    names = list(data.preprocessing.get_feature_names_out())
    assert names == ["numbers__Litter", "numbers__Week"]
    # Six rows of a pig, all in the same part.
    assert [len(getattr(data, part)[1]) % 6 for part in PARTS] == [0, 0, 0]


def test_groups_that_share_nothing_are_told_by_their_name(tmp_path: Path) -> None:
    table = panel().drop(columns="Litter").sample(frac=1, random_state=0)
    for name, is_said in (("Subject", True), ("customer_id", True), ("Pig", False)):
        renamed = table.rename(columns={"Pig": name})
        renamed.to_csv(tmp_path / "a.csv", index=False)
        summary = module(tmp_path / "a.csv", target="Weight").summary
        assert (f"the rows of one {name!r} seem to belong together, and" in summary) is is_said


def test_a_table_that_is_sorted_by_time_says_so_and_is_split_by_it(tmp_path: Path) -> None:
    table = houses(60)
    table["sold"] = pd.date_range("2020-01-01", periods=60, freq="W").strftime("%d.%m.%Y")
    table.to_csv(tmp_path / "a.csv", index=False)
    data = module(tmp_path / "a.csv")
    assert "the rows are sorted by 'sold'" in data.summary
    assert "type data.split=time data.time=sold" in data.summary
    data = module(tmp_path / "a.csv", time="sold")
    assert "in the order of 'sold'" in data.summary
    assert "are sorted by" not in data.summary
    expected = table["price"].to_numpy(dtype=np.float32)
    assert data.test[1][:, 0].tolist() == expected[-12:].tolist()
    assert data.val[1][:, 0].tolist() == expected[-24:-12].tolist()
    year = table["price"].index % 7
    table.assign(year=2000 + np.arange(60), other=year).to_csv(tmp_path / "b.csv", index=False)
    assert "sorted by 'year'" in module(tmp_path / "b.csv", drop=["sold"]).summary


def test_ordinary_tables_are_not_said_to_leak(tmp_path: Path) -> None:
    houses(500).to_csv(tmp_path / "houses.csv", index=False)
    assert "Note" not in module(tmp_path / "houses.csv").summary


def test_few_rows_to_judge_by_are_said_with_the_way_out(tmp_path: Path) -> None:
    houses(495).to_csv(tmp_path / "houses.csv", index=False)
    said = "Note: 99 rows are few to judge by; data.folds=5 judges by all 396, in five fits."
    assert said in module(tmp_path / "houses.csv").summary
    assert "few to judge by" not in module(tmp_path / "houses.csv", folds=5).summary


def test_no_statistic_of_a_held_out_row_reaches_its_fold(tmp_path: Path) -> None:
    """Whatever stands in the rows to validate and to test with, the training rows stay the same."""
    path, table = tmp_path / "houses.csv", houses(120)
    table["town"] = np.random.default_rng(3).choice(["Ham", "Ely", "Rye"], 120)
    table.to_csv(path, index=False)
    for fold in (1, 2, 3):
        before = module(path, folds=3, fold=fold)
        trained = before.train[1][:, 0].numpy()
        others = ~table["price"].astype(np.float32).isin(trained)
        assert others.sum() > 30
        changed = table.copy()
        changed.loc[others, ["area", "price"]] *= 1000
        changed.loc[others, "rooms"] = 77
        changed.loc[others, "town"] = "Elsewhere"
        changed.to_csv(path, index=False)
        after = module(path, folds=3, fold=fold)
        assert torch.equal(after.train[0], before.train[0])
        assert torch.equal(after.train[1], before.train[1])
        assert after.model_arguments == before.model_arguments
        assert not torch.equal(after.val[1], before.val[1])
        table.to_csv(path, index=False)


def test_all_rows_but_those_to_test_with_can_be_trained_on(tmp_path: Path) -> None:
    houses().to_csv(tmp_path / "houses.csv", index=False)
    data, whole = (module(tmp_path / "houses.csv", train_on=on) for on in ("train", "all"))
    assert [len(whole.train[1]), len(whole.val[1])] == [80, 0]
    assert whole.val[0].shape == (0, whole.train[0].shape[1])
    assert torch.equal(whole.test[1], data.test[1])
    together = torch.cat([data.train[1], data.val[1]])
    assert sorted(whole.train[1][:, 0].tolist()) == sorted(together[:, 0].tolist())
    assert len(whole.example) == 5


@pytest.mark.parametrize("folds", [None, 3])
@pytest.mark.parametrize("key", ["group", "time", None])
def test_what_is_delivered_is_trained_on_all_rows_however_they_are_split(
    tmp_path: Path, key: str | None, folds: int | None
) -> None:
    by = {} if key is None else {key: {"group": "Pig", "time": "Week"}[key]}
    whole = of_panel(tmp_path, train_on="all", folds=folds, **by)
    assert len(whole.train[1]) + len(whole.test[1]) == len(panel())
    values = torch.cat([whole.train[1], whole.test[1]])[:, 0].tolist()
    assert sorted(values) == sorted(panel()["Weight"].astype(np.float32).tolist())
    if folds is not None:
        first = of_panel(tmp_path, folds=folds, **by)
        assert f"{len(whole.train[1])} in 3 folds" in first.summary


def test_rows_to_test_with_may_lie_in_another_file(tmp_path: Path) -> None:
    table = houses(120)
    table[:100].to_csv(tmp_path / "train.csv", index=False)
    # One row, and columns in another order.
    table[100:101].iloc[:, ::-1].assign(more=1).to_csv(tmp_path / "test.csv", index=False)
    data = module(tmp_path / "train.csv", test_path=str(tmp_path / "test.csv"))
    assert data.test[1][:, 0].tolist() == [np.float32(table["price"][100])]
    assert [len(data.train[1]), len(data.val[1])] == [80, 20]
    assert "1 to test with from another file" in data.summary
    whole = module(tmp_path / "train.csv", test_path=str(tmp_path / "test.csv"), folds=4)
    assert [len(whole.train[1]), len(whole.val[1])] == [75, 25]
    x = data.preprocessing.transform(table[100:101]).astype(np.float32)
    assert np.array_equal(data.test[0].numpy(), x)


def test_classes_of_another_file_are_those_of_the_first(tmp_path: Path) -> None:
    table = houses(120).dropna(subset="style")
    table.to_csv(tmp_path / "train.csv", index=False)
    table[:30].to_csv(tmp_path / "test.csv", index=False)
    arguments: dict[str, Any] = {"target": "style", "test_path": str(tmp_path / "test.csv")}
    data = module(tmp_path / "train.csv", **arguments)
    assert [data.labels[i] for i in data.test[1]] == table["style"][:30].tolist()
    table[:30].assign(style="mud").to_csv(tmp_path / "test.csv", index=False)
    with pytest.raises(InvalidArgument, match=r"one of brick, glass, wood.*in which some are mud"):
        module(tmp_path / "train.csv", **arguments)


REFUSED = {
    "folds above rows": ("data.folds=101", "data.folds must be at most the number of rows, 80"),
    "one fold": ("data.folds=1", "data.folds must be an integer of at least 2"),
    "no such fold": ("data.folds=5 data.fold=6", "data.fold must be one of the 5 folds, got 6"),
    "a fold of none": ("data.fold=1", "data.fold must be null without data.folds"),
    "folds above a class": (
        "data.target=style data.folds=30",
        "data.folds must be at most the number of rows of the class",
    ),
    "one group": ("data.group=one", "data.group must be a column that varies"),
    "too few groups": ("data.group=two data.folds=5", "number of groups"),
    "no such group": ("data.group=stile", "try data.group=style"),
    "no column of groups": ("data.split=group", "a column with split=group, got None"),
    "a group that is missing": ("data.group=style", "with 7 missing, the first in row 6"),
    "no times": ("data.time=garden", "a column of numbers or of dates"),
    "another split": ("data.split=random data.group=rooms", "data.split must be group"),
    "group and time": ("data.group=rooms data.time=rooms", "null beside data.group"),
    "an unknown split": ("data.split=groups", "try data.split=group"),
    "stratified numbers": ("data.split=stratified", "try data.split=random"),
    "a test file without a column": ("data.test_path=short.csv", "which has not columns 'rooms'"),
    "a test file without a target": ("data.test_path=blind.csv", "python -m tunesmith.predict"),
    "no test file": ("data.test_path=none.csv", "data.test_path must be a file ending in"),
    "refit on other data": ("data=cubic refit_rows=all", "try data=table, or refit_rows=train"),
    "refit with folds": ("data.folds=5 refit_rows=train", "try refit_rows=all"),
    "unknown rows": ("refit_rows=both", "refit_rows must be one of train, all, got 'both'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_split_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    table = houses().assign(one=1, two=[*"ab"] * 50)
    table.to_csv("houses.csv", index=False)
    table.drop(columns="rooms").to_csv("short.csv", index=False)
    table.drop(columns="price").to_csv("blind.csv", index=False)
    typed, said = REFUSED[name]
    given = ["data=table", "data.path=houses.csv"] if "data=" not in typed else []
    given += ["data.target=price"] if given and "data.target" not in typed else []
    line = refuse_here("objective=sklearn", *given, *typed.split(), root=tmp_path / "outputs")
    assert said in line
