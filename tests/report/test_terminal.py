from dataclasses import replace

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import create_trial
from rich.cells import cell_len
from rich.console import Console

from tests.studies import recorded_article
from tunesmith.advice import Advice, advise
from tunesmith.report import terminal_summary
from tunesmith.study import Candidate, Confirmation


def printed(
    study: optuna.Study, advice: list[Advice], width: int = 100, **kwargs: object
) -> list[str]:
    console = Console(width=width)
    with console.capture() as capture:
        console.print(terminal_summary(study, advice, **kwargs), crop=False)  # type: ignore[arg-type]
    return capture.get().splitlines()


def test_summary_and_advice_are_both_there() -> None:
    study = recorded_article(42)
    text = "\n".join(printed(study, advise(study), width=200))
    assert "87 complete, 13 pruned" in text
    assert "trial 86" in text
    assert "optimizer=adam: fix it" in text


def test_the_winner_comes_first_and_is_told_from_the_best_of_the_search() -> None:
    study = recorded_article(42)
    candidate = Candidate("trial 1", [1.0, 2.0], 1, search_value=0.5)
    for number, params in ((1, 2), (study.best_trial.number, 1)):
        winner = replace(candidate, trial=number)
        lines = printed(study, [], 200, confirmation=Confirmation([winner], winner.label))
        labels = [line.split()[0] for line in lines[1:] if not line.startswith(" ")]
        assert labels[:3] == ["trials", "winner", "best"]
        assert f"1.50 ± 0.71 on new seeds, trial {number}" in lines[2]
        assert f"in the search, trial {study.best_trial.number}" in "".join(lines)
        # Where both are one trial, its parameters stand once.
        assert sum("optimizer=" in line for line in lines[:7]) == params


@pytest.mark.parametrize("width", [80, 200])
def test_at_most_twenty_lines_however_much_is_advised(width: int) -> None:
    study = recorded_article(42)
    candidate = Candidate("trial 1", [1.0, 2.0], search_value=0.5, test_values=[1.0, 2.0])
    confirmation = Confirmation([candidate], winner="trial 1")
    lines = printed(study, advise(study) * 6, width, confirmation=confirmation)
    assert len(lines) <= 20
    assert len(lines) >= 18
    assert "more in the report" in lines[-1]


def test_an_empty_study_is_said_to_be_empty() -> None:
    assert "No trial has been started yet" in printed(optuna.create_study(), [])[0]


def test_a_command_is_printed_whole() -> None:
    command = "python train.py " + "x" * 150
    lines = printed(optuna.create_study(), [], commands=[("next", command)])
    assert f"next    {command}" in lines


@pytest.mark.parametrize("width", [30, 80, 120])
def test_parameters_are_neither_cut_nor_left_out(width: int) -> None:
    study = optuna.create_study()
    space = {f"model.層の数.a_long_name_{i}": FloatDistribution(0, 1) for i in range(12)}
    params = {name: i / 13 for i, name in enumerate(space)}
    study.add_trial(create_trial(params=params, distributions=space, value=1.0))
    lines = printed(study, [], width, commands=[("report", "report.html")])
    assert max(map(cell_len, lines[1:])) <= width
    joined = "".join(line[8:] for line in lines[1:])
    for name, value in params.items():
        assert f"{name}={value:.6g}" in joined.replace(" ", "")


def test_the_table_is_aligned_at_any_length_of_its_labels() -> None:
    study = recorded_article(42)
    commands = [("a longer label, with more", "do"), ("report", "report.html")]
    lines = printed(study, advise(study), 80, commands=commands)[1:]
    assert {line[14:16] for line in lines} == {"  "}
    assert all(line[16] != " " for line in lines)
    assert "a longer label  do" in lines
