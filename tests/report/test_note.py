from dataclasses import replace

import optuna

from tests.studies import recorded_article
from tunesmith.advice import advise
from tunesmith.report import ReportContext, write_note
from tunesmith.study import Candidate, Confirmation


def test_the_winners_test_comes_before_its_value_and_the_advice_at_the_end() -> None:
    study = recorded_article(42)
    winner = Candidate("trial 1", [1.0, 2.0], 1, search_value=0.5, test_values=[3.0, 4.0])
    command = "python train.py --config-dir a_b --config-name best"
    context = ReportContext(
        confirmation=Confirmation([winner], winner.label),
        commands=[("repeat the winner", command)],
        advice=advise(study),
    )
    note = write_note(study, context)
    order = [
        "Winner: trial 1",
        "Test **3.50 ± 0.71**",
        "1.50 ± 0.71 on new seeds",
        command,
        "Advice",
    ]
    assert sorted(order, key=note.index) == order
    assert f"```sh\n{command}\n```" in note
    for piece in context.advice or ():
        assert piece.sentence.partition("=")[0].replace("_", "\\_") in note
    assert "| optimizer | " in note


def test_what_markdown_would_read_as_its_own_is_shown_as_it_is() -> None:
    study = optuna.create_study()
    study.enqueue_trial({"a_b*": "x|`y`"})
    study.optimize(lambda trial: len(trial.suggest_categorical("a_b*", ["x|`y`"])), n_trials=1)
    assert r"| a\_b\* | x\|\`y\` |" in write_note(study, ReportContext())


def test_a_search_for_several_goals_has_a_front_and_no_winner() -> None:
    study = optuna.create_study(directions=["minimize", "minimize"])
    study.optimize(lambda trial: (trial.suggest_float("x", 0, 1), 1.0), n_trials=2)
    note = write_note(study, ReportContext())
    assert "trials on the Pareto front" in note
    assert "Winner" not in note


def test_a_confirmation_without_test_rows_tells_none() -> None:
    study = recorded_article(42)
    winner = replace(Candidate("trial 1", [1.0, 2.0], 1), search_value=0.5)
    note = write_note(study, ReportContext(confirmation=Confirmation([winner], winner.label)))
    assert "Test" not in note
    assert "1.50 ± 0.71 on new seeds" in note
