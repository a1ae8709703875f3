"""Read from a function's source which parameters it asks its trial for, whatever comes."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

# What is inside may be computed never, or later.
_PERHAPS = (ast.Lambda, ast.IfExp, ast.BoolOp, ast.comprehension)
_BRANCHES = (ast.If, ast.For, ast.While, ast.Try, ast.Match)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_ENDS = (ast.Return, ast.Raise)


def asked_parameters(function: Callable[..., Any]) -> list[str]:
    """Return the names that a function of a trial asks for in every call, in their order.

    Those in branches and loops are left out, and all behind one that may end the function; none are
    known where the source is not there.
    """
    try:
        [definition] = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return []
    if not isinstance(definition, ast.FunctionDef) or not definition.args.args:
        return []
    trial = definition.args.args[0].arg
    return list(dict.fromkeys(_asked(definition.body, trial)))


def _asked(body: list[ast.stmt], trial: str) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, _DEFINITIONS):
            continue
        if isinstance(statement, ast.With):
            yield from _asked(statement.body, trial)
        elif not isinstance(statement, _BRANCHES):
            yield from _names(statement, trial)
        if any(isinstance(node, _ENDS) for node in ast.walk(statement)):
            return


def _names(node: ast.AST, trial: str) -> Iterator[str]:
    """Yield the names that one statement asks for."""
    if isinstance(node, _PERHAPS):
        return
    if isinstance(node, ast.Call) and (name := _asked_by(node, trial)) is not None:
        yield name
    for child in ast.iter_child_nodes(node):
        yield from _names(child, trial)


def _asked_by(call: ast.Call, trial: str) -> str | None:
    function = call.func
    if not isinstance(function, ast.Attribute) or not function.attr.startswith("suggest_"):
        return None
    if not isinstance(function.value, ast.Name) or function.value.id != trial:
        return None
    given = [*call.args[:1], *(word.value for word in call.keywords if word.arg == "name")]
    name = given[0] if given else None
    is_text = isinstance(name, ast.Constant) and isinstance(name.value, str)
    return str(name.value) if is_text else None  # type: ignore[union-attr]
