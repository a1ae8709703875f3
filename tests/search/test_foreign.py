"""A study that holds trials of others is continued if they lie in the same space."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml
from hydra.utils import execution_whitelist
from omegaconf import OmegaConf
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial
from train import TRUSTED

from tests.commands import read_trials, succeed, train
from tests.search.sweeper import DEFAULTS, settings_of
from tunesmith.errors import InvalidConfig
from tunesmith.report.__main__ import main
from tunesmith.search.begin import begin_search, note_baseline
from tunesmith.search.fingerprint import Fingerprint
from tunesmith.search.foreign import check_others, counting_others, said_of_others
from tunesmith.search.plan import Plan
from tunesmith.search.space import parse_space
from tunesmith.study import StudyRecord, TrialRecord, open_storage, run_worker, summarize

X = FloatDistribution(-10, 10)
KIND = CategoricalDistribution(["a", "b"])
SPACE = {"x": "interval(-10,10)", "kind": "choice(a,b)"}
GRID = {"_target_": "optuna.samplers.GridSampler", "seed": 1}


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/optuna.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    name = "postgres_url" if request.param == "postgresql" else "sqlite"
    return str(request.getfixturevalue(name))


def make_plan(
    url: str | None,
    space: Mapping[str, str] = SPACE,
    *,
    objective: Mapping[str, Any] | None = None,
    n_trials: int = 8,
    **settings: Any,
) -> Plan:
    """A search over `space` whose default is x=0 and kind=a."""
    read = parse_space(space, [])
    base = {
        **{"metric": {"name": "y"}, "x": 0.0, "kind": "a", "repeat": 1},
        "hydra": {
            "runtime": {"choices": {}},
            "sweep": {"dir": "outputs/searches/theirs"},
            "output_subdir": ".hydra",
        },
        "objective": objective or {},
    }
    return Plan(
        study_name="theirs",
        space=read,
        config=OmegaConf.create(base),
        base=OmegaConf.create(base),
        settings=settings_of(
            {
                **{**DEFAULTS, "metric": "y", "drawn_key": "objective.params"},
                **{"storage": url, "n_trials": n_trials, **settings},
            }
        ),
        fingerprint=Fingerprint({}, {}, {}),
        n_trials=n_trials,
    )


def of_others(value: float = 1.0, **space: BaseDistribution) -> FrozenTrial:
    """A trial that somebody computed without us."""
    params = {
        name: d.choices[0] if isinstance(d, CategoricalDistribution) else 1.0
        for name, d in space.items()
    }
    return create_trial(params=params, distributions=space, value=value)


def begun_by_others(url: str | None, *trials: FrozenTrial) -> optuna.Study:
    study = optuna.create_study(study_name="theirs", storage=open_storage(url))
    study.add_trials(trials)
    return study


def begin(plan: Plan) -> tuple[optuna.Study, list[str]]:
    said: list[str] = []
    with execution_whitelist(TRUSTED):
        return begin_search(plan, say=said.append)[0], said


def test_the_baseline_is_a_trial_of_ours_and_the_total_counts_all(url: str) -> None:
    begun_by_others(url, *(of_others(value, x=X, kind=KIND) for value in (3.0, 2.0, 1.0)))
    study, said = begin(make_plan(url))
    assert said == [
        "Study theirs holds 3 trials of others; hydra.sweeper.n_trials=8 counts all, "
        "so 5 are added."
    ]
    run_worker(study, bowl, n_trials=8)
    baseline = summarize(study).baseline
    assert baseline is not None
    assert (baseline.number, baseline.params) == (3, {"x": 0.0, "kind": "a"})
    assert [t.state for t in study.trials] == [TrialState.COMPLETE] * 8
    assert [TrialRecord.of(t).is_of_others for t in study.trials] == [True] * 3 + [False] * 5


def bowl(trial: optuna.Trial) -> float:
    trial.suggest_categorical("kind", KIND.choices)
    return trial.suggest_float("x", -10, 10) ** 2


def test_a_command_that_was_killed_while_it_began_has_one_baseline(sqlite: str) -> None:
    begun_by_others(sqlite, of_others(x=X, kind=KIND)).enqueue_trial({"x": 0.0, "kind": "a"})
    study, _ = begin(make_plan(sqlite))
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "WAITING"]
    assert StudyRecord.of(study).baseline == 1


def test_a_full_study_says_how_to_get_more() -> None:
    study = begun_by_others(None, *(of_others(x=X, kind=KIND) for _ in range(9)))
    said = said_of_others(study, make_plan(None))
    assert said is not None
    assert said.endswith("so none is added; for 8 more set hydra.sweeper.n_trials=17.")


def test_the_sampler_knows_the_trials_of_others(sqlite: str) -> None:
    # A hundred good points at x=1: TPE that knows them stays there, at random it would not.
    begun_by_others(sqlite, *(of_others(n / 100, x=X, kind=KIND) for n in range(100)))
    tpe = OmegaConf.create({"_target_": "optuna.samplers.TPESampler", "seed": 1})
    study, _ = begin(make_plan(sqlite, sampler=tpe, baseline=False))
    run_worker(study, bowl, n_trials=105)
    assert all(abs(trial.params["x"] - 1) < 3 for trial in study.trials[100:])


@pytest.mark.parametrize(
    ("trials", "named"),
    [
        ([of_others(a=X)], ("over a, ", "over kind, x;")),
        ([of_others(x=X)], ("over x, ", "over kind, x;")),
        ([of_others(x=X, kind=KIND, z=X)], ("over kind, x, z, ", "over kind, x;")),
        ([of_others()], ("over no parameters, ", "over kind, x;")),
        (
            [of_others(x=FloatDistribution(-5, 5), kind=KIND)],
            ("over x=interval(-5.0,5.0), ", "over x=interval(-10,10);", "'x=interval(-5.0,5.0)'"),
        ),
        (
            [of_others(x=X, kind=CategoricalDistribution(["a", "c"]))],
            ("over kind=choice(a,c), ", "over kind=choice(a,b);"),
        ),
        (
            [of_others(x=CategoricalDistribution(["a"]), kind=KIND)],
            ("over x=choice(a), ", "over x=interval(-10,10);"),
        ),
    ],
    ids=["other keys", "fewer", "more", "none", "a range", "choices", "another kind"],
)
def test_another_space_is_refused_and_nothing_is_stored(
    sqlite: str, trials: list[FrozenTrial], named: tuple[str, ...]
) -> None:
    begun_by_others(sqlite, *trials)
    with pytest.raises(InvalidConfig) as refused:
        begin(make_plan(sqlite))
    assert all(word in str(refused.value) for word in named), str(refused.value)
    assert "another hydra.sweeper.study_name" in str(refused.value)
    study = optuna.load_study(study_name="theirs", storage=open_storage(sqlite))
    assert len(study.trials) == 1
    assert study.user_attrs == {}


def test_of_several_ranges_that_others_used_the_last_one_counts() -> None:
    narrow = FloatDistribution(-5, 5)
    study = begun_by_others(None, of_others(x=narrow, kind=KIND), of_others(x=X, kind=KIND))
    check_others(study, make_plan(None))
    study.add_trial(of_others(x=narrow, kind=KIND))
    with pytest.raises(InvalidConfig, match=r"try 'x=interval\(-5\.0,5\.0\)'"):
        check_others(study, make_plan(None))


def test_failed_trials_of_others_bind_by_their_kind_only() -> None:
    failed = of_others(a=X)
    failed.state, failed.values = TrialState.FAIL, None
    check_others(begun_by_others(None, failed), make_plan(None))
    failed = of_others(x=CategoricalDistribution(["a"]))
    failed.state, failed.values = TrialState.FAIL, None
    with pytest.raises(InvalidConfig, match=r"over x=choice\(a\), this search is over x="):
        check_others(begun_by_others(None, failed), make_plan(None))


def test_what_the_objective_draws_itself_is_compared_once_it_is_known() -> None:
    plan = make_plan(None, {}, objective={"params": None})
    study = begun_by_others(None, of_others(x=X))
    check_others(study, plan)
    study.add_trial(own({"x": 2.0}))
    check_others(study, plan)
    study.add_trial(own({"z": 2.0}))
    with pytest.raises(InvalidConfig, match="over x, this search is over x, z;"):
        check_others(study, plan)


def own(params: dict[str, float]) -> FrozenTrial:
    """A trial that a search of ours computed."""
    spaces = dict.fromkeys(params, X)
    attrs = {"overrides": []}
    return create_trial(params=params, distributions=spaces, value=1.0, user_attrs=attrs)


def test_a_grid_is_walked_whole_beside_trials_of_others(url: str) -> None:
    space = {"x": "choice(0.0,1.0,2.0)", "kind": "choice(a,b)"}
    x = CategoricalDistribution([0.0, 1.0, 2.0])
    begun_by_others(url, of_others(x=x, kind=KIND), of_others(x=x, kind=KIND))
    plan = make_plan(url, space, n_trials=6, sampler=OmegaConf.create(GRID))
    plan.settings.__dict__["n_trials"] = 100
    study, said = begin(plan)
    assert said == ["Study theirs holds 2 trials of others, beside the grid."]
    assert counting_others(plan, study).n_trials == 8

    def point(trial: optuna.Trial) -> float:
        trial.suggest_categorical("kind", KIND.choices)
        return float(trial.suggest_categorical("x", x.choices))

    run_worker(study, point, n_trials=counting_others(plan, study).n_trials)
    points = [tuple(sorted(t.params.items())) for t in study.trials[2:]]
    assert len(points) == len(set(points)) == 6
    note_baseline(study, plan)
    baseline = summarize(study).baseline
    assert baseline is not None
    assert baseline.number >= 2
    assert baseline.params == {"x": 0.0, "kind": "a"}


def test_failures_of_others_stop_no_search(sqlite: str) -> None:
    failed = create_trial(state=TrialState.FAIL)
    begun_by_others(sqlite, *[failed] * 12, of_others(x=X, kind=KIND))
    study, _ = begin(make_plan(sqlite))

    def once_bad(trial: optuna.Trial) -> float:
        if trial.number == 14:
            raise RuntimeError("ours")
        return bowl(trial)

    run_worker(study, once_bad, n_trials=4)
    assert sum(t.state is TrialState.COMPLETE for t in study.trials) == 4


def test_trials_of_an_optuna_sampler_are_our_own_too() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    run_worker(study, bowl, n_trials=2)
    assert not any(TrialRecord.of(trial).is_of_others for trial in study.trials)


SEARCH = ("-m", "hparams_search=quadratic", "hydra.sweeper.study_name=theirs", "tracking=none")


def test_results_and_report_of_a_study_whose_best_trial_is_of_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/optuna.db"
    trial = create_trial(params={"objective.x": 2.5}, distributions={"objective.x": X}, value=-7.0)
    begun_by_others(url, trial)
    printed = succeed(*SEARCH, "hydra.sweeper.n_trials=3", root=tmp_path)
    assert "Study theirs holds 1 trial of others; hydra.sweeper.n_trials=3 counts all" in printed
    assert "trial 0, which others computed, has 0.25 here instead of -7" in printed
    folder = tmp_path / "searches" / "theirs"
    assert yaml.safe_load((folder / "best.yaml").read_text())["objective"]["x"] == 2.5
    results = yaml.safe_load((folder / "optimization_results.yaml").read_text())
    assert results["best_value"] == -7.0
    assert [t.number for t in read_trials(url, "theirs")] == [0, 1, 2]
    assert main([str(folder)]) == 0
    assert "trial 0, 11 better than the baseline" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_function_s_own_draws_are_confirmed_and_repeated_whoever_drew_them(
    tmp_path: Path, n_jobs: int
) -> None:
    url = f"sqlite:///{tmp_path}/outputs/optuna.db"
    (tmp_path / "outputs").mkdir()
    begun_by_others(url, *(of_others(-value, x=X) for value in (1.0, 2.0)))
    source = "def objective(trial):\n    return trial.suggest_float('x', -10, 10) ** 2\n"
    (tmp_path / "mine.py").write_text(source)
    search = (
        *("-m", "hparams_search=function", "objective.file=mine.py", "tracking=none"),
        *("hydra.sweeper.study_name=theirs", "hydra.sweeper.n_trials=4"),
        *("confirm=retrain", "confirm.n_best=2", "confirm.n_seeds=2"),
        f"hydra.sweeper.n_jobs={n_jobs}",
    )
    printed = succeed(*search, root=tmp_path / "outputs", cwd=tmp_path)
    assert "value reproduced exactly" in printed or "which others computed" in printed
    best = yaml.safe_load((tmp_path / "outputs/searches/theirs/best.yaml").read_text())
    assert set(best["objective"]["params"]) == {"x"}

    source = source.replace("'x'", "'z'")
    (tmp_path / "mine.py").write_text(source)
    begun_by_others(f"sqlite:///{tmp_path}/other.db", of_others(x=X))
    search = (*search, f"hydra.sweeper.storage=sqlite:///{tmp_path}/other.db")
    done = train(*search, root=tmp_path / "outputs", cwd=tmp_path)
    assert done.returncode == 1
    assert "holds trials of others over x, this search is over z; try" in done.stderr
    assert done.stderr.count("\n") == 1
