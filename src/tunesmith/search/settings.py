"""What of `hydra.sweeper` cannot be searched with."""

from collections.abc import Mapping, Sequence
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from optuna.samplers import BaseSampler, CmaEsSampler

from tunesmith.errors import InvalidConfig, untrusted
from tunesmith.study import without_notices


def check_settings(settings: dict[str, Any]) -> None:
    """Raise InvalidConfig for a value out of its range."""
    for name, example in (("n_trials", 100), ("n_jobs", 1)):
        if settings[name] < 1:
            raise InvalidConfig(
                f"hydra.sweeper.{name} must be at least 1, got {settings[name]}; "
                f"try hydra.sweeper.{name}={example}"
            )
    if settings["n_jobs"] > 1 and settings["storage"] is None:
        raise InvalidConfig(
            f"storage=memory takes one worker, got hydra.sweeper.n_jobs={settings['n_jobs']}; "
            "try storage=sqlite"
        )
    timeout = settings["timeout"]
    if timeout is not None and not timeout > 0:
        raise InvalidConfig(
            f"hydra.sweeper.timeout must be a positive number of seconds, got {timeout}; "
            "try hydra.sweeper.timeout=3600"
        )
    rate = settings["max_failure_rate"]
    if not 0 <= rate <= 1:
        raise InvalidConfig(
            f"hydra.sweeper.max_failure_rate must lie in 0 ... 1, got {rate}; "
            "try hydra.sweeper.max_failure_rate=0.5"
        )


def check_confirm(base: DictConfig) -> None:
    """Raise InvalidConfig for a `confirm` that is no number of trials or seeds."""
    n_best, n_seeds = (OmegaConf.select(base, f"confirm.{key}") for key in ("n_best", "n_seeds"))
    for name, value, minimum, example in (
        ("n_best", n_best, 0, 3),
        ("n_seeds", n_seeds, 1 if n_best else 0, 5),
    ):
        if value is not None and (not isinstance(value, int) or value < minimum):
            raise InvalidConfig(
                f"confirm.{name} must be an integer of at least {minimum}, got {value!r}; "
                f"try confirm.{name}={example}, or confirm=none"
            )


def check_for_metrics(
    names: Sequence[str], *, settings: Mapping[str, Any], prunes: bool, terminates: bool
) -> None:
    """Raise InvalidConfig for what Optuna knows for one metric only, if there are several."""
    for group, asked, way_out in (
        ("pruner", prunes, "none"),
        ("terminator", terminates, "none"),
        ("sampler", is_kind(settings["sampler"], CmaEsSampler), "nsgaii"),
    ):
        if asked and len(names) > 1:
            target = str(settings[group]["_target_"]).rpartition(".")[2]
            raise InvalidConfig(
                f"hydra/sweeper/{group}: {target} knows one metric only, got metric.name="
                f"[{','.join(names)}]; try hydra/sweeper/{group}={way_out}"
            )


def is_kind(sampler: DictConfig, kind: type[BaseSampler]) -> bool:
    """Whether a sampler's config names this class."""
    return str(sampler.get("_target_", "")).endswith(f".{kind.__name__}")


def make(name: str, settings: Mapping[str, Any]) -> Any:
    """Build what `hydra.sweeper.<name>` configures; InvalidConfig says what its class refuses."""
    try:
        with without_notices():
            return instantiate(settings[name])
    except (InstantiationException, ValueError, TypeError) as error:
        if refusal := untrusted(str(error)):
            raise InvalidConfig(f"hydra.sweeper.{name}: {refusal}") from error
        reason = " ".join(str(error).split("full_key:")[0].split()).rstrip(".")
        raise InvalidConfig(
            f"hydra.sweeper.{name} cannot be made: {reason}; try hydra/sweeper/{name}=none"
        ) from error
