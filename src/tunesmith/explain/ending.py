"""End a command by a user's mistake."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from tunesmith.errors import InvalidConfig
from tunesmith.explain.circles import endless_defaults
from tunesmith.explain.line import one_line


@contextmanager
def ending_in_one_line(known_keys: Callable[[], Sequence[str]] | None = None) -> Iterator[None]:
    """End the command by a user's mistake in one line and exit code 1, as `run` does.

    With `HYDRA_FULL_ERROR=1` the mistake is raised as it is.

    Args:
        known_keys: Returns the keys of the config, for a key that there is not.

    """
    try:
        yield
    except (InvalidConfig, HydraException, OmegaConfBaseException, YAMLError) as error:
        if os.environ.get("HYDRA_FULL_ERROR") == "1":
            raise
        raise SystemExit(one_line(error, known_keys=known_keys)) from error
    except RecursionError as error:
        line = endless_defaults(error)
        if line is None or os.environ.get("HYDRA_FULL_ERROR") == "1":
            raise
        raise SystemExit(line) from error
