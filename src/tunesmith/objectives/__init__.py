"""What one trial computes: from a composed config to the values of its metrics.

Names load what they need when they are first used: `run_trial` brings neither PyTorch nor LightGBM.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tunesmith.objectives.lightgbm import LightGBM
    from tunesmith.objectives.lightning.objective import Lightning
    from tunesmith.objectives.objective import FittedModel, Objective, Predictor, objective_of
    from tunesmith.objectives.optuna_file import OptunaFile
    from tunesmith.objectives.parabola import quadratic
    from tunesmith.objectives.trial import run_trial

__all__ = [
    "FittedModel",
    "LightGBM",
    "Lightning",
    "Objective",
    "OptunaFile",
    "Predictor",
    "objective_of",
    "quadratic",
    "run_trial",
]

_HOMES = {
    "FittedModel": "objective",
    "LightGBM": "lightgbm",
    "Lightning": "lightning.objective",
    "Objective": "objective",
    "OptunaFile": "optuna_file",
    "Predictor": "objective",
    "objective_of": "objective",
    "quadratic": "parabola",
    "run_trial": "trial",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
