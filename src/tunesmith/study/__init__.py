"""Searches that lose nothing: storage, slots, workers and the current trial, on Optuna only."""

from tunesmith.study._optuna import is_exhausted
from tunesmith.study.confirmation import Candidate, Confirmation, read_confirmation
from tunesmith.study.creation import Direction, create_or_resume_study
from tunesmith.study.failure import PRUNE_REASON, FailKind, Failure, failure_of, is_finished
from tunesmith.study.failure_policy import SearchFailed
from tunesmith.study.pruner import default_pruner, wants_each_value
from tunesmith.study.recovery import recover_dead_trials, requeue
from tunesmith.study.retry import DatabaseAway
from tunesmith.study.sampler import SlotSampler, slots
from tunesmith.study.stagnation import Termination, keep_scores, without_notices
from tunesmith.study.storage import open_storage
from tunesmith.study.trial import Diverged, Pruned, RepeatedTrial, current_trial, running
from tunesmith.study.worker import StopReason, TrialInterrupted, run_worker

__all__ = [
    "PRUNE_REASON",
    "Candidate",
    "Confirmation",
    "DatabaseAway",
    "Direction",
    "Diverged",
    "FailKind",
    "Failure",
    "Pruned",
    "RepeatedTrial",
    "SearchFailed",
    "SlotSampler",
    "StopReason",
    "Termination",
    "TrialInterrupted",
    "create_or_resume_study",
    "current_trial",
    "default_pruner",
    "failure_of",
    "is_exhausted",
    "is_finished",
    "keep_scores",
    "open_storage",
    "read_confirmation",
    "recover_dead_trials",
    "requeue",
    "run_worker",
    "running",
    "slots",
    "wants_each_value",
    "without_notices",
]
