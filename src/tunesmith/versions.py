"""Where Hydra 1.3 and 1.4 differ, and OmegaConf 2.3 and 2.4."""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import hydra.utils
from hydra.core.utils import configure_log
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf

from tunesmith.extras import install_extra

# Since 1.4 an app says what its configs may run.
HAS_WHITELISTS = not version("hydra-core").startswith("1.3.")


def require_whitelists() -> None:
    """End the command with one line where this package's own configs cannot run."""
    if HAS_WHITELISTS:
        return
    raise SystemExit(
        f"Tunesmith's own configs need Hydra 1.4, and {version('hydra-core')} is installed (enough "
        f"for hydra/sweeper=optuna_study in an app of yours); type {install_extra('all')}, "
        f"or {install_extra('configs')} for a search of a function without tracking"
    )


def register_resolver(name: str, resolver: Callable[..., Any]) -> None:
    """Register a resolver of OmegaConf, in place of an earlier one of that name."""
    # 2.4 warns of the name that 2.3 knows.
    register = OmegaConf.register_resolver if HAS_WHITELISTS else OmegaConf.register_new_resolver
    register(name, resolver, replace=True)


def configure_logging(hydra: DictConfig, context: HydraContext) -> None:
    """Set up the logging between jobs, as Hydra does after each job.

    Args:
        hydra: The node `hydra` of a composed config.
        context: What Hydra handed over.

    """
    further = {"execution_whitelist": context.execution_whitelist} if HAS_WHITELISTS else {}
    configure_log(hydra.hydra_logging, hydra.verbose, **further)


def instantiate(node: Any, *, trusted: Sequence[str] = (), **arguments: Any) -> Any:
    """Instantiate a config as Hydra does.

    Args:
        node: The config.
        trusted: What it may run besides what the app's own whitelist names: `optuna.*`.
        arguments: Hydra's own, such as `_partial_`.

    """
    if HAS_WHITELISTS and trusted:
        arguments["_execution_whitelist_"] = list(trusted)
    return hydra.utils.instantiate(node, **arguments)


def has_whitelist() -> bool:
    """Return whether the app that runs says what its configs may run."""
    if not HAS_WHITELISTS:
        return False
    from hydra._internal.execution_policy import _get_active_execution_whitelist

    return _get_active_execution_whitelist() is not None
