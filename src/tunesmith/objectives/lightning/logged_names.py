"""Read from a LightningModule's source which metrics it can log, where that can be known."""

import ast
import inspect
import re
from collections.abc import Collection, Iterator

# Lightning's own endings of a name.
_ENDINGS = r"(_step|_epoch)?(/dataloader_idx_\d+)?"
_LIBRARIES = {"builtins", "lightning", "pytorch_lightning", "torch"}


def can_log(kind: type, name: str) -> bool:
    """Return False only if no text in the source of a module's classes can make up this name.

    True where it cannot be known: the source is not there, names come from elsewhere, or the module
    is handed to other code, which may log.
    """
    patterns = _patterns(kind)
    return patterns is None or any(re.fullmatch(known + _ENDINGS, name) for known in patterns)


def is_listed(names: Collection[str], name: str) -> bool:
    """Return whether a metric is one of these, or one of them with an ending of Lightning's."""
    return any(re.fullmatch(re.escape(known) + _ENDINGS, name) for known in names)


def texts_like_names(kind: type) -> list[str]:
    """Return the texts in a module's source that may be names of metrics."""
    return [
        node.value
        for tree in _trees(kind)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"\w+[/_]\w+", node.value)
    ]


def _patterns(kind: type) -> list[str] | None:
    found: list[str] = []
    try:
        trees = _trees(kind)
    except (OSError, TypeError, SyntaxError):
        return None
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Call) and not _is_understood(node):
            return None
        if (pattern := _pattern(node)) is not None:
            found.append(pattern)
    return found


def _trees(kind: type) -> list[ast.AST]:
    own = (c for c in kind.__mro__ if c.__module__.partition(".")[0] not in _LIBRARIES)
    return [ast.parse(inspect.cleandoc("\n" + inspect.getsource(c))) for c in own]


def _is_understood(call: ast.Call) -> bool:
    """Return whether a call hands the module to nobody, and names what it logs by texts."""
    function = call.func
    if isinstance(function, ast.Attribute) and function.attr.startswith("__"):
        return True  # object.__setattr__(self, ...) and the like
    if any(map(_is_self, _given(call))):
        return False
    if not (isinstance(function, ast.Attribute) and _is_self(function.value)):
        return True
    if function.attr not in ("log", "log_dict"):
        return True
    name = call.args[0] if call.args else None
    if function.attr == "log_dict":
        return isinstance(name, ast.Dict) and all(
            key is not None and _is_text(key) for key in name.keys
        )
    return name is not None and _is_text(name)


def _given(call: ast.Call) -> Iterator[ast.expr]:
    yield from call.args
    yield from (keyword.value for keyword in call.keywords)


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _is_text(node: ast.expr) -> bool:
    # A plain name is an argument of the method: its text stands where the method is called.
    return isinstance(node, ast.Name | ast.JoinedStr | ast.Constant)


def _pattern(node: ast.AST) -> str | None:
    """Return the regular expression of what a text, or an f-string, can be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_pattern(part) or ".*" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        sides = (_pattern(node.left), _pattern(node.right))
        return None if sides == (None, None) else ".*"  # "val/" + name
    return None
