"""Searches that lose nothing: what a study keeps, and how workers share it, on Optuna only.

A search of your own takes four names:

- `open_storage` opens the database, which any number of processes may use at once;
- `create_or_resume_study` creates the study in it, or continues it;
- `SlotSampler` makes a search that was interrupted propose the same points as one that was not;
- `run_worker` runs trials until the study has its total, beside any number of other workers.

In an objective, `current_trial` is the running trial; an objective that ends early returns `Pruned`
or raises `Diverged`. Afterwards `summarize` counts and ranks the trials; `Watch` does so while they
run. `TrialRecord` and `StudyRecord` read the attributes that a trial and a study keep.

A *slot* is the place of a point in the search: 0, 1, 2, ... An attempt that was lost, since its
process died or the user interrupted it, is queued again under a new trial number at the same slot.
An attempt too many, begun when other workers had the rest, fails as *surplus* and counts nowhere.
"""

from tunesmith.study.class_warnings import suppress_class_warnings
from tunesmith.study.confirmation import (
    SEED,
    SUFFIX,
    TRIAL,
    Candidate,
    Confirmation,
    read_confirmation,
)
from tunesmith.study.creation import Direction, create_or_resume_study, name_metrics
from tunesmith.study.exhaustion import is_exhausted
from tunesmith.study.failure import (
    BadValue,
    FailKind,
    Failure,
    is_finished,
    listed,
    read_number,
    read_values,
)
from tunesmith.study.failure_policy import FailurePolicy, SearchFailed
from tunesmith.study.heartbeat import at_each_heartbeat
from tunesmith.study.pruner import default_pruner, wants_each_value
from tunesmith.study.record import StudyRecord, TrialRecord, Verdict
from tunesmith.study.recovery import recover_dead_trials, requeue
from tunesmith.study.retry import DatabaseAway
from tunesmith.study.sampler import SlotSampler, slots
from tunesmith.study.stagnation import Stagnation
from tunesmith.study.standing import Standing, Watch
from tunesmith.study.storage import (
    check_storage_url,
    create_schema,
    grants_of,
    open_storage,
    with_driver,
)
from tunesmith.study.summary import (
    Summary,
    complete,
    deviation_of,
    finished,
    is_multi_objective,
    is_ranked,
    leaders,
    loss,
    metric_names,
    n_finished,
    params_of,
    seconds_of,
    shown,
    sign,
    summarize,
    trial_numbered,
)
from tunesmith.study.trial import Diverged, Pruned, RepeatedTrial, current_trial, running
from tunesmith.study.worker import StopReason, TrialInterrupted, run_worker

__all__ = [
    "SEED",
    "SUFFIX",
    "TRIAL",
    "BadValue",
    "Candidate",
    "Confirmation",
    "DatabaseAway",
    "Direction",
    "Diverged",
    "FailKind",
    "Failure",
    "FailurePolicy",
    "Pruned",
    "RepeatedTrial",
    "SearchFailed",
    "SlotSampler",
    "Stagnation",
    "Standing",
    "StopReason",
    "StudyRecord",
    "Summary",
    "TrialInterrupted",
    "TrialRecord",
    "Verdict",
    "Watch",
    "at_each_heartbeat",
    "check_storage_url",
    "complete",
    "create_or_resume_study",
    "create_schema",
    "current_trial",
    "default_pruner",
    "deviation_of",
    "finished",
    "grants_of",
    "is_exhausted",
    "is_finished",
    "is_multi_objective",
    "is_ranked",
    "leaders",
    "listed",
    "loss",
    "metric_names",
    "n_finished",
    "name_metrics",
    "open_storage",
    "params_of",
    "read_confirmation",
    "read_number",
    "read_values",
    "recover_dead_trials",
    "requeue",
    "run_worker",
    "running",
    "seconds_of",
    "shown",
    "sign",
    "slots",
    "summarize",
    "suppress_class_warnings",
    "trial_numbered",
    "wants_each_value",
    "with_driver",
]
