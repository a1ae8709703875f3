"""What an objective is, and the objective that a config names."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from tunesmith.config import resolve_function
from tunesmith.group_mistakes import naming_group

log = logging.getLogger(__name__)

Values: TypeAlias = float | Sequence[float] | Mapping[str, Any]


class Predictor(ABC):
    """Predicts from raw rows; is pickled, into the run's folder too, so it holds no data.

    `requirements` names packages that it needs besides those of Tunesmith.
    """

    requirements: tuple[str, ...] = ()

    @property
    def preprocessing(self) -> Any:
        """What turns raw rows into the model's input; None where they are that already."""
        return None

    @property
    def labels(self) -> Sequence[Any]:
        """The classes, of which `predict` then returns a table; empty for numbers."""
        return ()

    @abstractmethod
    def predict(self, rows: Any) -> Any:
        """Return the predictions for raw rows, (n, ...), in the target's own unit."""


class FittedModel(ABC):
    """A fitted model together with its data."""

    @abstractmethod
    def test(self) -> dict[str, float]:
        """Return the metrics on the test rows, named `test/...`."""

    @abstractmethod
    def predictor(self) -> Predictor:
        """Return the model with its preprocessing, without the data."""

    @abstractmethod
    def example(self) -> Any:
        """Return a few raw rows that the predictor takes: a DataFrame or an array."""


class Objective(ABC):
    """What a trial computes, named by `objective._target_`.

    The other keys of the node `objective` are the constructor's arguments. The module of a subclass
    must be trusted, as any `_target_` is.

    Example:
        A class of `mine.py`, chosen by `{_target_: mine.Rosenbrock, scale: 100}`:

        >>> class Rosenbrock(Objective):
        ...     def __init__(self, scale: float) -> None:
        ...         self.scale = scale
        ...
        ...     def evaluate(self, cfg: DictConfig) -> float:
        ...         return (1 - cfg.x) ** 2 + self.scale * (cfg.y - cfg.x**2) ** 2
        >>> Rosenbrock(scale=100).evaluate(OmegaConf.create({"x": 1, "y": 2}))
        100

    """

    # Whether an infinite value is one, as Optuna has it; to a fit it means that it went wrong.
    takes_infinity = True
    # Groups of the config that it does not read: the config that a search saves is without them.
    ignores: tuple[str, ...] = ()

    @abstractmethod
    def evaluate(self, cfg: DictConfig) -> Values:
        """Compute one trial or single run.

        Args:
            cfg: The whole composed config.

        Returns:
            The value of `metric.name`; a value for each name if it is a list; or values by name,
            which may hold further metrics.

        Raises:
            TrialPruned: The trial is stopped early.

        """

    def check(self, cfg: DictConfig) -> None:  # noqa: B027 - most refuse nothing
        """Refuse a config without computing anything; accepts all unless a subclass refuses.

        Args:
            cfg: The whole composed config.

        Raises:
            InvalidConfig: A value is refused; the message names its key and the way out.

        """

    def n_processes(self, cfg: DictConfig) -> int:
        """Return by how many processes a config is computed; trials are computed by one.

        Args:
            cfg: The whole composed config, which was checked.

        """
        return 1

    def on_all_rows(self, cfg: DictConfig, metrics: Mapping[str, float]) -> DictConfig | None:
        """Return the config of a fit without rows to validate with, as long as the metrics tell.

        Args:
            cfg: The whole composed config of a fit, which is not changed; its `data` has a key
                `train_on`.
            metrics: What came out of it, the mean where there were several.

        Returns:
            The config; None where there is no such fit.

        """
        return None

    @property
    def restorable(self) -> bool:
        """Whether `restore` takes up what a fit left."""
        return type(self).restore is not Objective.restore

    def restore(self, cfg: DictConfig, folder: Path) -> FittedModel:
        """Return the fitted model that a run left, with the data of its config.

        Args:
            cfg: The run's config.
            folder: The run's folder.

        Raises:
            NotImplementedError: The objective leaves no model; see `restorable`.

        """
        raise NotImplementedError(f"{type(self).__name__} restores no model")


class PlainFunction(Objective):
    """A function of the whole config as an objective.

    Args:
        function: Returns what `Objective.evaluate` returns.
        check: Raises InvalidConfig for a config that it refuses.
        restore: Returns the fitted model of a config and a folder.

    """

    def __init__(
        self,
        function: Callable[[DictConfig], Values],
        *,
        check: Callable[[DictConfig], None] | None = None,
        restore: Callable[[DictConfig, Path], FittedModel] | None = None,
    ) -> None:
        self._function = function
        # Hydra wraps what it resolves.
        own = getattr(function, "func", function)
        self.ignores = getattr(own, "ignores", ())
        self._check = check or getattr(own, "refused_by", None)
        self._restore = restore

    def evaluate(self, cfg: DictConfig) -> Values:
        """Call the function."""
        return self._function(cfg)

    def check(self, cfg: DictConfig) -> None:
        """Call the function's own check, if it has one."""
        if self._check is not None:
            self._check(cfg)

    @property
    def restorable(self) -> bool:
        """Whether it was given a function that restores."""
        return self._restore is not None

    def restore(self, cfg: DictConfig, folder: Path) -> FittedModel:
        """Call the function that restores."""
        if self._restore is None:
            return super().restore(cfg, folder)
        return self._restore(cfg, folder)


def objective_of(cfg: DictConfig) -> Objective:
    """Return the objective that a config names.

    A subclass of Objective gets the other keys of the node `objective` as arguments; any other
    callable is taken as a plain function of the whole config.

    Args:
        cfg: The whole composed config.

    Raises:
        InvalidConfig: The class refuses its arguments.
        InstantiationException: There is nothing of this name, or it is not trusted.

    """
    node = cfg.objective
    function = resolve_function(node._target_)
    # Hydra wraps what it resolves.
    kind = getattr(function, "func", function)
    if isinstance(kind, type) and issubclass(kind, Objective):
        with naming_group("objective"):
            objective: Objective = instantiate(node, _convert_="all")
            return objective
    return PlainFunction(function, check=_named(node, "check"), restore=_named(node, "restore"))


def restore_model(cfg: DictConfig, folder: Path) -> FittedModel | None:
    """Return the model that a config's objective left in a folder; None if it leaves none."""
    objective = objective_of(cfg)
    return objective.restore(cfg, folder) if objective.restorable else None


def unread_groups(cfg: DictConfig) -> list[str]:
    """Return the groups of a config that its objective does not read."""
    return list(objective_of(cfg).ignores)


def told_data(cfg: DictConfig) -> Any:
    """Return the data of a config if they tell what was read and its objective reads them.

    Args:
        cfg: The whole composed config, which was checked.

    Returns:
        A data module with a `summary`, or None.

    """
    if not has_told_data(cfg):
        return None
    with naming_group("data"):
        return instantiate(cfg.data)


def has_told_data(cfg: DictConfig) -> bool:
    """Return whether a config's data tell what was read, and its objective reads them."""
    data = cfg.get("data")
    if data is None or "_target_" not in data or "data" in objective_of(cfg).ignores:
        return False
    # Hydra wraps what it resolves.
    kind = resolve_function(data._target_)
    return hasattr(getattr(kind, "func", kind), "summary")


def summarize_data(cfg: DictConfig) -> str:
    """Return in lines what was read of a config's data, if its objective reads any that tells.

    Args:
        cfg: The whole composed config, which was checked.

    """
    data = told_data(cfg)
    return "" if data is None else str(data.summary)


def _named(node: DictConfig, key: str) -> Callable[..., Any] | None:
    # Of a function's own keys, release 0.1.0 took these two for functions.
    path = OmegaConf.select(node, key)
    if path is None:
        return None
    _say_once(
        f"objective.{key} is going away: write a subclass of tunesmith.objectives.Objective with a "
        f"method {key}, and name it as objective._target_ instead of {node._target_}"
    )
    return resolve_function(path)


@cache
def _say_once(text: str) -> None:
    log.warning("%s", text)
