"""What the choices of a dimension are to Hydra (a text), to the study and to the config."""

from dataclasses import dataclass
from itertools import combinations, starmap
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override, Transformer
from hydra.errors import HydraException
from omegaconf import OmegaConf

from tunesmith.errors import InvalidConfig
from tunesmith.overrides import write_value

Kept = None | bool | int | float | str


@dataclass(frozen=True)
class Choice:
    """One choice.

    Attributes:
        text: As Hydra's own multirun would pass it on to a job.
        value: What the job's config then holds.
        kept: The value in the study: Optuna takes no lists and dicts, of which their text is kept.

    """

    text: str
    value: Any
    kept: Kept


@dataclass(frozen=True)
class Choices:
    """The choices of one dimension."""

    _choices: tuple[Choice, ...]

    @property
    def all(self) -> list[Kept]:
        """The choices as the study keeps them."""
        return [choice.kept for choice in self._choices]

    def text(self, kept: Any) -> str:
        """Return the text of a choice in Hydra's grammar."""
        return self._of(kept).text

    def value(self, kept: Any) -> Any:
        """Return what a choice means."""
        return self._of(kept).value

    def kept(self, value: Any) -> Kept:
        """Return the choice that means a value; raises ValueError if there is none."""
        plain = OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
        for choice in self._choices:
            if _is_same(choice.value, plain):
                return choice.kept
        raise ValueError(value)

    def _of(self, kept: Any) -> Choice:
        return next(choice for choice in self._choices if _is_same(choice.kept, kept))


def read_choices(override: Override) -> Choices:
    """Return the choices of a choice sweep.

    Raises InvalidConfig if two of them are the same to Optuna, which compares them by ==.
    """
    key = override.get_key_element()
    if isinstance(sweep := override.value(), ChoiceSweep):
        # Points come in the sampler's order, whatever the order of the choices.
        sweep.shuffle = False
    elements = override.sweep_iterator(transformer=Transformer.identity)
    choices = tuple(starmap(_choice, zip(override.sweep_string_iterator(), elements, strict=True)))
    for first, second in combinations(choices, 2):
        if first.kept == second.kept:
            raise InvalidConfig(
                f"{override.input_line} holds {first.text} and {second.text}, which are the same "
                f"choice to Optuna; try {key}=choice(...) with one of them"
            )
    return Choices(choices)


def _choice(text: str, element: Any) -> Choice:
    parser = OverridesParser.create()
    try:
        value: Any = parser.parse_override(f"key={text}").value()
    except HydraException:
        # Hydra's own multirun loses the quotes of a text that needs them.
        text = write_value(element)
        value = parser.parse_override(f"key={text}").value()
    return Choice(text, value, kept=text if isinstance(value, list | dict) else value)


def _is_same(one: Any, other: Any) -> bool:
    """Return whether two values are one: 1, 1.0 and True are three, wherever they stand."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, dict):
        # A dict's order is no part of it.
        rest = {(type(key), key): value for key, value in other.items()}
        keys = [(type(key), key) for key in one]
        return rest.keys() == set(keys) and all(
            _is_same(value, rest[key]) for key, value in zip(keys, one.values(), strict=True)
        )
    return bool(one == other or (one != one and other != other))
