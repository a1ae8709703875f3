"""Hydra-configured experiments: Lightning trains one trial, Optuna searches, MLflow remembers.

In a notebook, `load` opens a search and `load_model` its winner's model. A train.py calls `run` and
`run_trial`; an app with an entry of its own takes `current_trial` and `PruneTrial`. An objective of
your own is a subclass of `Objective`.

Users may import what `__all__` lists, here and in the packages `objectives`, `models`, `data`,
`tracking`, `study`, `advice`, `report` and `loaded`; every other name may change.
"""

from typing import TYPE_CHECKING

from tunesmith._lazy import load_from

if TYPE_CHECKING:
    from tunesmith.check import CheckBeforeRun
    from tunesmith.cli import LIBRARIES, run
    from tunesmith.errors import InvalidConfig
    from tunesmith.loaded import load, load_model
    from tunesmith.log_filter import OwnMessages
    from tunesmith.objectives import Objective, run_trial
    from tunesmith.prune_trial import PruneTrial
    from tunesmith.renamed import RenamedConfig
    from tunesmith.study import current_trial

__all__ = [
    "LIBRARIES",
    "CheckBeforeRun",
    "InvalidConfig",
    "Objective",
    "OwnMessages",
    "PruneTrial",
    "RenamedConfig",
    "current_trial",
    "load",
    "load_model",
    "run",
    "run_trial",
]

# Late: `--help` must not pay for Optuna, nor a function for PyTorch.
__getattr__ = load_from(
    __name__,
    {
        "LIBRARIES": "cli",
        "CheckBeforeRun": "check",
        "InvalidConfig": "errors",
        "Objective": "objectives",
        "OwnMessages": "log_filter",
        "PruneTrial": "prune_trial",
        "RenamedConfig": "renamed",
        "current_trial": "study",
        "load": "loaded",
        "load_model": "loaded",
        "run": "cli",
        "run_trial": "objectives",
    },
)
