"""Searches that lose nothing: storage, slots, workers and the current trial, on Optuna only."""

from tunesmith.study._optuna import is_exhausted
from tunesmith.study.dead import requeue, settle_dead_trials
from tunesmith.study.open import Direction, open_study
from tunesmith.study.outcome import PRUNE_REASON, FailKind, Failure, failure_of, is_finished
from tunesmith.study.patience import DatabaseAway
from tunesmith.study.policy import SearchFailed
from tunesmith.study.pruner import fitting_pruner, wants_each_value
from tunesmith.study.slots import SlotSampler, slots
from tunesmith.study.storage import open_storage
from tunesmith.study.terminator import Termination, keep_scores, without_notices
from tunesmith.study.trial import Pruned, RepeatedTrial, current_trial, running
from tunesmith.study.worker import Interrupted, Stop, run_worker

__all__ = [
    "PRUNE_REASON",
    "DatabaseAway",
    "Direction",
    "FailKind",
    "Failure",
    "Interrupted",
    "Pruned",
    "RepeatedTrial",
    "SearchFailed",
    "SlotSampler",
    "Stop",
    "Termination",
    "current_trial",
    "failure_of",
    "fitting_pruner",
    "is_exhausted",
    "is_finished",
    "keep_scores",
    "open_storage",
    "open_study",
    "requeue",
    "run_worker",
    "running",
    "settle_dead_trials",
    "slots",
    "wants_each_value",
    "without_notices",
]
