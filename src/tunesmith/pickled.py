"""The file of a predictor: a fitted model with its preprocessing, pickled."""

import pickle
from pathlib import Path
from typing import Any

from tunesmith.errors import InvalidConfig
from tunesmith.extras import extra_of, install_extra
from tunesmith.paths import write_atomically


def write_predictor(fitted: Any, path: Path) -> Path:
    """Write the `predictor()` of a fitted model, and return where.

    Raises:
        Exception: Whatever pickle says of what it cannot write.

    """
    write_atomically(path, pickle.dumps(fitted.predictor()))
    return path


def read_predictor(path: Path) -> Any:
    """Return the predictor that a file holds; reading it runs the code that the file names.

    Raises:
        InvalidConfig: What it was made of is not to be found here.

    """
    try:
        return pickle.loads(path.read_bytes())
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        extra = extra_of(package)
        way_out = f"type {install_extra(extra)}" if extra else "predict from the folder it lies in"
        raise InvalidConfig(f"{path} needs the module {error.name!r}; {way_out}") from error
    except (AttributeError, EOFError, pickle.UnpicklingError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise InvalidConfig(
            f"{path} cannot be read here ({reason}); fit the model again, from a module of its own"
        ) from error
