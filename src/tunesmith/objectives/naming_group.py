"""Say which config group holds the value that a constructor refuses."""

import contextlib
from collections.abc import Iterator

from hydra.errors import InstantiationException

from tunesmith.errors import InvalidArgument, InvalidConfig, import_failure, untrusted


@contextlib.contextmanager
def naming_group(group: str) -> Iterator[None]:
    """Turn what a constructor refuses into one line that names the config group."""
    try:
        yield
    except (InstantiationException, ValueError, TypeError, ImportError) as error:
        if refusal := untrusted(str(error)):
            raise InvalidConfig(f"{group}: {refusal}") from error
        if failure := import_failure(error):
            # What a constructor imports itself is already told by its key, such as loggers.x.
            named = failure if failure.startswith(group) else f"{group}: {failure}"
            raise InvalidConfig(named) from error
        # Hydra raises what the constructor raised, or an error of its own because of that.
        cause = error.__cause__ if isinstance(error, InstantiationException) else None
        refused = cause or error
        if isinstance(refused, InvalidArgument):
            raise refused.within(group) from error
        raise InvalidConfig(f"{group}: {' '.join(str(refused).split())}") from error
