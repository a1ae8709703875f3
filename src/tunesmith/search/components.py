"""Build the sampler, the pruner and the terminator that `hydra.sweeper` configures."""

import re
import sys
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from inspect import signature
from typing import Any

from hydra.errors import HydraException, InstantiationException
from omegaconf import DictConfig, OmegaConf
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler, BruteForceSampler, CmaEsSampler, GridSampler

from tunesmith.errors import InvalidArgument, InvalidConfig, import_failure, nearest, untrusted
from tunesmith.search.settings import Settings, target_of
from tunesmith.search.space import SearchSpace
from tunesmith.study import Stagnation, suppress_class_warnings
from tunesmith.validate import require_integer, require_seed
from tunesmith.versions import instantiate

_UNKNOWN_ARGUMENT = re.compile(r"unexpected keyword argument '(\w+)'")
# What Optuna checks in a trial only: the least value of each, and one to try.
_COUNTS: dict[str, tuple[int | None, int]] = {
    "reduction_factor": (2, 3),
    "min_resource": (1, 1),
    "interval_steps": (1, 1),
}
# As the stock plug-in has it, with what is ours.
_TRUSTED = ("hydra_plugins.hydra_optuna_sweeper.*", "optuna.*", "tunesmith.study.*")


class Components:
    """What proposes points, prunes trials and stops a search early, built when it is asked for.

    Optuna stores none of them: each worker brings its own. Each raises InvalidConfig for what its
    class refuses.
    """

    def __init__(self, settings: Settings, *, space: SearchSpace) -> None:
        self._settings = settings
        self._space = space

    @property
    def sampler_seed(self) -> int | None:
        """The seed that the sampler's config names."""
        seed: int | None = self._settings.sampler.get("seed")
        return seed

    def make_sampler(self, seed: int | None) -> BaseSampler:
        """Return a new sampler of the configured kind."""
        factory = self._sampler_factory
        takes_seed = "seed" in signature(factory).parameters
        with suppress_class_warnings():
            return factory(**({"seed": seed} if takes_seed else {}))

    @cached_property
    def _sampler_factory(self) -> Callable[..., BaseSampler]:
        # `make_sampler` gives the seed, to a class that takes one.
        kept = [str(key) for key in self._settings.sampler if key != "seed"]
        node = OmegaConf.masked_copy(self._settings.sampler, kept)
        factory: Callable[..., BaseSampler] = instantiate(node, trusted=_TRUSTED, _partial_=True)
        if is_grid(self._settings.sampler):
            return partial(factory, self._space.grid())
        return factory

    def check_sampler(self) -> None:
        """Raise InvalidConfig for a sampler that cannot be made, or Hydra's error about its class.

        That of another sampler's arguments is the likely reason: they stay if only the class is
        changed.
        """
        target = target_of(self._settings.sampler)
        if not target:
            raise InvalidConfig(
                "hydra/sweeper/sampler=none names no sampler; "
                "try hydra.sweeper.sampler._target_=optuna.samplers.RandomSampler"
            )
        if is_kind(self._settings.sampler, BruteForceSampler):
            self._space.grid()
        seed = self.sampler_seed
        require_seed("hydra.sweeper.sampler.seed", seed, example=42, optional=True)
        _require_counts("sampler", self._settings.sampler)
        try:
            _require_kind("sampler", self.make_sampler(seed), BaseSampler)
        except (HydraException, ValueError, TypeError, ImportError) as error:
            if isinstance(error, InvalidConfig) or untrusted(str(error)) or import_failure(error):
                raise
            raise InvalidConfig(
                f"hydra.sweeper.sampler cannot be created: {_reason(error)}; "
                f"{_way_out(_reason(error), self._sampler_factory, target)}"
            ) from error

    def make_pruner(self) -> BasePruner | None:
        """Return a new pruner of the configured kind, None where nothing is pruned."""
        _require_counts("pruner", self._settings.pruner)
        pruner: BasePruner | None = _make("pruner", self._settings.pruner)
        if pruner is not None:
            _require_kind("pruner", pruner, BasePruner)
        return pruner

    @cached_property
    def termination(self) -> Stagnation | None:
        """The rule that stops the search early, if one is configured."""
        settings = self._settings.terminator
        if not target_of(settings):
            return None
        rule: Stagnation = _make("terminator", settings)
        _require_kind("terminator", rule, Stagnation)
        return rule


def require_single_objective(
    names: Sequence[str], *, settings: Settings, prunes: bool, terminates: bool
) -> None:
    """Raise InvalidConfig for what supports one metric only, if there are several."""
    for group, asked, way_out in (
        ("pruner", prunes, "none"),
        ("terminator", terminates, "none"),
        ("sampler", is_kind(settings.sampler, CmaEsSampler), "nsgaii"),
    ):
        if asked and len(names) > 1:
            target = target_of(getattr(settings, group)).rpartition(".")[2]
            raise InvalidConfig(
                f"hydra/sweeper/{group}: {target} supports a single objective, got metric.name="
                f"[{','.join(names)}]; try hydra/sweeper/{group}={way_out}"
            )


def is_kind(sampler: DictConfig, kind: type[BaseSampler]) -> bool:
    """Return whether a sampler's config names this class."""
    return target_of(sampler).endswith(f".{kind.__name__}")


def is_grid(sampler: DictConfig) -> bool:
    """Return whether a sampler's config names a grid, whose points are the search's total."""
    return is_kind(sampler, GridSampler)


def _way_out(reason: str, factory: Callable[..., BaseSampler], target: str) -> str:
    """Return what to type instead of what a sampler refuses."""
    unknown = _UNKNOWN_ARGUMENT.search(reason)
    if unknown is None:
        return "type another value of that key, or leave it out"
    if any(argument.startswith(f"+hydra.sweeper.sampler.{unknown[1]}=") for argument in sys.argv):
        known = signature(getattr(factory, "func", factory)).parameters
        meant = nearest(unknown[1], known).partition(",")[0]
        return f"try hydra.sweeper.sampler.{meant}=VALUE"
    return f"try hydra/sweeper/sampler=none hydra.sweeper.sampler._target_={target}"


def _require_counts(name: str, node: DictConfig | None) -> None:
    """Raise InvalidArgument for a number of trials or steps that only fails in a trial."""
    for key, value in ({} if node is None else node).items():
        minimum, example = (0, 1) if str(key).startswith("n_") else _COUNTS.get(str(key), (None, 1))
        if minimum is not None and value not in (None, "auto"):
            key = f"hydra.sweeper.{name}.{key}"
            require_integer(key, value, minimum=minimum, example=example)


def _require_kind(name: str, made: object, kind: type) -> None:
    if not isinstance(made, kind):
        raise InvalidConfig(
            f"hydra.sweeper.{name}._target_ must be a {name}, got {type(made).__name__}; "
            f"choose one, hydra/sweeper/{name}=OPTION"
        )


def _make(name: str, node: DictConfig | None) -> Any:
    try:
        with suppress_class_warnings():
            return instantiate(node, trusted=_TRUSTED)
    except (InstantiationException, ValueError, TypeError, ImportError) as error:
        if refusal := untrusted(str(error)):
            raise InvalidConfig(f"hydra.sweeper.{name}: {refusal}") from error
        if isinstance(refused := error.__cause__ or error, InvalidArgument):
            raise refused.within(f"hydra.sweeper.{name}") from error
        if failure := import_failure(error):
            raise InvalidConfig(
                f"hydra.sweeper.{name}: {failure}, or try hydra/sweeper/{name}=none"
            ) from error
        raise InvalidConfig(
            f"hydra.sweeper.{name} cannot be created: {_reason(error)}; "
            f"try hydra/sweeper/{name}=none"
        ) from error


def _reason(error: Exception) -> str:
    raised = error.__cause__ or error
    return " ".join(str(raised).split("full_key:")[0].split()).rstrip(".")
