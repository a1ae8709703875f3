"""Write Hydra's override grammar: the only module that does.

See "The Override Grammar" in Hydra's documentation. What is written here is read back by Hydra as
the very same value.
"""

import contextlib
import json
import re
import shlex
from decimal import Decimal
from typing import TYPE_CHECKING

from hydra.core.override_parser.types import Override, Quote, QuotedString

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

# What Hydra reads as the same text without quotes, unless it is a word for something else.
_PLAIN_TEXT = re.compile(r"[A-Za-z_][\w./-]*", re.ASCII)
_NOT_TEXT = {"true", "false", "null", "nan", "inf"}
# A key of a dict takes no quotes: only these characters, some of them after a backslash.
_KEY_TEXT = re.compile(r"[\w/\-+.$%*@?|\\()\[\]{}:=, \t]+", re.ASCII)
_KEY_ESCAPED = re.compile(r"[\\()\[\]{}:=, \t]")
_INTEGER, _DIGITS = r"(0|[1-9](_?\d)*)", r"\d(_?\d)*"
_NUMBER = re.compile(
    rf"[+-]?({_INTEGER}\.?|{_INTEGER}?\.{_DIGITS})(e[+-]?{_DIGITS})?|[+-](inf|nan)", re.IGNORECASE
)
# How each function of the grammar that takes arguments of its own is called.
SWEEPS = {
    "choice": "choice(A,B)",
    "interval": "interval(LOW,HIGH)",
    "range": "range(START,STOP,STEP)",
    "tag": "tag(log,interval(LOW,HIGH))",
    "int": "int(interval(LOW,HIGH))",
}


def write_value(value: object, *, quote: Quote = Quote.single) -> str:
    """Return a value in Hydra's grammar: `0.01`, `null`, `relu`, `'a,b'`, `[8,16]`, `{a:1}`.

    Args:
        value: None, a bool, a number, a text, or a list or dict of these.
        quote: The quotes of a text that needs some.

    Raises:
        ValueError: The grammar has no way to write a key of a dict.

    """
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            is_plain = _PLAIN_TEXT.fullmatch(value) and value.lower() not in _NOT_TEXT
            return value if is_plain else QuotedString(value, quote).with_quotes()
        case list() | tuple():
            return f"[{','.join(write_value(item, quote=quote) for item in value)}]"
        case dict():
            items = (f"{_key(key)}:{write_value(item, quote=quote)}" for key, item in value.items())
            return f"{{{','.join(items)}}}"
    return repr(value) if isinstance(value, float) else str(value)


def _key(key: object) -> str:
    if not isinstance(key, str):
        return write_value(key)
    # Hydra would read a number or a keyword, and cannot be told that it is text.
    is_word = key.lower() in _NOT_TEXT or _NUMBER.fullmatch(key)
    if is_word or "${" in key or not _KEY_TEXT.fullmatch(key):
        raise ValueError(
            f"Hydra's grammar cannot write the key {key!r} of a dict; "
            "use a key of ASCII letters that is neither a number nor a keyword"
        )
    return _KEY_ESCAPED.sub(r"\\\g<0>", key)


def plain_value(override: Override) -> object:
    """Return what an override that is no sweep sets, without the quotes of a text."""
    value = override.value()
    return value.text if isinstance(value, QuotedString) else value


def write_override(key: str, value: object) -> str:
    """Return an override that sets a key to a value: `optimizer.lr=0.01`, `tag='a,b'`."""
    return f"{key}={write_value(value)}"


def write_for_shell(key: str, value: object) -> str:
    """Return an override as it is typed into a shell: `'data.path="a b.csv"'`."""
    return shlex.quote(f"{key}={write_value(value, quote=Quote.double)}")


def quote_for_shell(override: str) -> str:
    """Return an override, also one of a sweep, as it is typed into a shell: `'x=choice(1,2)'`."""
    return shlex.quote(override)


def write_data(values: dict[str, object]) -> str:
    """Return values as a JSON text in which no interpolation is read: data is what it says."""
    return json.dumps(values).replace("${", "\\u0024{")


def data_node(values: dict[str, object]) -> dict[str, object] | str:
    """Return values as a config may hold them: as JSON where one looks like an interpolation."""
    return write_data(values) if "${" in json.dumps(values) else values


def read_data(node: object) -> object:
    """Return the values that `data_node` holds as JSON; anything else as it is."""
    if isinstance(node, str):
        with contextlib.suppress(json.JSONDecodeError):
            return json.loads(node)
    return node


def write_sweep(distribution: "BaseDistribution") -> str:
    """Return a distribution as the value of a sweep: `tag(log,interval(1e-05,0.1))`.

    Raises:
        ValueError: The distribution is none of Optuna's own three.

    """
    # Here: the grammar is also written where Optuna is not loaded.
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    d = distribution
    match d:
        case CategoricalDistribution():
            choices = ",".join(map(write_value, d.choices))
            # Hydra's choice() takes no null, a plain list of choices does.
            return choices if None in d.choices else f"choice({choices})"
        case IntDistribution(step=1):
            return _on_scale(f"int(interval({d.low},{d.high}))", log=d.log)
        case IntDistribution():
            return f"range({d.low},{d.high + 1},{d.step})"
        case FloatDistribution(step=float(step)):
            # Hydra's stop is exclusive, Optuna's high is not.
            stop = Decimal(str(d.high)) + Decimal(str(step)) / 2
            return f"range({d.low!r},{float(stop)!r},{step!r})"
        case FloatDistribution():
            return _on_scale(f"interval({d.low!r},{d.high!r})", log=d.log)
    raise ValueError(
        f"expected a float, integer or categorical distribution, got {d!r}; "
        "leave this parameter out of the new space"
    )


def _on_scale(interval: str, *, log: bool) -> str:
    return f"tag(log,{interval})" if log else interval
