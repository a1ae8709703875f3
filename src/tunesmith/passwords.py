"""Keep passwords out of all that is shown or saved."""

import re
from collections.abc import Sequence

from tunesmith.errors import InvalidConfig

# postgresql://user:PASSWORD@host and ...?password=PASSWORD
_IN_USER = re.compile(r"(\w://[^/\s:@]*):[^/\s]*@")
_IN_QUERY = re.compile(r"([?&](?:password|passwd|token)=)[^&\s'\"]+", re.IGNORECASE)


def holds_password(text: str) -> bool:
    """Return True if a URL in the text holds a password.

    >>> holds_password("storage.url=postgresql://me:secret@host/db")
    True

    """
    return _IN_USER.search(text) is not None or _IN_QUERY.search(text) is not None


def hide_passwords(text: str) -> str:
    """Return the text with the password of every URL in it replaced by stars.

    >>> hide_passwords("cannot open postgresql://me:secret@host/db?password=secret")
    'cannot open postgresql://me:***@host/db?password=***'

    """
    return _IN_QUERY.sub(r"\1***", _IN_USER.sub(r"\1:***@", text))


def refuse_passwords(arguments: Sequence[str]) -> None:
    """Raise InvalidConfig for a password typed on the command line: it would be saved with it."""
    for argument in arguments:
        if holds_password(argument):
            raise InvalidConfig(
                f"{hide_passwords(argument.partition('=')[0])} holds a password, which the command "
                "line would give away; type export OPTUNA_STORAGE=URL or "
                "export MLFLOW_TRACKING_URI=URL instead"
            )
