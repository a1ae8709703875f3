"""How a study stands while it runs: each look reads what is new."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import optuna
from optuna.trial import FrozenTrial, TrialState

from tunesmith.study._optuna import pareto_front
from tunesmith.study.summary import counts, is_multi_objective, is_ranked, loss


@dataclass(frozen=True)
class Standing:
    """A study at one moment.

    Attributes:
        states: The number of trials in each state, without surplus trials and attempts that were
            queued again.
        best: The first of `leaders`; None without one, or with several objectives.
        front: The Pareto front by number; None with one objective.

    """

    states: Counter[TrialState]
    best: FrozenTrial | None
    front: list[FrozenTrial] | None

    @property
    def n_finished(self) -> int:
        """How many trials count towards the study's total: the COMPLETE and PRUNED ones."""
        return self.states[TrialState.COMPLETE] + self.states[TrialState.PRUNED]

    @property
    def n_pruned(self) -> int:
        """How many trials were stopped early."""
        return self.states[TrialState.PRUNED]

    @property
    def n_failed(self) -> int:
        """How many attempts failed for good."""
        return self.states[TrialState.FAIL]

    @property
    def n_running(self) -> int:
        """How many trials are running."""
        return self.states[TrialState.RUNNING]


class Watch:
    """Follows a study while it runs: each look reads only what has changed since the last one.

    One object follows one study.

    >>> study, watch = optuna.create_study(), Watch()
    >>> for value in (3.0, 1.0, 1.0):
    ...     study.add_trial(optuna.trial.create_trial(value=value))
    ...     now = watch.look(study)
    >>> now.n_finished, now.best.number
    (3, 1)

    """

    def __init__(self) -> None:
        self._n_seen = 0
        self._open: list[int] = []
        self._over: Counter[TrialState] = Counter()
        self._ranked: list[FrozenTrial] = []

    def look(self, study: optuna.Study) -> Standing:
        """Return the counts and the best trials as of now."""
        trials = study.get_trials(deepcopy=False)
        changing = [trials[number] for number in self._open] + trials[self._n_seen :]
        ended = [trial for trial in changing if trial.state.is_finished()]
        still_open = [trial for trial in changing if not trial.state.is_finished()]
        self._n_seen, self._open = len(trials), [trial.number for trial in still_open]
        self._over.update(trial.state for trial in ended if counts(trial))
        self._ranked = _leading(study, [*self._ranked, *filter(is_ranked, ended)])
        several = is_multi_objective(study)
        return Standing(
            states=self._over + Counter(trial.state for trial in still_open),
            best=self._ranked[0] if self._ranked and not several else None,
            front=self._ranked if several else None,
        )


def _leading(study: optuna.Study, ranked: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Return the best of ranked trials, of equals the lowest number; of several objectives all."""
    in_order = sorted(ranked, key=lambda trial: trial.number)
    if is_multi_objective(study):
        return pareto_front(in_order, study.directions)
    return [min(in_order, key=loss(study))] if in_order else []
