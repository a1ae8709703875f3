"""The name of a study that another search has: refused in one line, and nothing of it changes."""

import shutil
from pathlib import Path

import pytest

from tests.commands import read_trials, succeed
from tests.in_process import accept_here, refuse_here

SEARCH = ("-m", "hparams_search=quadratic", "hydra.sweeper.study_name=s", "tracking=none")


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output root of a search with two trials, study `s`."""
    root = tmp_path_factory.mktemp("begun")
    succeed(*SEARCH, "hydra.sweeper.n_trials=2", root=root)
    return root


@pytest.mark.parametrize(
    ("other", "came"),
    [
        ("objective.x=interval(-1,1)", "different values of objective.x"),
        ("objective.x=int(interval(-10,10))", "different values of objective.x"),
        ("objective.x=choice(1,2)", "different values of objective.x"),
        ("metric.name=z", "different values of metric.name"),
        ("seed=5", "different values of seed"),
        ("metric.direction=maximize", "has the directions ['minimize'], got ['maximize']"),
    ],
)
def test_another_search_of_the_name_is_refused(
    begun: Path, tmp_path: Path, other: str, came: str
) -> None:
    file = shutil.copy(begun / "optuna.db", tmp_path)
    said = refuse_here(*SEARCH, other, f"storage.url=sqlite:///{file}", root=tmp_path / "outputs")
    assert came in said
    assert "try another" in said
    assert "study_name" in said
    assert read_trials(f"sqlite:///{file}") == read_trials(f"sqlite:///{begun}/optuna.db")


def test_another_sampler_of_the_name_goes_on_with_a_word(begun: Path) -> None:
    printed = succeed(
        *SEARCH, "hydra/sweeper/sampler=random", "hydra.sweeper.n_trials=3", root=begun
    )
    assert "Continuing study s with a different sampler." in printed
    assert len(read_trials(f"sqlite:///{begun}/optuna.db")) == 3


def test_a_search_that_is_named_with_its_ending_is_the_same_study(tmp_path: Path) -> None:
    said, with_ending = (
        accept_here("-m", f"hparams_search={name}", "dry_run=true", root=tmp_path / "outputs")
        for name in ("quadratic", "quadratic.yaml")
    )
    assert "study      quadratic-" in said
    assert with_ending.replace("quadratic.yaml", "quadratic") == said
