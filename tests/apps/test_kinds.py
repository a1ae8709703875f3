"""One override makes any Hydra app search: killed, with workers, with failures."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from optuna.trial import TrialState

from tests.apps.app import KINDS, App, printed

COMPLETE, FAIL = TrialState.COMPLETE, TrialState.FAIL
# Each kind takes some twenty seconds.
DEFAULT = "plain"
EACH = [
    pytest.param(name, marks=[] if name == DEFAULT else pytest.mark.slow, id=name) for name in KINDS
]
# Where a worker and a trial write differs from kind to kind.
WITH_FOLDERS_OF_THEIR_OWN = [DEFAULT, "bare", "stamps", "chdir", "own_logging", "template"]
MakeApp = Callable[[str], App]


def assert_whole(app: App, *, complete: int, failed: int = 0) -> Path:
    """The study has its exact total, and all that it left lies in the folder it was begun in."""
    trials = app.trials(COMPLETE)
    assert len(trials) == complete
    assert len(app.trials(FAIL)) == failed
    assert len(app.trials()) == complete + failed
    folder = app.folder()
    assert (folder / "report.html").stat().st_size > 0
    folders = [Path(trial.user_attrs["hydra.dir"]) for trial in trials]
    assert len({app.root / one for one in folders}) == complete
    assert all((app.root / one).is_dir() for one in folders)
    assert {(app.root / one).parent for one in folders} == {folder}
    return folder


@pytest.mark.parametrize("kind", EACH)
def test_the_same_command_continues_after_a_kill_and_its_results_repeat(
    app_of: MakeApp, kind: str
) -> None:
    app = app_of(kind)
    assert app.search(n_trials=4, KILL_AT=3).returncode == -9
    begun_in = app.folder()
    done = app.search(n_trials=4)
    assert done.returncode == 0, done.stdout + done.stderr
    assert assert_whole(app, complete=4, failed=1) == begun_in
    _repeat(app, done.stdout)
    _continue(app, done.stdout)
    _search_next(app)


def _repeat(app: App, text: str) -> None:
    trials = app.trials(COMPLETE)
    if app.kind.name == "two":
        with (app.folder() / "pareto.csv").open() as file:
            row = next(iter(csv.DictReader(file)))
        command, value = row["repeat"], float(row["value_0"])
    else:
        command = printed(text, "repeat the winner")
        value = next(t.value for t in trials if f"trial {t.number}" in text.split("best  ")[1])
    done = app.paste(command)
    assert done.returncode == 0, done.stdout + done.stderr
    loss = app.losses[-1]
    assert value in (loss, 1 / (1 + loss))


def _continue(app: App, text: str) -> None:
    command = printed(text, "to continue")
    assert "n_trials=8" in command
    done = app.paste(command.replace("n_trials=8", "n_trials=5"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert_whole(app, complete=5, failed=1)


def _search_next(app: App) -> None:
    file = app.folder() / "next.yaml"
    if app.kind.name == "two":
        assert not file.exists()
        return
    command = file.read_text().splitlines()[0].removeprefix("# ")
    searched = len(app.losses)
    done = app.paste(command, "hydra.sweeper.n_trials=2", app.kind.other_space)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(app.trials(COMPLETE, studies=2)) == 2
    assert len(app.losses) == searched + 2
    # It starts at the winner of the search before.
    if app.kind.name != "bare":
        assert app.losses[-2] == min(app.losses[:searched])
    assert app.paste(printed(done.stdout, "repeat the winner")).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", WITH_FOLDERS_OF_THEIR_OWN)
def test_two_workers_share_a_study_in_one_folder_though_one_dies_and_a_trial_fails(
    app_of: MakeApp, kind: str
) -> None:
    app = app_of(kind)
    done = app.search("hydra.sweeper.n_jobs=2", n_trials=6, KILL_AT=3, FAIL_AT=5)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = assert_whole(app, complete=6, failed=2)
    assert {file.name for file in (folder / "workers").iterdir()} == {"0.log", "1.log"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", [DEFAULT, "own_logging", "template"])
def test_a_search_whose_trials_fail_stops_in_one_line(app_of: MakeApp, kind: str) -> None:
    app = app_of(kind)
    done = app.search(n_trials=6, FAIL_AT="all")
    assert done.returncode == 1
    assert "the disk is full" in done.stderr.splitlines()[-1]
    assert app.search(n_trials=6).returncode == 0
    assert len(app.trials(COMPLETE)) == 6
