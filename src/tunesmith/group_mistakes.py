"""Say which config group holds the value that a constructor refuses."""

import contextlib
import re
import sys
from collections.abc import Iterator

from hydra.errors import InstantiationException
from omegaconf.errors import InterpolationResolutionError

from tunesmith.errors import InvalidArgument, InvalidConfig, import_failure, untrusted

_REFUSALS = (InstantiationException, ValueError, TypeError, ImportError, LookupError)
# By name: not every objective needs Lightning.
_OF_LIGHTNING = "MisconfigurationException"
_UNEXPECTED = re.compile(r"unexpected keyword argument '(\w+)'")
_LACKING = re.compile(r"missing \d+ required .*arguments?: '(\w+)'")


@contextlib.contextmanager
def naming_group(group: str) -> Iterator[None]:
    """Turn what a constructor refuses into one line that names the config group."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, _REFUSALS) and type(error).__name__ != _OF_LIGHTNING:
            raise
        if isinstance(error, InterpolationResolutionError):
            raise  # What it is about is another key.
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
        said = " ".join(str(refused).partition("full_key:")[0].split()).rstrip(".")
        raise InvalidConfig(f"{group}: {said}{_way_out(group, said)}") from error


def _way_out(group: str, said: str) -> str:
    """Return what to type where a constructor complains of its arguments; empty if unknown."""
    found = _UNEXPECTED.search(said)
    if found and any(typed.lstrip("+").startswith(f"{group}.{found[1]}=") for typed in sys.argv):
        return f"; leave {group}.{found[1]} out, or choose another option of {group}"
    if found := _LACKING.search(said):
        way_out = f"add +{group}.{found[1]}=VALUE"
        return f"; {'try optimizer._partial_=true' if found[1] == 'params' else way_out}"
    return "" if ";" in said else f"; correct {group}.KEY, or choose another option of {group}"
