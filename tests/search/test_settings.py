"""Values of `hydra.sweeper` and `confirm` are checked where they are made."""

from typing import Any

import pytest
from omegaconf import OmegaConf

from tests.search.sweeper import DEFAULTS, settings_of
from tunesmith.errors import InvalidConfig
from tunesmith.search.settings import ConfirmSettings


@pytest.mark.parametrize(
    ("key", "value", "way_out"),
    [
        ("n_trials", 0, "try hydra.sweeper.n_trials=100"),
        ("n_trials", True, "try hydra.sweeper.n_trials=100"),
        ("n_jobs", 0, "try hydra.sweeper.n_jobs=1"),
        ("max_retries", -1, "try hydra.sweeper.max_retries=2"),
        ("timeout", 0, "try hydra.sweeper.timeout=3600"),
        ("timeout", float("nan"), "try hydra.sweeper.timeout=3600"),
        ("max_failure_rate", 1.5, "try hydra.sweeper.max_failure_rate=0.5"),
        (
            "terminator",
            OmegaConf.create({"_target_": "optuna.terminator.Terminator"}),
            "try hydra/sweeper/terminator=stagnation",
        ),
    ],
)
def test_a_bad_value_is_one_line_with_the_full_key(key: str, value: Any, way_out: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        settings_of({**DEFAULTS, key: value})
    assert str(refused.value).startswith(f"hydra.sweeper.{key}")
    assert str(refused.value).endswith(way_out)


def test_a_store_in_memory_takes_one_worker() -> None:
    with pytest.raises(InvalidConfig, match="n_jobs must be 1 with storage=memory, got 2; try sto"):
        settings_of({**DEFAULTS, "default_storage": "memory", "n_jobs": 2})


@pytest.mark.parametrize(
    ("direction", "directions"),
    [("maximize", ["maximize"]), (OmegaConf.create(["minimize", "maximize"]), None)],
)
def test_there_is_a_direction_for_each_metric(direction: Any, directions: Any) -> None:
    found = settings_of({**DEFAULTS, "direction": direction}).directions
    assert found == (directions or ["minimize", "maximize"])


@pytest.mark.parametrize(("n_best", "n_seeds"), [(None, 5), (-1, 5), (3, 0), (3, 2.5)])
def test_a_confirmation_needs_numbers(n_best: Any, n_seeds: Any) -> None:
    with pytest.raises(InvalidConfig, match=r"confirm\.n_\w+ must be .* or confirm=none"):
        ConfirmSettings(n_best, n_seeds)


def test_none_to_confirm_is_false() -> None:
    assert not ConfirmSettings()
    assert ConfirmSettings(3, 5)
