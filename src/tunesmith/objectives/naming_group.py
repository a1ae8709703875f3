"""Say which config group holds the value that a constructor refuses."""

import contextlib
from collections.abc import Iterator

from hydra.errors import InstantiationException

from tunesmith.errors import InvalidConfig, import_failure, untrusted


@contextlib.contextmanager
def naming_group(group: str) -> Iterator[None]:
    """Turn what a constructor refuses into one line that names the config group."""
    try:
        yield
    except (InstantiationException, ValueError, TypeError) as error:
        if refusal := untrusted(str(error)):
            raise InvalidConfig(f"{group}: {refusal}") from error
        if failure := import_failure(error):
            raise InvalidConfig(f"{group}: {failure}") from error
        # Hydra raises what the constructor raised, or an error of its own because of that.
        cause = error.__cause__ if isinstance(error, InstantiationException) else None
        message = " ".join(str(cause or error).split())
        # Our own classes open with the argument's name and end with an example of it.
        name = message.split(" ", 1)[0]
        before = message
        for quote in ("", "'"):
            message = message.replace(f"try {quote}{name}=", f"try {quote}{group}.{name}=")
        owns_name = message != before
        raise InvalidConfig(f"{group}{'.' if owns_name else ': '}{message}") from error
