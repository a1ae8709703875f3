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
    """A fitted model with its preprocessing, which predicts from raw rows.

    It is pickled into the run's folder, so it must hold no data. A subclass writes `predict`.

    Attributes:
        requirements: The packages that it needs besides those of Tunesmith: `("xgboost",)`.

    """

    requirements: tuple[str, ...] = ()

    @property
    def preprocessing(self) -> Any:
        """What turns raw rows into the model's input by its `transform`; None if nothing has to."""
        return None

    @property
    def labels(self) -> Sequence[Any]:
        """The classes that it predicts; empty where it predicts numbers."""
        return ()

    @abstractmethod
    def predict(self, rows: Any) -> Any:
        """Return the predictions for raw rows.

        Args:
            rows: A DataFrame where there is a `preprocessing`, else an array, (n, ...).

        Returns:
            Numbers in the target's unit, (n, n_targets); with `labels` a DataFrame with the column
            `prediction` and a column `probability LABEL` for each class.

        """


class FittedModel(ABC):
    """A fitted model together with its data: what `Objective.restore` returns."""

    @abstractmethod
    def test(self) -> dict[str, float]:
        """Return the metrics on the test rows by name, `test/...`."""

    @abstractmethod
    def predictor(self) -> Predictor:
        """Return the model with its preprocessing, without the data."""

    @abstractmethod
    def example(self) -> Any:
        """Return a few raw rows, (n, ...), that the predictor takes: a DataFrame or an array."""


class Objective(ABC):
    """What a trial or single run computes: the class that `objective._target_` names.

    A subclass writes `evaluate`, and overrides what else it needs. The other keys of the config's
    node `objective` are the arguments of its constructor. Its module must be trusted, as that of
    any `_target_`: TRUSTED in train.py, or `execution_whitelist` of `hydra.main`. In a search
    `tunesmith.current_trial` is the live trial, to report to.

    Attributes:
        takes_infinity: Whether an infinite value is a valid result; if False it is a mistake.
        ignores: Groups of the config that the objective does not read, such as `("trainer",)`; the
            config that a search saves is without them.

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

    takes_infinity = True
    ignores: tuple[str, ...] = ()

    @abstractmethod
    def evaluate(self, cfg: DictConfig) -> Values:
        """Compute one trial or single run.

        Args:
            cfg: The whole composed config.

        Returns:
            The value of `metric.name`; a sequence of values if `metric.name` is a list; or a dict
            of values by name, which may hold further metrics to record.

        Raises:
            TrialPruned: The trial is stopped early; an objective raises it, or `Diverged`, itself.

        """

    def check(self, cfg: DictConfig) -> None:  # noqa: B027 - most refuse nothing
        """Refuse a bad config before anything is computed or written; accepts all by default.

        Args:
            cfg: The whole composed config.

        Raises:
            InvalidConfig: A value is refused; the message names its key and what to type instead.

        """

    def n_processes(self, cfg: DictConfig) -> int:
        """Return how many processes compute a single run, 1 by default; a trial is computed by one.

        Args:
            cfg: The whole composed config, which was checked.

        """
        return 1

    def on_all_rows(self, cfg: DictConfig, metrics: Mapping[str, float]) -> DictConfig | None:
        """Return the config of a fit on training and validation rows together, as `refit_rows=all`.

        Such a fit cannot stop early, so its length comes from the fit that was validated.

        Args:
            cfg: The whole composed config of that fit, which is not changed; its `data` has a key
                `train_on`.
            metrics: The metrics of that fit, such as `epochs` or `rounds`; means over several fits.

        Returns:
            The config; None, the default, if the objective has no such fit.

        """
        return None

    @property
    def restorable(self) -> bool:
        """Whether `restore` can load a fitted model: by default, whether it is overridden."""
        return type(self).restore is not Objective.restore

    def restore(self, cfg: DictConfig, folder: Path) -> FittedModel:
        """Load the fitted model that a run left in its folder, with the data of its config.

        Args:
            cfg: The run's config.
            folder: The run's output folder.

        Raises:
            NotImplementedError: The objective leaves no model; see `restorable`.

        """
        raise NotImplementedError(f"{type(self).__name__} restores no model")


class PlainFunction(Objective):
    """A function of the whole config as an objective, with further ones for its other methods."""

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
    """Return the objective that a config names by `objective._target_`.

    A subclass of Objective gets the other keys of the node `objective` as arguments. Any other
    callable becomes an Objective whose `evaluate` calls it with the whole config.

    Args:
        cfg: The whole composed config.

    Raises:
        InvalidConfig: The class refuses its arguments.
        InstantiationException: Of Hydra: there is nothing of this name, or it is not trusted.

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
    """Load the fitted model that a run left in its folder; None if its objective leaves none.

    Args:
        cfg: The run's config.
        folder: The run's output folder.

    """
    objective = objective_of(cfg)
    return objective.restore(cfg, folder) if objective.restorable else None


def unread_groups(cfg: DictConfig) -> list[str]:
    """Return the groups of a config that its objective does not read: its `ignores`."""
    return list(objective_of(cfg).ignores)


def told_data(cfg: DictConfig) -> Any:
    """Return the data module of a checked config if it has a `summary` and is read, else None."""
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
    """Return what was read of a config's data, as text of several lines.

    It is empty if the objective reads no data, or data without a property `summary`.

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
