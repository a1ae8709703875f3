"""`repeat`: the mean over several seeds as one trial or run."""

from pathlib import Path
from statistics import fmean, stdev

import optuna
import pytest
import yaml
from mlflow import MlflowClient
from optuna.trial import FrozenTrial, TrialState

from tests.commands import QUICK, read_trials, refuse, run_folder, succeed, train
from tests.mlflow_store import runs_of
from tests.study.searches import new_study
from tunesmith.study import RepeatedTrial

SEARCH = ("-m", "hparams_search=mlp", *QUICK, "hydra.sweeper.study_name=s", "refit=false")
# Half of the points learn nothing: they lose to the best trial's on every seed.
TWO_RATES = (
    *("optimizer=adam", "model.n_layers=1", "optimizer.lr=choice(1e-6,0.05)"),
    *("model.n_nodes=choice(6,7,8)", "hydra/sweeper/sampler=grid", "hydra.sweeper.sampler.seed=1"),
)


def values_of(trial: FrozenTrial, name: str = "val/mse") -> list[float]:
    """What the trial's repetitions gave."""
    values: list[float] = trial.user_attrs["repetitions"][name]
    return values


@pytest.mark.slow
def test_a_run_is_the_mean_over_its_seeds_and_keeps_each(tmp_path: Path) -> None:
    succeed(*QUICK, "repeat=3", "seed=7", root=tmp_path / "mean")
    succeed("-m", "seed=7,8,9", *QUICK, root=tmp_path / "each")
    each = [
        yaml.safe_load(path.read_text())
        for path in sorted((tmp_path / "each").glob("multiruns/*/*/*/metrics.yaml"))
    ]
    folder = run_folder(tmp_path / "mean")
    mean = yaml.safe_load((folder / "metrics.yaml").read_text())
    for name in ("val/mse", "test/mse"):
        assert mean[name] == fmean(one[name] for one in each)
        assert mean[f"{name}/std"] == stdev(one[name] for one in each)
    [run] = runs_of(tmp_path / "mean")
    client = MlflowClient(f"sqlite:///{tmp_path}/mean/mlflow.db")
    kept = client.get_metric_history(run.info.run_id, "repetition/val/mse")
    assert [(point.step, point.value) for point in kept] == [
        (number, one["val/mse"]) for number, one in enumerate(each, start=1)
    ]
    # The curve is the first repetition's; the mean stands at its end.
    curve = client.get_metric_history(run.info.run_id, "val/mse")
    assert [point.step for point in curve] == [2, 4, 5]
    assert [curve[1].value, curve[2].value] == [each[0]["val/mse"], mean["val/mse"]]
    # Each repetition has its checkpoint.
    places = sorted(path.parent.name for path in folder.rglob("checkpoint.ckpt"))
    assert places == sorted([folder.name, "repetition-2", "repetition-3"])


@pytest.mark.slow
def test_a_trial_is_a_mean_and_is_pruned_between_repetitions(tmp_path: Path) -> None:
    printed = succeed(*SEARCH, *TWO_RATES, "repeat=5", root=tmp_path)
    trials = read_trials(f"sqlite:///{tmp_path}/optuna.db")
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    pruned = [trial for trial in trials if trial.state == TrialState.PRUNED]
    assert len(complete) + len(pruned) == 6
    # A hopeless point needs three repetitions to be told from the best one.
    assert [len(values_of(t)) for t in pruned if t.params["optimizer.lr"] == 1e-6].count(3) > 0
    for trial in complete:
        assert trial.value == fmean(values_of(trial))
    for trial in pruned:
        done = len(values_of(trial))
        assert done < 5
        reason = f"pruned after repetition {done} of 5: val/mse was {fmean(values_of(trial)):.4g}"
        assert trial.user_attrs["reason"] == reason
    for trial in trials:
        # Only whole repetitions are reported, each with its own value; their epochs add up.
        assert trial.intermediate_values == dict(enumerate(values_of(trial), start=1))
        assert trial.user_attrs["epochs"] == 4 * len(values_of(trial))
        assert len(set(values_of(trial))) == len(values_of(trial))
    saved = sum(4 * (5 - len(values_of(trial))) for trial in pruned)
    assert f"{saved} saved by pruning" in printed
    best = min(complete, key=lambda trial: trial.value or 0.0)
    assert f"{fmean(values_of(best)):.4g} ± {stdev(values_of(best)):.2g}" in printed
    # Folders of repetitions that wrote nothing are not left.
    assert not list((tmp_path / "searches" / "s" / "trials").glob("*/repetition-*"))


@pytest.mark.slow
def test_other_pruners_follow_the_mean_so_far(tmp_path: Path) -> None:
    succeed(
        *SEARCH,
        *("hydra/sweeper/pruner=median", "hydra.sweeper.n_trials=3", "repeat=3"),
        root=tmp_path,
    )
    trials = read_trials(f"sqlite:///{tmp_path}/optuna.db")
    for trial in trials:
        values = values_of(trial)
        so_far = [fmean(values[:done]) for done in range(1, len(values) + 1)]
        assert list(trial.intermediate_values.values()) == so_far


@pytest.mark.slow
def test_several_objectives_are_averaged_each(tmp_path: Path) -> None:
    several = ("-m", "hparams_search=mlp_pareto", *QUICK, "hydra.sweeper.study_name=s")
    succeed(*several, "repeat=2", "hydra.sweeper.n_trials=2", root=tmp_path)
    for trial in read_trials(f"sqlite:///{tmp_path}/optuna.db"):
        names = ("val/mse", "model/parameters")
        assert trial.values == [fmean(values_of(trial, name)) for name in names]
        assert not trial.intermediate_values


def test_a_repetition_that_diverges_stops_the_run(tmp_path: Path) -> None:
    done = train("repeat=3", "optimizer=sgd", "optimizer.lr=100", root=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("Stopped: diverged")


def test_another_number_of_repetitions_is_another_study(tmp_path: Path) -> None:
    shown = {
        succeed("-m", "hparams_search=quadratic", "dry_run=true", f"repeat={n}", root=tmp_path)
        for n in (1, 2, 3)
    }
    assert len({text.partition("study")[2].split()[0] for text in shown}) == 3


@pytest.mark.parametrize(
    ("arguments", "came", "way_out"),
    [
        (("repeat=0",), "got 0", "repeat=5"),
        (("repeat=abc",), "'abc'", "repeat=5"),
        (("repeat=true",), "got True", "repeat=5"),
        (("repeat=null",), "got None", "repeat=5"),
        (("repeat=2", "seed=-1"), "got -1", "seed=0"),
        (("-m", "hparams_search=quadratic", "repeat=-1"), "got -1", "repeat=5"),
    ],
    ids=" ".join,
)
def test_a_bad_number_of_repetitions_is_one_clear_line(
    tmp_path: Path, arguments: tuple[str, ...], came: str, way_out: str
) -> None:
    said = refuse(*arguments, root=tmp_path / "outputs")
    assert came in said
    assert way_out in said


def test_a_repetition_s_view_of_the_trial_takes_no_reports() -> None:
    study = new_study(None, pruner=optuna.pruners.ThresholdPruner(upper=0.0))
    trial = study.ask()
    seen = RepeatedTrial(trial)
    for _ in range(2):
        assert 0 <= seen.suggest_float("x", 0, 1) == trial.suggest_float("x", 0, 1)
        seen.report(1.0, step=1)
        assert not seen.should_prune()
        seen.set_user_attr("epochs", 10)
        seen.set_user_attr("note", "kept")
    [kept] = study.trials
    assert not kept.intermediate_values
    assert kept.user_attrs == {"epochs": 20, "note": "kept"}
