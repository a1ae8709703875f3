"""Read the search space from Hydra's override grammar, and draw from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, IntervalSweep, Override
from hydra.errors import HydraException
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial

from tunesmith.errors import InvalidConfig
from tunesmith.overrides import SWEEPS, write_override
from tunesmith.search.choices import Choices, read_choices
from tunesmith.search.distributions import every_value, read_distribution


@dataclass(frozen=True)
class SearchSpace:
    """The dimensions of a search, and the overrides that every trial gets.

    Attributes:
        distributions: What each dimension draws from, by its key in the override grammar.
        choices: Of the dimensions that are choices, what each choice means.
        sweeps: Each dimension's sweep as it was typed.
        lines: The overrides in their order; None stands for the value that is drawn for the key.

    """

    distributions: Mapping[str, BaseDistribution]
    choices: Mapping[str, Choices]
    sweeps: Mapping[str, str]
    lines: tuple[tuple[str, str | None], ...]

    @property
    def fixed(self) -> tuple[str, ...]:
        """The overrides of all that is no dimension, in their order."""
        return tuple(line for _, line in self.lines if line is not None)

    def overrides(self, drawn: Mapping[str, Any]) -> list[str]:
        """Return all overrides in their order; a dimension that was not drawn stays at default.

        Args:
            drawn: Values of dimensions, as the study keeps them.

        """
        return [
            self.override(name, drawn[name]) if line is None else line
            for name, line in self.lines
            if line is not None or name in drawn
        ]

    def override(self, name: str, value: Any) -> str:
        """Return the override that sets a dimension to a value, as the study keeps it."""
        if name in self.choices:
            return f"{name}={self.choices[name].text(value)}"
        return write_override(name, value)

    def value(self, name: str, kept: Any) -> Any:
        """Return what a value that the study keeps means: of a list's text the list."""
        return self.choices[name].value(kept) if name in self.choices else kept

    def suggest(self, trial: Trial) -> None:
        """Draw a value of every dimension."""
        for name, distribution in self.distributions.items():
            _suggest(trial, name, distribution)

    def kept(self, name: str, value: Any) -> Any:
        """Return a value as the study keeps it; raises ValueError if it cannot be drawn."""
        distribution = self.distributions[name]
        if name in self.choices:
            return self.choices[name].kept(value)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        is_whole = is_number and float(value).is_integer()
        if not is_number or (isinstance(distribution, IntDistribution) and not is_whole):
            raise ValueError(value)
        if not distribution._contains(value):
            raise ValueError(value)
        return value

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
                name: every_value(distribution) for name, distribution in self.distributions.items()
            }
        except ValueError:
            raise InvalidConfig(
                "a grid, or brute force, needs choice(...) or range(...) for every parameter; "
                "try hydra/sweeper/sampler=tpe"
            ) from None


def parse_space(params: Mapping[str, Any] | None, arguments: Sequence[str]) -> SearchSpace:
    """Read `hydra.sweeper.params` and the command line's overrides, which come after them.

    Of several sweeps and values of one key the last decides whether it is a dimension. Every other
    override counts as it does in Hydra, in its order: where a dict is searched over, a value of the
    same key is what each choice is merged into.

    Raises InvalidConfig for what cannot be searched over.
    """
    parser = OverridesParser.create()
    typed = parser.parse_overrides(list(arguments))
    keys = {_key(override) for override in typed}
    filed = parser.parse_overrides([f"{key}={value}" for key, value in (params or {}).items()])
    overrides = [*(override for override in filed if _key(override) not in keys), *typed]
    last = {_key(override): override for override in overrides}
    swept = {key: override for key, override in last.items() if override.is_sweep_override()}
    found = {o.get_key_element(): _distribution(o) for o in swept.values()}
    lines = [
        (override.get_key_element(), None if override is swept.get(key) else _line(override))
        for override in overrides
        if override is swept.get(key := _key(override)) or not override.is_sweep_override()
    ]
    return SearchSpace(
        distributions={name: distribution for name, (distribution, _) in found.items()},
        choices={name: choices for name, (_, choices) in found.items() if choices is not None},
        sweeps={o.get_key_element(): _line(o).partition("=")[2] for o in swept.values()},
        lines=tuple(lines),
    )


def _key(override: Override) -> str:
    return str(override.get_key_element()).lstrip("+~")


def _line(override: Override) -> str:
    assert override.input_line is not None
    return override.input_line


def _distribution(override: Override) -> tuple[BaseDistribution, Choices | None]:
    if isinstance(override.value(), Glob):
        key = override.get_key_element()
        raise InvalidConfig(
            f"cannot search over {override.input_line}: glob is for sweeps without a search; "
            f"try {key}=choice(A,B) with the options by name"
        )
    if override.is_choice_sweep():
        choices = read_choices(override)
        _check_tags(override)
        return CategoricalDistribution(choices.all), choices
    _check_tags(override)
    try:
        distribution: BaseDistribution = read_distribution(override)
    except (ValueError, HydraException) as error:
        reason = " ".join(str(error).split())
        raise InvalidConfig(
            f"cannot search over {override.input_line}: {reason}; {_way_out(override, reason)}"
        ) from error
    return distribution, None


def _check_tags(override: Override) -> None:
    """Raise InvalidConfig for a tag that would be passed over."""
    sweep, key = override.value(), override.get_key_element()
    tags = sorted(getattr(sweep, "tags", ()))
    if not tags or (tags == ["log"] and isinstance(sweep, IntervalSweep)):
        return
    interval = f"{key}={SWEEPS['tag']}"
    if isinstance(sweep, IntervalSweep):
        raise InvalidConfig(
            f"cannot search over {override.input_line}: the only tag is log, got "
            f"{', '.join(map(str, tags))}; try {interval}"
        )
    raise InvalidConfig(
        f"cannot search over {override.input_line}: a tag goes with interval(...) alone; "
        f"try {interval}, or {override.input_line.partition('=')[0]} without tag"  # type: ignore[union-attr]
    )


def _way_out(override: Override, reason: str) -> str:
    key = override.get_key_element()
    if "log" in reason:
        return f"try {key} with LOW above 0, such as 1e-5, or a range that is not logarithmic"
    return f"try {key}=interval(LOW,HIGH) with LOW below HIGH"


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
