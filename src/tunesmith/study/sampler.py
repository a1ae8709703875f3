"""Hang a sampler's randomness on the slot, so that a search may stop and go on anywhere.

The *slot* of a trial is the place of its point in the search: the first fresh trial has slot 0,
the next one slot 1. An attempt that is queued again (its process died, or the user interrupted
it) gets a new trial number but keeps the slot of its original. Every fresh trial takes a slot when
it is created, also one that fails later, so no two of them ever share one.

For each trial `SlotSampler` makes a new sampler, seeded by the search's seed and the slot, and
shows it the search as if no attempt had been lost: failed trials left out, the others numbered
by slot. With one worker a search that was killed anywhere and continued therefore has, slot by
slot, the same points as one that never was. This holds for TPE, random, GP, NSGA-II and CMA-ES,
for grids, and with every pruner but these:

- Hyperband chooses a bracket by the trial's number, which a retry changes.
- Successive halving with `min_resource: auto` guesses anew from the trials that are complete.

Other exceptions: QMC draws from one sequence counted in the study, and a kill between the draw and
its writing skips one element; brute force looks at the stored trials itself; of several queued
trials (`enqueue_trial`) one that died is attempted after the others.
"""

import copy
import secrets
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, BruteForceSampler, GridSampler, QMCSampler
from optuna.trial import FrozenTrial, TrialState

from tunesmith.process import ProcessId
from tunesmith.study._optuna import StudyView, all_trials, set_once, set_owner, trial_id_of
from tunesmith.study.record import SAMPLER_SEED_KEY, TrialRecord
from tunesmith.validate import MAX_SEED, require_seed


def slots(
    trials: Sequence[FrozenTrial], known: Mapping[int, int] = MappingProxyType({})
) -> dict[int, int]:
    """Return the slot of each trial, by the trial's number.

    A slot is the place of a point in the search; an attempt that is queued again keeps that of its
    original. A retry of a trial that the study does not have counts as a new point.

    Args:
        trials: The trials of the study in order, without those whose slots are known.
        known: The slots of the first trials, as an earlier call returned them.

    """
    found = dict(known)
    fresh = max(found.values(), default=-1) + 1
    for trial in trials:
        original = TrialRecord.of(trial).retry_of
        if original in found:
            found[trial.number] = found[original]
        else:
            found[trial.number] = fresh
            fresh += 1
    return found


class SlotSampler(BaseSampler):
    """Sample each trial with a new sampler, seeded by the search's seed and the trial's slot.

    A slot is the place of a point in the search, which an attempt that is queued again keeps. With
    one worker a search that was killed and continued therefore proposes the same points as one that
    never stopped. Hyperband, which counts trial numbers, is an exception.

    One object serves one worker, whose trials run one after the other.

    Args:
        make_sampler: Returns a new sampler for a seed.
        seed: Seeds the search; None draws a seed, which the study keeps for all its workers and
            for every time it is continued.

    Raises:
        InvalidArgument: The seed is not an integer from 0 to 4294967295.

    >>> sampler = SlotSampler(lambda seed: optuna.samplers.TPESampler(seed=seed), seed=42)

    """

    def __init__(self, make_sampler: Callable[[int | None], BaseSampler], seed: int | None) -> None:
        require_seed("seed", seed, example=0, optional=True)
        self._make_sampler = make_sampler
        self._seed = seed
        self._slot = 0
        self._study: optuna.Study | None = None
        self._numbers: dict[int, int] = {}
        self._sampler = make_sampler(seed)

    def __str__(self) -> str:
        return str(self._sampler)

    def reseed_rng(self) -> None:
        """Do nothing: the randomness of a trial is fixed by its slot."""

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Note this process as the trial's owner, and make the sampler of its slot."""
        set_owner(study, trial, ProcessId.current())
        known = self._numbers if study is self._study else {}
        is_next = trial.number == len(known)
        new = [trial] if is_next else all_trials(study)[len(known) :]
        self._study, self._numbers = study, slots(new, known)
        self._slot = self._numbers[trial.number]
        self._sampler = self._made(study)
        self._sampler.before_trial(*self._shown(study, trial))

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Ask the sampler of this slot."""
        return self._sampler.infer_relative_search_space(*self._shown(study, trial))

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Ask the sampler of this slot."""
        return self._sampler.sample_relative(*self._shown(study, trial), search_space)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Ask a sampler of this slot and parameter.

        A retry may already have the first parameters: the next one must not depend on how many
        numbers were drawn for them.
        """
        sampler = self._made(study, param_name)
        return sampler.sample_independent(
            *self._shown(study, trial), param_name, param_distribution
        )

    def after_trial(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Tell the sampler of this slot."""
        self._sampler.after_trial(*self._shown(study, trial), state, values)

    def _made(self, study: optuna.Study, param_name: str | None = None) -> BaseSampler:
        seed = self._study_seed(study)
        if isinstance(self._sampler, QMCSampler | GridSampler):
            # These walk one sequence, which the seed chooses.
            return self._sampler if param_name is not None else self._make_sampler(seed)
        name = [] if param_name is None else [zlib.crc32(param_name.encode())]
        words = np.random.SeedSequence([seed, self._slot, *name]).generate_state(1)
        return self._make_sampler(int(words[0]))

    def _study_seed(self, study: optuna.Study) -> int:
        if self._seed is None:
            self._seed = int(set_once(study, SAMPLER_SEED_KEY, secrets.randbelow(MAX_SEED + 1)))
        return self._seed

    def _shown(self, study: optuna.Study, trial: FrozenTrial) -> tuple[optuna.Study, FrozenTrial]:
        # Brute force finds the trial by its number in the storage; Hyperband's bracket study
        # allows no view.
        if isinstance(self._sampler, BruteForceSampler) or type(study) is not optuna.Study:
            return study, trial
        show = partial(_uninterrupted, numbers=self._numbers, current=trial)
        return StudyView(study, show), _renumbered(trial, self._numbers)


def _uninterrupted(
    trials: Sequence[FrozenTrial], *, numbers: dict[int, int], current: FrozenTrial
) -> list[FrozenTrial]:
    """Return the trials as a search that lost none would have them, without the current one.

    Without it, since a retry already has parameters where a first attempt has none.
    """
    shown = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
    others = (t for t in trials if t.state in shown and trial_id_of(t) != trial_id_of(current))
    return sorted((_renumbered(t, numbers) for t in others), key=lambda t: t.number)


def _renumbered(trial: FrozenTrial, numbers: dict[int, int]) -> FrozenTrial:
    # A trial that came after this one has no slot yet; its number is higher than any.
    slot = numbers.get(trial.number, trial.number)
    if slot == trial.number:
        return trial
    shown = copy.copy(trial)
    shown.number = slot
    return shown
