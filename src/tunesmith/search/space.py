"""Read the search space from Hydra's override grammar, and draw from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra_plugins.hydra_optuna_sweeper._impl import (
    OptunaSweeperImpl,
    create_optuna_distribution_from_override,
)
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial

from tunesmith.errors import InvalidConfig


@dataclass(frozen=True)
class SearchSpace:
    """The dimensions of a search, and the overrides that every trial gets as they are."""

    distributions: Mapping[str, BaseDistribution]
    fixed: tuple[str, ...]

    def suggest(self, trial: Trial) -> None:
        """Draw a value of every dimension."""
        for name, distribution in self.distributions.items():
            _suggest(trial, name, distribution)

    def contains(self, name: str, value: Any) -> bool:
        """Return whether a value could be drawn for a dimension."""
        distribution = self.distributions[name]
        if isinstance(distribution, CategoricalDistribution):
            return any(
                value is c or (value == c and type(value) is type(c)) for c in distribution.choices
            )
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if isinstance(distribution, IntDistribution) and value != int(value):
            return False
        return distribution._contains(value)

    def ends(self) -> Iterator[tuple[str, Any]]:
        """Yield every bound and every choice: ('model.n_layers', 1), ('model.n_layers', 4), ..."""
        for name, distribution in self.distributions.items():
            if isinstance(distribution, CategoricalDistribution):
                yield from ((name, choice) for choice in distribution.choices)
            elif isinstance(distribution, IntDistribution | FloatDistribution):
                yield from ((name, end) for end in (distribution.low, distribution.high))

    def grid(self) -> dict[str, list[Any]]:
        """Return every value of every dimension.

        Raises InvalidConfig for a continuous dimension, or for none at all.
        """
        try:
            if not self.distributions:
                raise ValueError
            return {
                name: list(OptunaSweeperImpl._to_grid_sampler_choices(distribution))
                for name, distribution in self.distributions.items()
            }
        except ValueError:
            raise InvalidConfig(
                "a grid, or brute force, needs choice(...) or range(...) for every parameter; "
                "try hydra/sweeper/sampler=tpe"
            ) from None


def parse_space(params: Mapping[str, Any] | None, arguments: Sequence[str]) -> SearchSpace:
    """Read `hydra.sweeper.params` and the command line's overrides; the later of two wins.

    Raises InvalidConfig for a range that is empty or reversed.
    """
    lines = [f"{key}={value}" for key, value in (params or {}).items()] + list(arguments)
    latest: dict[str, Override] = {}
    for override in OverridesParser.create().parse_overrides(lines):
        key = override.get_key_element()
        latest.pop(key.lstrip("+~"), None)
        latest[key.lstrip("+~")] = override
    distributions = {
        override.get_key_element(): _distribution(override)
        for override in latest.values()
        if override.is_sweep_override()
    }
    fixed = [o.input_line for o in latest.values() if not o.is_sweep_override()]
    return SearchSpace(distributions, tuple(line for line in fixed if line is not None))


def _distribution(override: Override) -> BaseDistribution:
    try:
        distribution: BaseDistribution = create_optuna_distribution_from_override(override)
    except (ValueError, HydraException) as error:
        reason = " ".join(str(error).split())
        raise InvalidConfig(
            f"cannot search over {override.input_line}: {reason}; "
            f"try {override.get_key_element()}=interval(LOW,HIGH) with LOW below HIGH"
        ) from error
    if isinstance(distribution, CategoricalDistribution):
        return CategoricalDistribution([_unquoted(choice) for choice in distribution.choices])
    return distribution


def _unquoted(choice: Any) -> Any:
    """Return the value of an encoded choice: Hydra keeps the quotes of a text in it."""
    if not isinstance(choice, str):
        return choice
    value = OverridesParser.create().parse_override(f"key={choice}").value()
    return value if isinstance(value, str) else choice


def _suggest(trial: Trial, name: str, distribution: BaseDistribution) -> None:
    if isinstance(distribution, CategoricalDistribution):
        trial.suggest_categorical(name, distribution.choices)
    elif isinstance(distribution, IntDistribution):
        trial.suggest_int(
            name, distribution.low, distribution.high, step=distribution.step, log=distribution.log
        )
    else:
        assert isinstance(distribution, FloatDistribution)
        trial.suggest_float(
            name, distribution.low, distribution.high, step=distribution.step, log=distribution.log
        )
