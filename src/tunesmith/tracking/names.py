"""Names that MLflow takes, made of any."""

import hashlib
import posixpath
import re

from mlflow.utils.validation import MAX_ENTITY_KEY_LENGTH, validate_param_and_metric_name

_REFUSED = re.compile(r"[^/\w.\- ]")
_DIGEST = 8


class Names:
    """The names of one run, each given a name of its own that MLflow takes.

    >>> names = Names()
    >>> names.clean("val/mse"), names.clean("MAP@10"), names.clean("MAP?10")
    ('val/mse', 'MAP_10', 'MAP_10_2')

    """

    def __init__(self) -> None:
        self._taken: dict[str, str] = {}

    def clean(self, name: str) -> str:
        """Return the name that stands for `name` in this run: itself wherever MLflow takes it."""
        if name not in self._taken:
            self._taken[name] = self._unused(name if is_taken(name) else _cleaned(name))
        return self._taken[name]

    def _unused(self, name: str) -> str:
        candidate, number = name, 1
        while candidate in self._taken.values():
            number += 1
            candidate = f"{name[: MAX_ENTITY_KEY_LENGTH - 4]}_{number}"
        return candidate


def is_taken(name: str) -> bool:
    """Return whether MLflow takes a metric or parameter of this name, which it uses as a path."""
    return (
        bool(validate_param_and_metric_name(name))  # type: ignore[no-untyped-call]
        and len(name) <= MAX_ENTITY_KEY_LENGTH
        and posixpath.normpath(name) == name
        and not name.startswith(("..", "/"))
        and name != "."
    )


def _cleaned(name: str) -> str:
    parts = (part for part in _REFUSED.sub("_", name).split("/") if part.strip("."))
    text = "/".join(parts).lstrip(".") or "unnamed"
    if len(text) <= MAX_ENTITY_KEY_LENGTH:
        return text
    # Long names tend to differ at their ends.
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{text[: MAX_ENTITY_KEY_LENGTH - _DIGEST - 1].rstrip('/')}-{digest}"
