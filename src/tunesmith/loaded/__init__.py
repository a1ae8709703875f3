"""Searches and models in Python: what `tunesmith.load` and `tunesmith.load_model` return."""

from typing import TYPE_CHECKING

from tunesmith._lazy import load_from

if TYPE_CHECKING:
    from tunesmith.loaded.model import Model, load_model
    from tunesmith.loaded.opening import load
    from tunesmith.loaded.search import LoadedSearch, Winner

__all__ = ["LoadedSearch", "Model", "Winner", "load", "load_model"]

# Late: a model is used without Optuna.
__getattr__ = load_from(
    __name__,
    {
        "LoadedSearch": "search",
        "Model": "model",
        "Winner": "search",
        "load": "opening",
        "load_model": "model",
    },
)
