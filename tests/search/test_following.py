"""The commands that follow a search repeat what was given, but what they change."""

import shlex
import sys

import optuna
import pytest

from tests.search.plans import planned
from tunesmith.search.following import more_trials, next_search, to_continue

SEARCH = ("-m", "hparams_search=quadratic")


def given(monkeypatch: pytest.MonkeyPatch, *arguments: str, program: str) -> None:
    """Let this process be one that was started by a command."""
    monkeypatch.setattr(sys, "orig_argv", [*program.split(), *arguments])
    # What completes a command line adds to its end.
    monkeypatch.setattr(sys, "argv", [program.split()[-1], *arguments, "--multirun"])


def studied(*, n_trials: int) -> optuna.Study:
    """A study with so many complete trials."""
    study = optuna.create_study()
    study.add_trials([optuna.trial.create_trial(value=1.0)] * n_trials)
    return study


@pytest.mark.parametrize(
    "kept",
    [
        "storage.url=sqlite:////elsewhere/own.db",
        "storage=memory",
        "paths.output_root=/elsewhere/a b",
        "hydra/sweeper/sampler=random",
        "hydra.sweeper.sampler.seed=7",
        "hydra/sweeper/pruner=none",
        "+hydra.sweeper.pruner.n_min_trials=3",
        "hydra.sweeper.baseline=false",
        "hydra.sweeper.n_jobs=2",
        "hydra.sweeper.timeout=60",
        "hydra.job.chdir=true",
        "metric.direction=maximize",
        "objective.x=3",
        "+net={x:1}",
        'tags=["it\'s", "$HOME"]',
        "~confirm",
    ],
)
def test_the_next_search_repeats_what_was_given(monkeypatch: pytest.MonkeyPatch, kept: str) -> None:
    others = [] if kept.startswith("objective.x") else ["objective.x=interval(5,10)"]
    changed = ["hydra.sweeper.n_trials=3", "hydra.sweeper.study_name=mine", *others]
    arguments = [*SEARCH, kept, *changed]
    given(monkeypatch, *arguments, program="python /elsewhere/train.py")
    with planned(*arguments[1:]) as (plan, _):
        words = shlex.split(next_search(plan))
    assert words[:2] == ["python", "/elsewhere/train.py"]
    assert words[2:7] == ["--config-dir", str(plan.paths.folder), "--config-name", "next", "-m"]
    assert words[7:] == [kept]


def test_all_values_of_one_key_are_repeated_in_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = ["+net={x:1}", "tags=[a]", "++net={y:2}", "tags=[b]"]
    given(monkeypatch, *SEARCH, *lines, program="python train.py")
    with planned("hparams_search=quadratic", *lines) as (plan, _):
        assert shlex.split(next_search(plan))[7:] == lines


def test_where_configs_lie_is_repeated_though_the_flag_names_another_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flags = ("--config-dir", "/my configs", "--config-path=/theirs")
    given(monkeypatch, *SEARCH, *flags, program="python -m mine.train")
    with planned("hparams_search=quadratic", 'hydra.searchpath=["pkg://tunesmith"]') as (plan, _):
        words = shlex.split(next_search(plan))
    assert words[:5] == ["python", "-m", "mine.train", "--config-path", "/theirs"]
    assert words[-1] == 'hydra.searchpath=["pkg://tunesmith","file:///my configs"]'


@pytest.mark.parametrize(
    ("arguments", "finished", "added"),
    [
        (("hydra.sweeper.n_trials=3",), 3, ["hydra.sweeper.n_trials=6"]),
        # The total was lowered since.
        (("hydra.sweeper.n_trials=50",), 100, ["hydra.sweeper.n_trials=200"]),
        # It was stopped before its end: the same command goes on.
        (("hydra.sweeper.n_trials=50",), 20, []),
        (("hydra/sweeper/sampler=grid", "objective.x=choice(1,2,3)"), 3, None),
        (("hydra/sweeper/sampler=grid", "objective.x=choice(1,2,3)"), 2, []),
    ],
)
def test_a_search_is_continued_by_what_gives_it_more_trials(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], finished: int, added: list[str]
) -> None:
    given(monkeypatch, *SEARCH, *arguments, program="python train.py")
    study = studied(n_trials=finished)
    with planned("hparams_search=quadratic", *arguments) as (plan, _):
        assert more_trials(study, plan) == added
        command = to_continue(study, plan)
    if added is None:
        assert command is None
    else:
        kept = [line for line in arguments if not (added and "n_trials" in line)]
        assert shlex.split(str(command)) == ["python", "train.py", *SEARCH, *kept, *added]


def test_nothing_continues_a_study_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, *SEARCH, "storage=memory", program="python train.py")
    with planned("hparams_search=quadratic", "storage=memory") as (plan, _):
        assert to_continue(studied(n_trials=100), plan) is None
