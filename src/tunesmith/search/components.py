"""Build the sampler, the pruner and the terminator that `hydra.sweeper` configures."""

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from inspect import signature
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler, CmaEsSampler, GridSampler

from tunesmith.errors import InvalidConfig, import_failure, untrusted
from tunesmith.search.settings import Settings, target_of
from tunesmith.search.space import SearchSpace
from tunesmith.study import Stagnation, suppress_class_warnings


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
        takes_seed = "seed" in self._settings.sampler or "seed" in signature(factory).parameters
        return factory(**({"seed": seed} if takes_seed else {}))

    @cached_property
    def _sampler_factory(self) -> Callable[..., BaseSampler]:
        factory: Callable[..., BaseSampler] = instantiate(self._settings.sampler, _partial_=True)
        if is_kind(self._settings.sampler, GridSampler):
            return partial(factory, self._space.grid())
        return factory

    def check_sampler(self) -> None:
        """Raise a Hydra error for a sampler whose class cannot be imported."""
        assert callable(self._sampler_factory)

    def make_pruner(self) -> BasePruner | None:
        """Return a new pruner of the configured kind, None where nothing is pruned."""
        pruner: BasePruner | None = _make("pruner", self._settings.pruner)
        return pruner

    @cached_property
    def termination(self) -> Stagnation | None:
        """The rule that stops the search early, if one is configured."""
        settings = self._settings.terminator
        if not target_of(settings):
            return None
        rule: Stagnation = _make("terminator", settings)
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


def _make(name: str, node: DictConfig | None) -> Any:
    try:
        with suppress_class_warnings():
            return instantiate(node)
    except (InstantiationException, ValueError, TypeError, ImportError) as error:
        if refusal := untrusted(str(error)):
            raise InvalidConfig(f"hydra.sweeper.{name}: {refusal}") from error
        if failure := import_failure(error):
            raise InvalidConfig(
                f"hydra.sweeper.{name}: {failure}, or try hydra/sweeper/{name}=none"
            ) from error
        reason = " ".join(str(error).split("full_key:")[0].split()).rstrip(".")
        raise InvalidConfig(
            f"hydra.sweeper.{name} cannot be created: {reason}; try hydra/sweeper/{name}=none"
        ) from error
