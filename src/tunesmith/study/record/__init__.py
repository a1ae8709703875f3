"""What a study and its trials keep for us, typed: the only package that names an attribute's key.

Optuna keeps attributes as JSON under text keys, user attributes for people and system attributes
for machinery. A record reads them from a trial or study of any origin: what is absent, or of a type
that we would not have written, reads as None. Keys are those of release 0.1.0, and stay.
"""

from tunesmith.study.record.study_record import (
    EXHAUSTED_KEY,
    SAMPLER_SEED_KEY,
    StudyAttributes,
    StudyRecord,
    Verdict,
)
from tunesmith.study.record.trial_record import (
    EPOCHS_KEY,
    OWNER_KEY,
    TrialAttributes,
    TrialRecord,
    failure_attributes,
    owned_trial,
    successor_of,
)

__all__ = [
    "EPOCHS_KEY",
    "EXHAUSTED_KEY",
    "OWNER_KEY",
    "SAMPLER_SEED_KEY",
    "StudyAttributes",
    "StudyRecord",
    "TrialAttributes",
    "TrialRecord",
    "Verdict",
    "failure_attributes",
    "owned_trial",
    "successor_of",
]
