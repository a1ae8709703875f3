"""Read the study in which the best trials and the baseline were trained again."""

from collections import defaultdict
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from tunesmith.report.context import Candidate, Confirmation
from tunesmith.report.trials import complete, metric_names

SUFFIX = "-confirm"
TRIAL, SEED = "trial", "seed"
# Attributes of the study: numbers of the search's trials, and before a trial's own number its
# metrics on test; an attribute each, since several machines may write at once.
CANDIDATES, BASELINE, TEST = "candidates", "baseline_trial", "test-"


def read_confirmation(search: optuna.Study, confirm: optuna.Study) -> Confirmation | None:
    """What training again showed; None while no candidate has a value.

    The winner is the candidate with the best mean among those with the most seeds: one that
    diverges on some seeds is no winner.
    """
    fits: dict[int, dict[int, FrozenTrial]] = defaultdict(dict)
    for trial in complete(confirm):
        fits[trial.params[TRIAL]].setdefault(trial.params[SEED], trial)
    attrs = confirm.user_attrs
    candidates = [
        _candidate(search.trials[number], list(fits[number].values()), attrs=attrs, study=search)
        for number in attrs.get(CANDIDATES, [])
        if fits[number]
    ]
    if not candidates:
        return None
    sign = -1 if search.direction == optuna.study.StudyDirection.MAXIMIZE else 1
    most = max(len(c.values) for c in candidates)
    winner = min((c for c in candidates if len(c.values) == most), key=lambda c: sign * c.mean)
    baseline = next((c.label for c in candidates if c.trial == attrs.get(BASELINE)), None)
    return Confirmation(candidates, winner=winner.label, baseline=baseline)


def _candidate(
    trial: FrozenTrial, fits: list[FrozenTrial], *, attrs: dict[str, Any], study: optuna.Study
) -> Candidate:
    metric = metric_names(study)[0].replace("val/", "test/")
    tested = (attrs.get(f"{TEST}{fit.number}", {}) for fit in fits)
    is_baseline = trial.number == attrs.get(BASELINE)
    return Candidate(
        label="baseline" if is_baseline else f"trial {trial.number}",
        values=[float(fit.value or 0.0) for fit in fits],
        trial=trial.number,
        search_value=trial.value if trial.state == optuna.trial.TrialState.COMPLETE else None,
        test_values=[metrics[metric] for metrics in tested if metric in metrics],
    )
