from functools import partial

import optuna
import pytest
from optuna.trial import TrialState

from tests.study.searches import bowl, in_state, new_study, slow_bowl, wait_for, workers
from tunesmith.study import (
    Diverged,
    FailKind,
    Pruned,
    SearchFailed,
    StopReason,
    TrialInterrupted,
    TrialRecord,
    create_or_resume_study,
    current_trial,
    is_finished,
    name_metrics,
    requeue,
    run_worker,
    slots,
)


@pytest.fixture(params=["memory", "sqlite"])
def study(request, tmp_path) -> optuna.Study:
    return new_study(None if request.param == "memory" else f"sqlite:///{tmp_path}/db")


def failing(outcomes: dict[int, object]):
    """Return an objective whose trials of these numbers return or raise something else."""

    def objective(trial: optuna.Trial) -> object:
        trial.suggest_float("x", 0, 1)
        outcome = outcomes.get(trial.number, 1.0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return objective


def test_n_trials_is_the_total_of_complete_and_pruned_trials(study: optuna.Study) -> None:
    outcomes = {1: Pruned("bad"), 2: optuna.TrialPruned(), 3: RuntimeError("oh")}
    assert run_worker(study, failing(outcomes), n_trials=5) == StopReason.FINISHED
    states = [t.state.name for t in study.trials]
    assert states == ["COMPLETE", "PRUNED", "PRUNED", "FAIL", "COMPLETE", "COMPLETE"]
    assert run_worker(study, failing({}), n_trials=5) == StopReason.FINISHED
    assert len(study.trials) == 6
    assert run_worker(study, failing({}), n_trials=7) == StopReason.FINISHED
    assert len(study.trials) == 8


def test_a_pruned_trial_keeps_its_reason_and_whether_it_diverged(study: optuna.Study) -> None:
    outcomes = {
        0: Pruned("worse than most"),
        1: optuna.TrialPruned("at step 3"),
        2: Pruned("the loss is nan", diverged=True),
        3: Diverged("the loss is inf"),
        4: optuna.TrialPruned(),
        # What a user's own objective says is no mark.
        5: optuna.TrialPruned("diverged: from the path of virtue"),
    }
    run_worker(study, failing(outcomes), n_trials=6)
    assert {t.state for t in study.trials} == {TrialState.PRUNED}
    records = [TrialRecord.of(t) for t in study.trials]
    assert [(r.reason, r.diverged) for r in records] == [
        ("worse than most", False),
        ("at step 3", False),
        ("the loss is nan", True),
        ("the loss is inf", True),
        ("pruned", False),
        ("diverged: from the path of virtue", False),
    ]


@pytest.mark.parametrize(
    ("outcome", "kind", "reason"),
    [
        (RuntimeError("no\nluck"), FailKind.EXCEPTION, "RuntimeError: no"),
        (KeyError(), FailKind.EXCEPTION, "KeyError"),
        (AssertionError("odd"), FailKind.EXCEPTION, "AssertionError: odd"),
        (SystemExit(3), FailKind.EXIT, "SystemExit(3)"),
        (None, FailKind.VALUE, "the objective returned nothing; it must return a number"),
        (float("nan"), FailKind.VALUE, "the objective returned nan; it must return a number"),
        ("nan", FailKind.VALUE, "the objective returned nan; it must return a number"),
        ("good", FailKind.VALUE, "the objective returned 'good', which is not a number"),
        ([1.0, 2.0], FailKind.VALUE, "the objective returned 2 values for 1 directions"),
    ],
)
def test_a_failed_trial_says_why_and_the_search_goes_on(
    outcome: object, kind: FailKind, reason: str
) -> None:
    study = new_study(None)
    assert run_worker(study, failing({1: outcome}), n_trials=3) == StopReason.FINISHED
    failure = TrialRecord.of(study.trials[1]).failure
    assert failure is not None
    assert (failure.kind, failure.reason, failure.counts) == (kind, reason, True)
    assert ("in objective" in failure.traceback) == (kind != FailKind.VALUE)
    assert sum(map(is_finished, study.trials)) == 3


def test_values_that_are_almost_floats_are_taken() -> None:
    import numpy as np

    study = create_or_resume_study(
        "two",
        storage=new_study(None)._storage,
        directions=["minimize", "maximize"],
        sampler=new_study(None).sampler,
    )
    run_worker(study, lambda _: [np.float32(1.5), 2], n_trials=1)
    assert study.trials[0].values == [1.5, 2.0]


@pytest.mark.parametrize(
    "stop", [TrialInterrupted(), KeyboardInterrupt(), SystemExit(1), OSError()]
)
def test_an_interrupted_slot_is_attempted_again(study: optuna.Study, stop) -> None:
    asked = iter([False, False, True])
    exits = isinstance(stop, SystemExit | OSError)
    should_stop = (lambda: next(asked)) if exits else (lambda: False)
    ended = run_worker(study, failing({1: stop}), n_trials=3, should_stop=should_stop)
    assert ended == StopReason.INTERRUPTED
    assert not in_state(study, TrialState.RUNNING)
    for _ in range(3):
        # It never counts as an attempt, however often.
        number = in_state(study, TrialState.WAITING)[0].number
        again = failing({number: TrialInterrupted()})
        assert run_worker(study, again, n_trials=3, max_retries=1) == StopReason.INTERRUPTED
    assert run_worker(study, failing({}), n_trials=3) == StopReason.FINISHED
    failure = TrialRecord.of(study.trials[1]).failure
    assert failure is not None
    assert (failure.kind, failure.counts) == (FailKind.INTERRUPTED, False)
    found = slots(study.trials)
    assert sorted(found[t.number] for t in study.trials if is_finished(t)) == [0, 1, 2]
    assert len({t.params["x"] for t in study.trials if found[t.number] == 1}) == 1


def test_a_worker_does_not_begin_when_it_should_stop_or_has_no_time(study: optuna.Study) -> None:
    assert run_worker(study, bowl, n_trials=3, should_stop=lambda: True) == StopReason.INTERRUPTED
    assert run_worker(study, bowl, n_trials=3, timeout=0) == StopReason.TIMEOUT
    assert not study.trials


def test_the_current_trial_is_known_inside_the_objective(study: optuna.Study) -> None:
    seen = []

    def objective(trial: optuna.Trial) -> float:
        seen.append(current_trial() is trial)
        return 0.0

    run_worker(study, objective, n_trials=1)
    assert seen == [True]
    assert current_trial() is None


def test_changes_are_told(study: optuna.Study) -> None:
    counts: list[int] = []
    run_worker(study, bowl, n_trials=3, on_change=lambda s: counts.append(len(s.trials)))
    assert counts == [1, 2, 3]


def test_a_trial_begun_by_more_workers_than_there_are_trials_left_is_surplus(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/db"
    study, other = new_study(url), new_study(url)
    # Both are in this process, and the other one looked before this one began.
    monkeypatch.setattr("tunesmith.study.worker.recover_own_trials", lambda *_, **__: [])
    monkeypatch.setattr("tunesmith.study.worker._Worker._others_do_the_rest", lambda *_: False)

    def objective(trial: optuna.Trial) -> float:
        if trial.number == 0:
            ends = iter([False, True])
            assert (
                run_worker(other, bowl, n_trials=1, should_stop=lambda: next(ends)) == "interrupted"
            )
        return 0.0

    run_worker(study, objective, n_trials=1)
    surplus = TrialRecord.of(study.trials[-1]).failure
    assert surplus is not None
    assert (surplus.kind, surplus.counts) == (FailKind.SURPLUS, False)
    assert [t.state.name for t in study.trials] == ["COMPLETE", "FAIL"]


@pytest.mark.parametrize("how", ["tell", "report", "raise"])
def test_a_trial_ended_elsewhere_is_dropped_quietly(tmp_path, how: str) -> None:
    url = f"sqlite:///{tmp_path}/db"
    study, other = new_study(url), new_study(url)

    def objective(trial: optuna.Trial) -> float:
        trial.suggest_float("x", 0, 1)
        if trial.number == 0:
            assert requeue(other, other.trials[0])
            if how == "report":
                trial.report(1.0, 0)
            if how == "raise":
                raise RuntimeError("too late")
        return float(trial.number)

    assert run_worker(study, objective, n_trials=2) == StopReason.FINISHED
    states = [t.state.name for t in study.trials]
    assert states == ["FAIL", "COMPLETE", "COMPLETE"]
    assert study.trials[0].user_attrs["fail_kind"] == "interrupted"


def test_the_search_stops_when_the_first_three_raise_the_same(study: optuna.Study) -> None:
    bug = {n: TypeError("no such thing") for n in range(9)}
    with pytest.raises(SearchFailed, match="first 3 trials all raised TypeError: no such thing"):
        run_worker(study, failing(bug), n_trials=20)
    assert len(study.trials) == 3
    # Repaired, the same command continues.
    assert run_worker(study, failing({}), n_trials=20) == StopReason.FINISHED


@pytest.mark.parametrize("returned", [None, "good", [1.0, 2.0]])
def test_the_search_stops_when_the_first_three_return_no_number(
    study: optuna.Study, returned: object
) -> None:
    bug: dict[int, object] = dict.fromkeys(range(9), returned)
    with pytest.raises(SearchFailed, match="first 3 trials all failed alike: the objective ret"):
        run_worker(study, failing(bug), n_trials=20)
    assert len(study.trials) == 3


def test_the_search_stops_when_too_many_fail(study: optuna.Study) -> None:
    bad = {n: ValueError("odd") if n % 4 else 1.0 for n in range(99)}
    with pytest.raises(SearchFailed, match=r"7 of 10 trials failed.*0\.5 allows.*ValueError: odd"):
        run_worker(study, failing(bad), n_trials=20)


def test_a_search_that_only_fails_ends_at_any_rate(study: optuna.Study) -> None:
    bad = {n: ValueError(f"number {n}") for n in range(999)}
    with pytest.raises(SearchFailed, match="the last 12 trials all failed"):
        run_worker(study, failing(bad), n_trials=12, max_failure_rate=1.0)


def test_an_error_of_the_sampler_is_not_swallowed() -> None:
    study = new_study(None)
    study.sampler.before_trial = lambda *_: (_ for _ in ()).throw(ValueError("sampler"))
    with pytest.raises(ValueError, match="sampler"):
        run_worker(study, bowl, n_trials=1)


def test_only_what_is_queued_is_run(study: optuna.Study) -> None:
    for x in (0.1, 0.2, 0.3):
        study.enqueue_trial({"x": x})
    stop = run_worker(study, failing({1: OSError()}), n_trials=3, queued_only=True)
    assert stop == StopReason.FINISHED
    assert [t.params["x"] for t in study.trials] == [0.1, 0.2, 0.3]
    assert study.trials[1].state == TrialState.FAIL


def test_workers_that_find_the_queue_empty_sample_nothing(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/db"
    study = new_study(url)
    for number in range(12):
        study.enqueue_trial({"x": number / 12, "y": 0.7})
    with workers(3, url, n_trials=12, objective=bowl, queued_only=True) as processes:
        for process in processes:
            process.join()
    complete = in_state(study, TrialState.COMPLETE)
    assert sorted(t.params["x"] for t in complete) == [number / 12 for number in range(12)]


def test_a_queue_is_not_done_while_another_worker_runs_its_last(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/db"
    study = new_study(url)
    study.enqueue_trial({"x": 0.3, "y": 0.7})
    objective = partial(slow_bowl, pause=3)
    with workers(1, url, n_trials=1, objective=objective, queued_only=True):
        wait_for(lambda: bool(in_state(study, TrialState.RUNNING)))
        assert run_worker(study, bowl, n_trials=2, queued_only=True) == StopReason.FINISHED
        [trial] = study.trials
        assert trial.state == TrialState.COMPLETE


def test_metrics_are_named_for_optunas_tools_once(study: optuna.Study) -> None:
    for names in (["val/mse"], ["other"]):
        name_metrics(study, names)
    assert study.metric_names == ["val/mse"]
    study.optimize(bowl, n_trials=2)
    assert study.best_trial.value == min(trial.value for trial in study.trials)


def test_names_that_do_not_fit_the_directions_are_left_out(study: optuna.Study) -> None:
    name_metrics(study, ["one", "two"])
    assert study.metric_names is None
