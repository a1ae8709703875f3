"""Choices that are lists or dicts as texts: plots keep their points by choice."""

import copy

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import FrozenTrial


def legible(study: optuna.Study) -> optuna.Study:
    """Return the study itself, or a copy of its trials with texts where it has lists or dicts."""
    trials = study.get_trials(deepcopy=False)
    if not any(map(_is_composite, (d for t in trials for d in t.distributions.values()))):
        return study
    verbosity = optuna.logging.get_verbosity()
    # Optuna announces every new study: this one is nobody's business.
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    texts = optuna.create_study(directions=study.directions)
    optuna.logging.set_verbosity(verbosity)
    texts.add_trials(map(_in_texts, trials))
    return texts


def _is_composite(distribution: BaseDistribution) -> bool:
    return isinstance(distribution, CategoricalDistribution) and any(
        isinstance(choice, list | dict | tuple) for choice in distribution.choices
    )


def _in_texts(trial: FrozenTrial) -> FrozenTrial:
    written = copy.copy(trial)
    composite = {name: d for name, d in trial.distributions.items() if _is_composite(d)}
    texts = {
        name: CategoricalDistribution([str(choice) for choice in distribution.choices])
        for name, distribution in composite.items()
        if isinstance(distribution, CategoricalDistribution)
    }
    written.distributions = {**trial.distributions, **texts}
    written.params = {
        name: str(value) if name in texts else value for name, value in trial.params.items()
    }
    return written
