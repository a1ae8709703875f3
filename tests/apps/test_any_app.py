"""What is theirs stays theirs, and a mistake is one line."""

from collections.abc import Callable

import pytest
from hydra import compose, initialize
from mlflow import MlflowClient
from omegaconf import OmegaConf
from optuna.trial import TrialState

from tests.apps.app import OURS, App, printed
from tunesmith.sweeper import FIRST_SIGN

MakeApp = Callable[[str], App]
SPACE = "x=interval(0,3)"


def refuse(app: App, *arguments: str) -> str:
    """Run the app, which must write nothing and say why in one line: that line."""
    files = sorted(app.root.rglob("*"))
    done = app.run(*OURS, *arguments, PYTHONWARNINGS="ignore", PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 1
    assert done.stdout in ("", f"{FIRST_SIGN}\n")
    assert done.stderr.count("\n") == 1
    assert sorted(app.root.rglob("*")) == files
    return done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(
            ["x=interval(3,0)"], "try x=interval(LOW,HIGH) with LOW below HIGH", id="range"
        ),
        pytest.param(["xx=interval(0,3)"], "did you mean x?", id="key"),
        pytest.param(
            [SPACE, "+hydra.sweeper.search_space.x=1"], "it is hydra.sweeper.params now", id="1.2"
        ),
        pytest.param(
            [SPACE, "+hydra.sweeper.optuna_config.seed=1"],
            "write what it holds as keys of hydra.sweeper itself",
            id="1.1",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            [SPACE, "hydra/sweeper=experiment"], "try hydra/sweeper=optuna_study", id="experiment"
        ),
        pytest.param(
            [SPACE, "hydra.sweeper.confirm={n_best:1,n_seeds:2}"],
            "try hydra.sweeper.seed_key=seed",
            id="confirm without a seed",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(
    app_of: MakeApp, arguments: list[str], said: str
) -> None:
    assert said in refuse(app_of("plain"), *arguments)


@pytest.mark.slow
def test_the_whole_traceback_is_there_for_those_who_ask(app_of: MakeApp) -> None:
    done = app_of("plain").run(*OURS, "x=interval(3,0)", HYDRA_FULL_ERROR="1")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("returned", "said"),
    [("None", "the objective returned nothing"), ("'done'", "returned 'done', which is not a num")],
)
def test_a_main_that_returns_no_number_is_named(app_of: MakeApp, returned: str, said: str) -> None:
    app = app_of("plain")
    main = app.root / "app.py"
    source = main.read_text()
    main.write_text(source.replace("return fit(", f"return {returned}\n    fit("))
    done = app.run(*OURS, SPACE, "hydra.sweeper.n_trials=3")
    assert done.returncode == 1
    assert said in done.stderr.splitlines()[-1]
    # The same study goes on with what the app returns by then.
    main.write_text(source)
    mended = app.run(*OURS, SPACE, "hydra.sweeper.n_trials=3", "hydra.sweeper.code_change=continue")
    assert mended.returncode == 0, mended.stdout + mended.stderr


@pytest.mark.slow
def test_a_key_beyond_their_schema_is_repeated_on_the_command_line(app_of: MakeApp) -> None:
    app = app_of("structured")
    done = app.run(*OURS, SPACE, "+extra=choice(1,2)", "+model.more=3", "hydra.sweeper.n_trials=2")
    assert done.returncode == 0, done.stdout + done.stderr
    repeat = printed(done.stdout, "repeat the winner")
    assert repeat.endswith(" +model.more=3")
    assert " +extra=" in repeat
    best = min(app.losses)
    again = app.paste(repeat)
    assert again.returncode == 0, again.stderr
    assert app.losses[-1] == best


@pytest.mark.slow
def test_their_trials_are_recorded_where_it_is_asked_for(app_of: MakeApp) -> None:
    app = app_of("plain")
    where = "uri: 'sqlite:///runs.db', experiment: theirs, outbox: unsent"
    opened = f"{{_target_: tunesmith.tracking.open_tracking, {where}}}"
    done = app.search(f"hydra.sweeper.tracking={opened}", n_trials=2)
    assert done.returncode == 0, done.stdout + done.stderr
    store = MlflowClient(f"sqlite:///{app.root}/runs.db")
    [experiment] = (e for e in store.search_experiments() if e.name == "theirs")
    parent, *children = reversed(store.search_runs([experiment.experiment_id]))
    assert len(children) == 2
    for run, trial in zip(children, app.trials(TrialState.COMPLETE), strict=True):
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert run.data.tags["optuna.trial_number"] == str(trial.number)
        assert run.info.run_id == trial.user_attrs["mlflow.run_id"]
        assert run.data.metrics["value"] == trial.value
        assert {k: type(trial.params[k])(v) for k, v in run.data.params.items()} == trial.params
        assert app.paste(run.data.tags["repeat"]).returncode == 0
        assert app.losses[-1] == trial.value


@pytest.mark.slow
def test_a_study_is_named_by_what_is_computed_wherever_the_project_lies(app_of: MakeApp) -> None:
    app = app_of("template")
    looks = ("hydra.sweeper.dry_run=true",)
    here = app.search(*looks, n_trials=3).stdout
    elsewhere = app.search(*looks, "logger=other", "tags=[x]", n_trials=3, PROJECT_ROOT=app.root)
    another = app.search(*looks, "seed=7", n_trials=3).stdout
    names = [_study(text) for text in (here, elsewhere.stdout, another)]
    assert names[0] == names[1] != names[2]


def _study(dry_run: str) -> str:
    [line] = (line for line in dry_run.splitlines() if line.startswith("study"))
    return line.split()[1]


@pytest.mark.slow
def test_their_callbacks_and_logging_see_every_trial(app_of: MakeApp) -> None:
    app = app_of("own_logging")
    assert app.search(n_trials=3).returncode == 0
    calls = (app.root / "calls.txt").read_text().splitlines()
    assert calls == ["multirun start", *["job start", "job end"] * 3, "multirun end"]
    logs = sorted(app.folder().glob("*/mine.log"))
    assert [log.parent.name for log in logs] == ["0", "1", "2"]
    assert all("MINE their.app fitting" in log.read_text() for log in logs)


@pytest.mark.slow
def test_their_file_runs_with_a_word_on_what_its_keys_mean_here(app_of: MakeApp) -> None:
    app = app_of("template")
    done = app.search(n_trials=2)
    assert done.stderr.count("Written for Hydra's own Optuna sweeper") == 1
    assert f"kept in sqlite:///{app.root}/logs/train/multiruns/optuna.db" in done.stdout
    best = OmegaConf.to_container(OmegaConf.load(app.folder() / "best.yaml"))
    assert best["defaults"] == ["train", {"override /hparams_search": "points_optuna"}, "_self_"]
    assert best["paths"]["output_dir"] == "${hydra:runtime.output_dir}"


def test_the_stock_sampler_of_that_name_stays_the_stock_one() -> None:
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    with initialize(config_path=None):
        chosen = ["hydra/sweeper=optuna", "hydra/sweeper/sampler=tpe"]
        stock = compose(overrides=chosen, return_hydra_config=True).hydra.sweeper
    assert stock._target_ == "hydra_plugins.hydra_optuna_sweeper.optuna_sweeper.OptunaSweeper"
    assert (stock.sampler.multivariate, stock.sampler.constant_liar) == (False, False)
