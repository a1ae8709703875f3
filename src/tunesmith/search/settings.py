"""The values of `hydra.sweeper` and `confirm`, typed, and checked where they are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import inf
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from tunesmith.errors import InvalidArgument, InvalidConfig, nearest, terminator_gone
from tunesmith.paths import study_file
from tunesmith.study import Direction
from tunesmith.validate import require_choice, require_integer, require_positive

CODE_CHANGES = ("refuse", "continue", "new")
STORAGES = ("file", "memory")
_GROUP = "hydra.sweeper"
# Keys of earlier releases of the stock plug-in.
_GONE = {
    "search_space": (
        f"it is {_GROUP}.params now: '{_GROUP}.params={{KEY: \"interval(LOW,HIGH)\"}}', or "
        "type KEY=interval(LOW,HIGH) alone"
    ),
    "optuna_config": f"write what it holds as keys of {_GROUP} itself",
}


@dataclass(frozen=True)
class ConfirmSettings:
    """The best `n_best` trials and the baseline are trained again on `n_seeds` seeds.

    Each with the further `overrides`.

    Raises:
        InvalidArgument: One of the two is no such number.

    """

    n_best: int = 0
    n_seeds: int = 0
    overrides: Sequence[str] = ()

    def __post_init__(self) -> None:
        _require_number("n_best", self.n_best, minimum=0, example=3)
        _require_number("n_seeds", self.n_seeds, minimum=1 if self.n_best else 0, example=5)

    def __bool__(self) -> bool:
        return self.n_best > 0

    def told(self, *, has_baseline: bool) -> str:
        """Return what is trained again, and how often, in words."""
        if not self:
            return "no trial is trained again"
        n_points, baseline = self.n_best + has_baseline, " and the baseline" * has_baseline
        return (
            f"the best {self.n_best}{baseline} on {self.n_seeds} new seeds, "
            f"up to {n_points * self.n_seeds} fits (confirm=none: none)"
        )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The values of `hydra.sweeper`, which `tunesmith.sweeper.OptunaStudyConf` describes.

    Attributes:
        storage: The URL of the study's store; None keeps it in memory.
        metrics: What the values are called, one for each direction.
        directions: `minimize` or `maximize`, one for each metric.

    Raises:
        InvalidConfig: A value cannot be searched with; names the key and a value to try.

    """

    sampler: DictConfig
    pruner: DictConfig | None
    terminator: DictConfig | None
    directions: Sequence[Direction]
    metrics: Sequence[str]
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
    prune: bool
    dry_run: bool
    worker_only: bool
    check: str | None
    restore: str | None
    unread: str | None
    summary: str | None
    references: str | None
    tracking: DictConfig | None
    refit: bool
    repeat: int
    folds: int | None
    max_epochs: int | None
    confirm: "ConfirmSettings"
    seed_key: str | None
    threads_key: str | None
    drawn_key: str | None
    ignored_keys: Sequence[str]

    @property
    def n_fits(self) -> int:
        """How many fits a trial is the mean of."""
        return self.repeat * (self.folds or 1)

    @property
    def is_single(self) -> bool:
        """Whether one metric ranks the trials."""
        return len(self.metrics) == 1

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
        if self.worker_only and self.storage is None:
            raise InvalidArgument(
                f"{_GROUP}.worker_only",
                "false with storage=memory, which no other command sees",
                True,
                way_out="try storage=postgresql",
            )
        target = target_of(self.terminator)
        if target.startswith("optuna.terminator."):
            raise InvalidConfig(terminator_gone(f"{_GROUP}.terminator._target_={target}"))


def _require_number(name: str, value: object, *, minimum: int, example: int) -> None:
    try:
        require_integer(f"confirm.{name}", value, minimum=minimum, example=example)
    except InvalidArgument as error:
        raise InvalidConfig(f"{error}, or confirm=none") from error


def target_of(node: DictConfig | None) -> str:
    """Return the dotted path that a node of `hydra.sweeper` names, "" for none."""
    return "" if node is None else str(node.get("_target_") or "")


def read_settings(config: DictConfig, values: Mapping[str, Any]) -> Settings:
    """Return the settings of a sweeper's keys; the sweeper has refused unknown ones.

    Args:
        config: Hydra's multirun config.
        values: The keys and their values.

    Raises:
        InvalidConfig: A value cannot be searched with; names the key and a value to try.

    """
    _require_known(values)
    _require_nodes(values)
    if values["direction"] is None:
        raise InvalidConfig(
            "hydra/sweeper=experiment is for this package's own configs, and metric.direction is "
            "not there; try hydra/sweeper=optuna_study"
        )
    directions = _listed(values["direction"])
    read: dict[str, Any] = {
        "storage": _storage(values, Path(config.hydra.sweep.dir)),
        "directions": [getattr(direction, "name", direction) for direction in directions],
        "metrics": _metrics(values["metric"], n_directions=len(directions)),
        "confirm": _confirm(values),
        "ignored_keys": list(values["ignored_keys"]),
    }
    same = {f.name: values[f.name] for f in fields(Settings) if f.name not in read}
    return Settings(**read, **same)


def _require_known(values: Mapping[str, Any]) -> None:
    """Raise InvalidConfig for a key that nothing reads: `+` adds any."""
    known = [
        *(field.name for field in fields(Settings)),
        *("direction", "metric", "default_storage", *_GONE),
    ]
    for name, value in values.items():
        if name in _GONE and value is not None:
            raise InvalidConfig(f"{_GROUP} has no key {name!r}; {_GONE[name]}")
        if name not in known:
            meant = nearest(name, known).split(", ")[0]
            raise InvalidConfig(f"{_GROUP} has no key {name!r}; did you mean {_GROUP}.{meant}?")


def _require_nodes(values: Mapping[str, Any]) -> None:
    """Raise InvalidConfig for a text where keys belong: an option is chosen with slashes."""
    for name in ("sampler", "pruner", "terminator"):
        if isinstance(value := values[name], str):
            raise InvalidConfig(
                f"{_GROUP}.{name} must hold keys, got {value!r}; options are chosen with slashes, "
                f"try {_GROUP.replace('.', '/')}/{name}={value}"
            )
    params = values["params"]
    if params is not None and not isinstance(params, Mapping) and not OmegaConf.is_dict(params):
        raise InvalidConfig(
            f"{_GROUP}.params must hold a sweep for each key, got {params!r}; "
            "try KEY=interval(LOW,HIGH) or KEY=choice(A,B) alone"
        )


def _listed(value: Any) -> list[Any]:
    return list(value) if OmegaConf.is_list(value) or isinstance(value, list | tuple) else [value]


def _storage(values: Mapping[str, Any], sweeps: Path) -> str | None:
    require_choice(f"{_GROUP}.default_storage", values["default_storage"], STORAGES)
    if values["storage"] is not None:
        return str(values["storage"])  # What is no URL is said where it is opened.
    is_file = values["default_storage"] == "file"
    return f"sqlite:///{study_file(sweeps)}" if is_file else None


def _metrics(metric: Any, *, n_directions: int) -> list[str]:
    if metric is not None:
        return [str(name) for name in _listed(metric)]
    return ["value"] if n_directions == 1 else [f"value_{i}" for i in range(n_directions)]


def _confirm(values: Mapping[str, Any]) -> ConfirmSettings:
    node = values["confirm"]
    # Several metrics rank no best trial.
    if node is None or len(_listed(values["direction"])) > 1:
        return ConfirmSettings()
    if values["seed_key"] is None and node.n_best:
        raise InvalidConfig(
            f"{_GROUP}.confirm needs the key of the app's seed; try {_GROUP}.seed_key=seed"
        )
    return ConfirmSettings(node.n_best, node.n_seeds, list(node.get("overrides") or ()))
