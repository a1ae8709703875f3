"""The values of `hydra.sweeper` and `confirm`, typed, and checked where they are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import inf
from typing import Any

from omegaconf import DictConfig, OmegaConf

from tunesmith.errors import InvalidArgument, InvalidConfig, nearest, terminator_gone
from tunesmith.study import Direction
from tunesmith.validate import require_choice, require_integer, require_positive

CODE_CHANGES = ("refuse", "continue", "new")
_GROUP = "hydra.sweeper"


@dataclass(frozen=True)
class Settings:
    """The values of `hydra.sweeper`.

    Args:
        sampler: The config of an Optuna sampler.
        pruner: The config of a pruner, or None.
        terminator: The config of a rule that stops a search early, or None.
        direction: "minimize" or "maximize", or a list of them.
        storage: The URL of the study's store; None keeps it in memory.
        study_name: None for a name that the search is given by its content.
        n_trials: The study's total.
        n_jobs: How many worker processes there are.
        params: The search space in Hydra's sweep grammar, by key.
        custom_search_space: The dotted path of a function that suggests further parameters.
        max_failure_rate: Of the trials so far, how many may fail.
        max_retries: How often a trial is attempted again after its process died.
        timeout: Seconds after which no trial is started; None for no limit.
        baseline: Whether the default config is the first trial.
        code_change: What to do if the user's code is not that of earlier trials: "refuse",
            "continue" the study, or take a "new" one.

    Raises:
        InvalidConfig: A value cannot be searched with; names the key and a value to try.

    """

    sampler: DictConfig
    pruner: DictConfig | None
    terminator: DictConfig | None
    direction: Any
    storage: str | None
    study_name: str | None
    n_trials: int
    n_jobs: int
    params: Mapping[str, Any] | None
    custom_search_space: str | None
    max_failure_rate: float
    max_retries: int
    timeout: float | None
    baseline: bool
    code_change: str

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Settings":
        """Return the settings of a sweeper's keys.

        Raises InvalidConfig for a key that `+` added and that nothing reads.
        """
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                raise InvalidConfig(f"{_GROUP} has no key {name!r}; {_meant(name, known)}")
        return cls(**{name: values[name] for name in known})

    def __post_init__(self) -> None:
        require_integer(f"{_GROUP}.n_trials", self.n_trials, minimum=1, example=100)
        require_integer(f"{_GROUP}.n_jobs", self.n_jobs, minimum=1, example=1)
        require_integer(f"{_GROUP}.max_retries", self.max_retries, minimum=0, example=2)
        require_choice(f"{_GROUP}.code_change", self.code_change, CODE_CHANGES)
        if self.timeout not in (None, inf):
            require_positive(f"{_GROUP}.timeout", self.timeout, example=3600)
        if not 0 <= self.max_failure_rate <= 1:
            raise InvalidArgument(
                f"{_GROUP}.max_failure_rate", "a number from 0 to 1", self.max_failure_rate, 0.5
            )
        if self.n_jobs > 1 and self.storage is None:
            raise InvalidArgument(
                f"{_GROUP}.n_jobs",
                "1 with storage=memory",
                self.n_jobs,
                way_out="try storage=sqlite",
            )
        target = target_of(self.terminator)
        if target.startswith("optuna.terminator."):
            raise InvalidConfig(terminator_gone(f"{_GROUP}.terminator._target_={target}"))

    @property
    def directions(self) -> list[Direction]:
        """One for each metric."""
        several = self.direction if OmegaConf.is_list(self.direction) else [self.direction]
        return [getattr(one, "name", one) for one in several]


@dataclass(frozen=True)
class ConfirmSettings:
    """The best `n_best` trials and the baseline are trained again on `n_seeds` seeds.

    Raises:
        InvalidArgument: One of the two is no such number.

    """

    n_best: int = 0
    n_seeds: int = 0

    def __post_init__(self) -> None:
        _require_number("n_best", self.n_best, minimum=0, example=3)
        _require_number("n_seeds", self.n_seeds, minimum=1 if self.n_best else 0, example=5)

    def __bool__(self) -> bool:
        return self.n_best > 0

    def __str__(self) -> str:
        if not self:
            return "no trial is trained again"
        return (
            f"the best {self.n_best} and the baseline on {self.n_seeds} new seeds, "
            f"up to {(self.n_best + 1) * self.n_seeds} fits (confirm=none: none)"
        )


def _require_number(name: str, value: object, *, minimum: int, example: int) -> None:
    try:
        require_integer(f"confirm.{name}", value, minimum=minimum, example=example)
    except InvalidArgument as error:
        raise InvalidConfig(f"{error}, or confirm=none") from error


def _meant(name: str, known: Sequence[str]) -> str:
    if name == "search_space":
        return (
            f"it is {_GROUP}.params now: '{_GROUP}.params={{KEY: \"interval(LOW,HIGH)\"}}', or "
            "type KEY=interval(LOW,HIGH) alone"
        )
    return f"did you mean {_GROUP}.{nearest(name, known).split(', ')[0]}?"


def target_of(node: DictConfig | None) -> str:
    """Return the dotted path that a node of `hydra.sweeper` names, "" for none."""
    return "" if node is None else str(node.get("_target_") or "")
