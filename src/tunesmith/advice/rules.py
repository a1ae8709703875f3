"""What to do next, in sentences: every rule speaks where its evidence is clear, else is silent."""

from collections.abc import Callable
from functools import partial

import optuna
from optuna.study import StudyDirection

from tunesmith.advice import surface
from tunesmith.advice.advice import Accepts, Advice, Write, accept_all, write_kept
from tunesmith.advice.bounds import advise_bounds
from tunesmith.advice.choices import advise_choices, advise_unimportant
from tunesmith.advice.failures import advise_failures
from tunesmith.advice.sample import MIN_TRIALS, Sample, sample_of
from tunesmith.advice.seed_noise import advise_noise
from tunesmith.advice.trial_count import advise_trials
from tunesmith.errors import attempt
from tunesmith.study import Confirmation, is_multi_objective


def advise(
    study: optuna.Study,
    *,
    confirmation: Confirmation | None = None,
    accepts: Accepts = accept_all,
    write: Write = write_kept,
) -> list[Advice]:
    """Return advice for the next search, changes of the space first.

    The space is judged from 25 finished trials on. A study of several objectives gets advice on
    failures alone, since it has no single best region. Parameters that are conditional, or whose
    range changed during the study, get none.

    Args:
        study: Any Optuna study, also one that is running.
        confirmation: The best trials and the baseline, trained again on new seeds.
        accepts: Returns whether a change of the space, values by parameter, can be searched; others
            are not advised. Accepts all by default.
        write: Returns a parameter's value, as the study keeps it, in Hydra's sweep grammar.

    >>> for piece in advise(study):
    ...     print(f"{piece.sentence}. {piece.evidence}.")

    """
    if is_multi_objective(study):
        return _given(partial(advise_failures, study))
    maximize = study.direction == StudyDirection.MAXIMIZE
    return [
        *_given(partial(_advise_on_sample, study, accepts=accepts, write=write)),
        *_given(partial(advise_failures, study)),
        *_given(partial(advise_noise, confirmation, maximize=maximize)),
    ]


def why_silent(study: optuna.Study) -> str:
    """Return a sentence on why `advise` returned nothing: too little evidence, or a good space.

    Args:
        study: A study of one objective.

    """
    sample = sample_of(study)
    count = len(sample.trials)
    if count < MIN_TRIALS:
        said = "1 trial is" if count == 1 else f"{count:,} trials are"
        return f"{said} too few to judge the space by; from {MIN_TRIALS} on it is."
    if not sample.has_spread:
        return f"The {count:,} trials differ too little to judge the space by."
    return f"The space fits: {count:,} trials show no range and no choice that should change."


def _given(rule: Callable[[], list[Advice]]) -> list[Advice]:
    """Return the advice of a rule; of one that stumbles over the study, that it does."""
    advice, failure = attempt(rule)
    if failure:
        return [Advice("none", "A rule of the advice cannot read this study", failure)]
    return advice


def _advise_on_sample(study: optuna.Study, *, accepts: Accepts, write: Write) -> list[Advice]:
    sample = sample_of(study)
    is_noisy = len(sample.trials) > 0 and surface.is_noisy(sample)
    return [
        *(_advise_space(sample, accepts=accepts, write=write) if sample.is_telling else []),
        *advise_trials(study, noisy=is_noisy),
    ]


def _advise_space(sample: Sample, *, accepts: Accepts, write: Write) -> list[Advice]:
    # Estimates blur a shape that the COMPLETE trials alone draw exactly.
    measured = sample.measured()
    sample = measured if surface.is_exact(measured) else sample
    # A parameter gets one change: a fixed one needs no range.
    idle = advise_unimportant(sample, write=write)
    fixed = {name for advice in idle for name in advice.changes}
    ranged = [a for a in advise_bounds(sample, accepts=accepts) if not fixed & a.changes.keys()]
    chosen = [a for a in advise_choices(sample, write=write) if not fixed & a.changes.keys()]
    ranged.sort(key=lambda advice: advice.rule == "narrow")
    return [
        *(advice for advice in chosen if accepts(advice.changes)),
        *ranged,
        *(advice for advice in idle if accepts(advice.changes)),
    ]
