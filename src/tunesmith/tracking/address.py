"""Where MLflow's store is: which addresses are taken, and the password kept out of them."""

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from sqlalchemy import NullPool, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from tunesmith.errors import InvalidConfig
from tunesmith.passwords import hide_passwords
from tunesmith.places import no_database

VARIABLE = "MLFLOW_TRACKING_URI"
# What the operating system said, in the midst of all that was made of it.
_SYSTEM_ERROR = re.compile(r"\[Errno -?\d+\] ([^'\")]+)")
_SERVERS = ("http", "https")
_DATABASES = ("postgresql", "mysql", "mssql")


def without_password(uri: str) -> str:
    """Return a server's URI without user and password, which MLflow then has from its variables.

    So neither a message of MLflow or of what it uses, nor a file, can hold them.
    """
    parts = urlsplit(uri)
    if parts.scheme not in _SERVERS or "@" not in parts.netloc:
        return uri
    user, _, host = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    os.environ["MLFLOW_TRACKING_USERNAME"] = unquote(name)
    os.environ["MLFLOW_TRACKING_PASSWORD"] = unquote(password)
    return urlunsplit(parts._replace(netloc=host))


def check_address(uri: str) -> None:
    """Raise InvalidConfig for a folder, or a database that cannot be opened; writes nothing."""
    scheme = urlsplit(uri).scheme.partition("+")[0]
    if scheme in ("", "file") and not uri.startswith(("databricks", "uc")):
        if os.environ.get("MLFLOW_ALLOW_FILE_STORE", "").lower() not in ("true", "1"):
            raise InvalidConfig(
                f"{named(uri)} is a folder, which MLflow no longer writes to; {_WAYS_OUT}"
            )
    elif scheme in _DATABASES:
        _check_database(uri)
    elif (file := sqlite_file(uri)) is not None and (problem := no_database(file)):
        raise unreachable(uri, ValueError(problem))


def _check_database(uri: str) -> None:
    # MLflow itself would try for minutes.
    try:
        engine = create_engine(uri, poolclass=NullPool)
        engine.connect().close()
    except (SQLAlchemyError, ImportError) as error:
        raise unreachable(uri, error) from None


def unreachable(uri: str, error: Exception) -> InvalidConfig:
    """Return the mistake that the store at a URI does not answer, for this reason."""
    return InvalidConfig(f"{named(uri)} cannot be used: {reason_of(error)}; {_WAYS_OUT}")


def reason_of(error: Exception) -> str:
    """Return in a few words and without a password why a store does not answer."""
    text = hide_passwords(str(getattr(error, "orig", None) or error)).strip()
    if found := _SYSTEM_ERROR.search(text):
        return found[1]
    return text.splitlines()[0][:200] if text else type(error).__name__


_WAYS_OUT = (
    f"type export {VARIABLE}=URL with a server or database that runs, unset {VARIABLE} for a file "
    "below the output root, or tracking=none"
)


def named(uri: str) -> str:
    """Return what the user set, with its value but without a password."""
    typed = os.environ.get(VARIABLE)
    name = VARIABLE if typed and without_password(typed) == uri else "tracking.uri"
    return f"{name}={hide_passwords(uri)}"


def sqlite_file(uri: str) -> Path | None:
    """Return the file of an SQLite store; None for any other."""
    if not uri.startswith("sqlite:"):
        return None
    database = make_url(uri).database
    return None if database in (None, "", ":memory:") else Path(str(database))
