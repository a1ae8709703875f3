"""What one trial computes: from a composed config to the values of its metrics.

Names load what they need when they are first used: `run_trial` brings neither PyTorch nor LightGBM.
"""

from typing import TYPE_CHECKING

from tunesmith._lazy import load_from

if TYPE_CHECKING:
    from tunesmith.objectives.delivery import check_refit_rows
    from tunesmith.objectives.lightgbm import LightGBM
    from tunesmith.objectives.lightning.objective import Lightning
    from tunesmith.objectives.objective import (
        FittedModel,
        Objective,
        Predictor,
        objective_of,
        restore_model,
        summarize_data,
        unread_groups,
    )
    from tunesmith.objectives.optuna_file import OptunaFile
    from tunesmith.objectives.parabola import quadratic
    from tunesmith.objectives.references import score_references
    from tunesmith.objectives.scikit_learn import ScikitLearn
    from tunesmith.objectives.table_space import suggest_for_table
    from tunesmith.objectives.trial import Outcome, run_trial

__all__ = [
    "FittedModel",
    "LightGBM",
    "Lightning",
    "Objective",
    "OptunaFile",
    "Outcome",
    "Predictor",
    "ScikitLearn",
    "check_refit_rows",
    "objective_of",
    "quadratic",
    "restore_model",
    "run_trial",
    "score_references",
    "suggest_for_table",
    "summarize_data",
    "unread_groups",
]

__getattr__ = load_from(
    __name__,
    {
        "FittedModel": "objective",
        "LightGBM": "lightgbm",
        "Lightning": "lightning.objective",
        "Objective": "objective",
        "OptunaFile": "optuna_file",
        "Outcome": "trial",
        "Predictor": "objective",
        "ScikitLearn": "scikit_learn",
        "check_refit_rows": "delivery",
        "objective_of": "objective",
        "quadratic": "parabola",
        "restore_model": "objective",
        "run_trial": "trial",
        "score_references": "references",
        "suggest_for_table": "table_space",
        "summarize_data": "objective",
        "unread_groups": "objective",
    },
)
