"""A watch that reads what is new says what a look at the whole study says."""

import random

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from tunesmith.study import FailKind, Failure, Watch, summarize
from tunesmith.study.record import failure_attributes

FAILURES = [
    Failure(FailKind.EXCEPTION, "why"),
    Failure(FailKind.DIED, "killed", retried=True),
    Failure(FailKind.SURPLUS, "one too many"),
]


def step(study: optuna.Study, draw: random.Random) -> None:
    """Begin a trial, end one of those that run, or add one that failed or breaks a constraint."""
    running = study.get_trials(states=(TrialState.RUNNING,))
    choice = draw.randrange(5)
    values = [float(draw.randrange(4)) for _ in study.directions]
    if choice == 0:
        attrs = failure_attributes(draw.choice(FAILURES))
        study.add_trial(create_trial(state=TrialState.FAIL, user_attrs=attrs))
    elif choice == 1:
        bad = {"constraints": [1.0]} if draw.random() < 0.5 else {}
        study.add_trial(create_trial(values=values, system_attrs=bad))
    elif choice == 2 or not running:
        study.ask()
    else:
        ended = draw.choice(running).number
        state = draw.choice([TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL])
        study.tell(ended, values if state == TrialState.COMPLETE else None, state=state)


@pytest.mark.parametrize("directions", [["minimize"], ["maximize"], ["minimize", "maximize"]])
@pytest.mark.parametrize("seed", range(3))
def test_a_watch_agrees_with_a_summary_at_every_look(directions: list[str], seed: int) -> None:
    draw, watch = random.Random(seed), Watch()
    study = optuna.create_study(directions=directions)
    for _ in range(60):
        for _ in range(draw.randrange(4)):
            step(study, draw)
        now, whole = watch.look(study), summarize(study)
        assert {state.name.lower(): n for state, n in now.states.items()} == whole.states
        assert now.n_finished == whole.n_finished
        assert now.n_failed == whole.n_failed
        assert now.best == whole.best
        front = sorted(whole.front, key=lambda trial: trial.number)
        assert (now.front or []) == front
