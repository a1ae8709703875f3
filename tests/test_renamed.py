"""Names that have changed: old configs are brought up to date, fingerprints go the other way."""

import pytest
from omegaconf import OmegaConf

from tunesmith import renamed
from tunesmith.renamed import TARGETS, as_in_0_1_0, bring_up_to_date


def test_a_key_that_came_later_counts_only_where_it_is_not_at_its_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(renamed, "LATER_KEYS", {"data.folds": None})
    config = {"data.seed": 42}
    assert as_in_0_1_0({**config, "data.folds": None}) == config
    assert as_in_0_1_0({**config, "data.folds": 5}) == {**config, "data.folds": 5}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.old)
def test_an_old_node_gets_its_name_of_today_and_its_fingerprint_of_then(
    target: renamed.Renamed, capsys: pytest.CaptureFixture[str]
) -> None:
    place = target.node or "objective"
    old = {"_target_": target.old, **target.gone, "mine": 1}
    if target.node:
        old["direction"] = "maximize"
    cfg = OmegaConf.create({})
    OmegaConf.update(cfg, place, old)
    renamed.say_renamed.cache_clear()
    bring_up_to_date(cfg)
    assert capsys.readouterr().err.count("\n") == 1
    node = OmegaConf.to_container(OmegaConf.select(cfg, place))
    assert node["_target_"] == target.new
    assert node["mine"] == 1
    assert not set(target.gone) & set(node)
    flat = {f"{place}.{key}": value for key, value in node.items()}
    assert as_in_0_1_0(flat) == {f"{place}.{key}": value for key, value in old.items()}


def test_a_library_s_class_in_a_place_of_the_user_s_own_stays_what_it_is() -> None:
    config = {
        "callbacks.mine._target_": "lightning.pytorch.callbacks.EarlyStopping",
        "callbacks.mine.mode": "min",
    }
    assert as_in_0_1_0(config) == config


def test_what_is_found_out_in_a_table_counts_as_the_defaults_of_then() -> None:
    typed = {"data._target_": "tunesmith.data.TableDataModule", "data.encoding": "cp932"}
    later = {"data.sheet": None, "data.strict": False, "data.positive": None}
    later |= {"data.class_weight": None, "data.categories": "onehot"}
    kept = as_in_0_1_0({**typed, **later, "data.decimal": None, "data.task": "auto"})
    # By the metric it is told whether a target is numbers or classes.
    assert kept == as_in_0_1_0({**typed, **later, "data.decimal": None, "data.task": "regression"})
    assert kept == {
        "data._target_": "tunesmith.data.table.TableDataModule",
        "data.encoding": "cp932",
        "data.decimal": ".",
    }
    mine = {"data._target_": "mine.Data", "data.encoding": None, "data.strict": False}
    assert as_in_0_1_0(mine) == mine
