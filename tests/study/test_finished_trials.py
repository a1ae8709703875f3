"""Whoever asks for finished trials gets those of now, without the running ones being read."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import optuna
import pytest
import sqlalchemy
from optuna.trial import TrialState

from tunesmith.study import create_or_resume_study, open_storage
from tunesmith.study._optuna import database_of
from tunesmith.study.pruner import AttemptPruner

# `ask` and `tell` stand for a trial of `optimize` here.
pytestmark = pytest.mark.filterwarnings("ignore:Heartbeat of storage")

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/optuna.db"
    return str(request.getfixturevalue("postgres_url"))


def opened(url: str) -> optuna.Study:
    """Return the study by a connection and a cache of its own."""
    return create_or_resume_study(
        "finished",
        storage=open_storage(url),
        directions=["minimize"],
        sampler=optuna.samplers.RandomSampler(seed=0),
        pruner=AttemptPruner(optuna.pruners.MedianPruner(n_startup_trials=1)),
    )


@contextmanager
def statements(study: optuna.Study) -> Iterator[list[str]]:
    """Note what the study's database is asked for."""
    database = database_of(study)
    assert database is not None
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    sqlalchemy.event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    sqlalchemy.event.remove(database.engine, "before_cursor_execute", note)


def test_it_is_what_the_database_has_whoever_finished_them_in_whatever_order(url: str) -> None:
    chance = random.Random(0)
    studies = [opened(url) for _ in range(3)]
    running: list[int] = []
    for _ in range(40):
        if running and chance.random() < 0.5:
            number = running.pop(chance.randrange(len(running)))
            state = chance.choice(FINISHED)
            value = chance.random() if state == TrialState.COMPLETE else None
            chance.choice(studies).tell(number, value, state=state)
        else:
            running.append(chance.choice(studies).ask().number)
        states = chance.choice([FINISHED, FINISHED[:1], FINISHED[:2], (TrialState.FAIL,)])
        database = database_of(studies[0])
        assert database is not None
        expected = database.get_all_trials(studies[0]._study_id, states=states)
        for study in studies:
            seen = study.get_trials(deepcopy=False, states=states)
            assert [(t.number, t.state, t.values) for t in seen] == [
                (t.number, t.state, t.values) for t in expected
            ]


def test_a_pruner_that_looks_at_finished_trials_asks_once_however_many_run(url: str) -> None:
    study = opened(url)
    first = study.ask()
    first.report(1.0, step=1)
    study.tell(first, 1.0)
    trials = [study.ask() for _ in range(5)]
    trials[0].report(0.5, step=1)
    assert not trials[0].should_prune()
    trials[1].report(2.0, step=1)
    with statements(study) as asked:
        assert trials[1].should_prune()
    assert len([statement for statement in asked if statement.startswith("SELECT")]) == 1


def test_a_trial_is_pruned_by_one_that_another_process_has_finished_since(url: str) -> None:
    mine, other = opened(url), opened(url)
    first, trial, better = mine.ask(), mine.ask(), other.ask()
    for known, value in ((first, 1.0), (trial, 0.9), (better, 0.1)):
        known.report(value, step=1)
    mine.tell(first, 1.0)
    assert not trial.should_prune()
    other.tell(better, 0.1)
    # The median of 1.0 and 0.1 is 0.55.
    assert trial.should_prune()
