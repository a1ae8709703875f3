import pytest
from hydra_plugins.hydra_optuna_sweeper._impl import create_params_from_overrides
from omegaconf import OmegaConf
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from tunesmith.advice.ranges import Numeric, from_unit, to_unit, with_bounds
from tunesmith.overrides import write_sweep, write_value


@pytest.mark.parametrize(
    "dist",
    [
        IntDistribution(1, 4),
        IntDistribution(-3, 4),
        IntDistribution(1, 400, log=True),
        IntDistribution(2, 8, step=2),
        FloatDistribution(1e-5, 1e-1, log=True),
        FloatDistribution(1.0, 4.0),
        FloatDistribution(-5.5, 5e20),
        FloatDistribution(0.1, 1.0, step=0.1),
        FloatDistribution(0.0, 1.0, step=0.001),
        CategoricalDistribution(["sgd", "adam"]),
        CategoricalDistribution([16, 32, 0.5]),
        CategoricalDistribution([True, False]),
        CategoricalDistribution(["1", "x"]),
        CategoricalDistribution(["true", "null", "1e5"]),
        CategoricalDistribution(["c,d", "a b", "it's", "", "a=b", "${x}", "(", "a/b:c"]),
    ],
)
def test_the_sweeper_reads_back_what_is_written(dist: BaseDistribution) -> None:
    space, fixed, _ = create_params_from_overrides([f"key={write_sweep(dist)}"])
    assert (space, fixed) == ({"key": dist}, {})
    for read, told in zip(
        getattr(space["key"], "choices", ()), getattr(dist, "choices", ()), strict=True
    ):
        assert type(read) is type(told)


@pytest.mark.parametrize("value", ["adam", "1", "c,d", "true", 3, 0.1, 1e-5, True, None, "it's"])
def test_a_fixed_value_keeps_its_type(value: object) -> None:
    from hydra.core.override_parser.overrides_parser import OverridesParser

    override = OverridesParser.create().parse_override(f"key={write_value(value)}")
    assert not override.is_sweep_override()
    read = OmegaConf.create({"key": None})
    read.key = override.value()
    assert str(read.key) == str(value)


@pytest.mark.parametrize(
    ("dist", "low", "high", "new"),
    [
        (
            FloatDistribution(1e-5, 1e-1, log=True),
            0.00412,
            1.0,
            FloatDistribution(0.0041, 1.0, log=True),
        ),
        (FloatDistribution(-5, 5), -1.234, 2.311, FloatDistribution(-1.3, 2.4)),
        (FloatDistribution(0, 1), 0, 0.30000000000000004, FloatDistribution(0, 0.3)),
        (FloatDistribution(0, 1, step=0.1), 0.25, 0.55, FloatDistribution(0.2, 0.6, step=0.1)),
        (IntDistribution(2, 64), 33.7, 128, IntDistribution(33, 128)),
        (IntDistribution(2, 10, step=2), 3.5, 7.5, IntDistribution(2, 8, step=2)),
    ],
)
def test_new_bounds_are_round_and_hold_the_old_ones(
    dist: Numeric, low: float, high: float, new: Numeric
) -> None:
    assert with_bounds(dist, low, high) == new


def test_unit_positions_follow_the_scale() -> None:
    log = FloatDistribution(1e-4, 1.0, log=True)
    assert to_unit(1e-2, log) == pytest.approx(0.5)
    assert from_unit(1.25, log) == pytest.approx(10.0)
    assert to_unit(7, IntDistribution(7, 7)) == 0.5
