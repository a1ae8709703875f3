"""The best trials and the baseline, trained again on new seeds: study, report, MLflow, model."""

import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import optuna
import pytest
import torch
from mlflow import MlflowClient
from mlflow.entities import Run
from omegaconf import OmegaConf
from optuna.trial import FrozenTrial, TrialState

from tests.commands import (
    QUICK,
    ROOT,
    command,
    environment,
    own_entry,
    read_trials,
    refuse,
    succeed,
)

SEARCH = (
    *("-m", "hparams_search=mlp", *QUICK, "hydra.sweeper.study_name=s"),
    "hydra/sweeper/pruner=none",
)
CONFIRM = ("confirm=retrain", "confirm.n_best=2", "confirm.n_seeds=2")
N_TRIALS = "hydra.sweeper.n_trials=6"
TESTED = "winner/test_mean"


def points(trials: list[FrozenTrial]) -> list[tuple[int, int]]:
    return sorted(
        (t.params["trial"], t.params["seed"]) for t in trials if t.state == TrialState.COMPLETE
    )


def fit_again(search: FrozenTrial, *, seed: int, root: Path) -> dict[str, float]:
    """A single run of a trial's point on another seed."""
    drawn = [o for o in search.user_attrs["overrides"] if not o.startswith("hparams_search")]
    succeed(*drawn, f"seed={seed}", root=root)
    (metrics,) = (root / "runs").glob("*/*/metrics.yaml")
    return OmegaConf.to_container(OmegaConf.load(metrics))  # type: ignore[return-value]


def run_python(code: str, *arguments: str, folder: Path = ROOT) -> str:
    """What a fresh process prints that can import from the folder."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=environment(PYTHONPATH=str(folder)),
    ).stdout


def parent_run(root: Path, name: str = "s") -> Run:
    client = MlflowClient(f"sqlite:///{root}/mlflow.db")
    runs = client.search_runs(["1"], filter_string=f"attributes.run_name = '{name}'")
    return runs[0]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("confirmed")
    printed = succeed(*SEARCH, *CONFIRM, N_TRIALS, root=folder)
    assert "Confirming the best trials: 6 fits on new seeds" in printed
    assert "Trained again on 2 new seeds" in " ".join(printed.split())
    return folder


def test_best_trials_and_baseline_are_trained_again_on_new_seeds(root: Path) -> None:
    url = f"sqlite:///{root}/optuna.db"
    search, confirm = read_trials(url), read_trials(url, "s-confirm")
    best = sorted(search, key=lambda t: t.value)[:2]
    numbers = {*(t.number for t in best), 0}
    assert points(confirm) == sorted((n, seed) for n in numbers for seed in (1, 2))
    assert not [t for t in confirm if t.state != TrialState.COMPLETE]


def test_a_candidate_is_the_same_point_on_another_seed(root: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{root}/optuna.db"
    again = read_trials(url, "s-confirm")[0]
    original = read_trials(url)[again.params["trial"]]
    metrics = fit_again(original, seed=again.params["seed"], root=tmp_path)
    assert again.value == metrics["val/mse"] != original.value
    study = optuna.load_study(study_name="s-confirm", storage=url)
    tested = study.user_attrs.get(f"test-{again.number}")
    assert tested is None or tested["test/mse"] == metrics["test/mse"]


def test_only_winner_and_baseline_see_the_test_rows(root: Path) -> None:
    study = optuna.load_study(study_name="s-confirm", storage=f"sqlite:///{root}/optuna.db")
    metrics = parent_run(root).data.metrics
    means = {
        n: np.mean([t.value for t in study.trials if t.params["trial"] == n])
        for n in study.user_attrs["candidates"]
    }
    winner = min(means, key=lambda n: means[n])
    tested = {
        int(key.removeprefix("test-")): metrics
        for key, metrics in study.user_attrs.items()
        if key.startswith("test-")
    }
    assert {study.trials[number].params["trial"] for number in tested} == {winner, 0}
    assert metrics["winner/val_mean"] == pytest.approx(means[winner])
    values = [
        m["test/mse"]
        for number, m in tested.items()
        if study.trials[number].params["trial"] == winner
    ]
    assert metrics[TESTED] == pytest.approx(np.mean(values))
    assert metrics["winner/test_std"] == pytest.approx(np.std(values, ddof=1))
    assert {"best", "baseline", "baseline/test_mean", "baseline/test_std"} <= set(metrics)


def test_the_confirmed_winner_is_written_and_fitted(root: Path) -> None:
    study = optuna.load_study(study_name="s", storage=f"sqlite:///{root}/optuna.db")
    means = parent_run(root).data.metrics
    best = OmegaConf.load(root / "searches" / "s" / "best.yaml")
    winner = next(
        t
        for t in study.trials
        if (t.params["model.n_nodes"], t.params["optimizer.lr"])
        == (best.model.n_nodes, best.optimizer.lr)
    )
    fitted = OmegaConf.load(root / "searches" / "s" / "best" / "metrics.yaml")
    assert fitted["val/mse"] == winner.value
    assert means["best"] == study.best_value


def test_the_model_predicts_in_a_fresh_process(root: Path) -> None:
    run = parent_run(root)
    (model,) = MlflowClient(f"sqlite:///{root}/mlflow.db").search_logged_models(["1"])
    assert model.source_run_id == run.info.run_id
    code = (
        "import sys, mlflow, numpy as np\n"
        "mlflow.set_tracking_uri(sys.argv[1])\n"
        "model = mlflow.pyfunc.load_model(sys.argv[2])\n"
        "assert model.metadata.signature.inputs and model.input_example.shape == (5, 5)\n"
        "print(*model.predict(np.eye(5, dtype=np.float32))[:, 0])\n"
    )
    printed = run_python(code, f"sqlite:///{root}/mlflow.db", model.model_uri)
    checkpoint = root / "searches" / "s" / "best" / "checkpoint.ckpt"
    weights = torch.load(checkpoint, weights_only=True)["state_dict"]
    best = OmegaConf.load(root / "searches" / "s" / "best.yaml").model
    from tunesmith.models.mlp import MLP

    net = MLP(n_features=5, n_layers=best.n_layers, n_nodes=best.n_nodes, activation="relu")
    net.load_state_dict({name.removeprefix("net."): value for name, value in weights.items()})
    with torch.no_grad():
        expected = net(torch.eye(5))[:, 0]
    assert [float(x) for x in printed.split()] == pytest.approx(expected.tolist(), rel=1e-6)


def test_the_report_is_the_same_when_written_anew(root: Path) -> None:
    folder = root / "searches" / "s"
    before = page_of(folder)
    for section in ("winner", "commands", "advice", "confirmation", "top", "made"):
        assert f'<section id="{section}">' in before
    assert "optimism gap" in before
    assert 'id="plot-fit-0"' in before
    written = subprocess.run(
        [sys.executable, "-m", "tunesmith.report", str(folder)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert "Trained again on 2 new seeds" in " ".join(written.stdout.split())
    assert "repeat the winner" in written.stdout
    assert page_of(folder) == before


def page_of(folder: Path) -> str:
    """The search's page, without the time at which it was written."""
    return re.sub(r"Written [^<]*", "", (folder / "report.html").read_text())


def test_the_same_command_says_that_all_is_done(root: Path) -> None:
    before = read_trials(f"sqlite:///{root}/optuna.db", "s-confirm")
    assert "is complete: 6 trials" in succeed(*SEARCH, *CONFIRM, N_TRIALS, root=root)
    assert read_trials(f"sqlite:///{root}/optuna.db", "s-confirm") == before


@pytest.mark.slow
def test_a_killed_confirmation_goes_on_with_what_is_missing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/optuna.db"
    arguments = (*SEARCH, *CONFIRM, N_TRIALS, "hydra.sweeper.n_jobs=2")
    process = subprocess.Popen(
        command(*arguments, root=tmp_path),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Confirming the best"):
            break
    process.send_signal(signal.SIGKILL)
    process.stdout.close()
    process.wait()
    succeed(*arguments, root=tmp_path)
    assert len(set(points(read_trials(url, "s-confirm")))) in (4, 6)  # the baseline may lead
    confirm = read_trials(url, "s-confirm")
    assert len(points(confirm)) == len(set(points(confirm)))
    assert not [t for t in confirm if t.state == TrialState.RUNNING]
    assert TESTED in parent_run(tmp_path).data.metrics


@pytest.mark.slow
def test_more_trials_add_the_candidates_that_are_new(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/optuna.db"
    succeed(*SEARCH, *CONFIRM, "hydra.sweeper.n_trials=2", root=tmp_path)
    first = read_trials(url, "s-confirm")
    succeed(*SEARCH, *CONFIRM, "hydra.sweeper.n_trials=8", root=tmp_path)
    later = read_trials(url, "s-confirm")
    assert later[: len(first)] == first
    best = sorted((t for t in read_trials(url) if t.value), key=lambda t: t.value)
    complete = [t for t in best if t.state == TrialState.COMPLETE]
    assert {t.number for t in complete[:2]} <= {number for number, _ in points(later)}


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("confirm.n_best=-1", "confirm.n_best must be an integer of at least 0, got -1"),
        ("confirm.n_seeds=0", "confirm.n_seeds must be an integer of at least 1, got 0"),
        ("confirm=retrian", "confirm=retrain"),
    ],
)
def test_a_wrong_number_is_one_line(override: str, said: str, tmp_path: Path) -> None:
    assert said in refuse("-m", "hparams_search=mlp", override, root=tmp_path / "outputs")


@pytest.mark.slow
def test_fits_of_another_machine_are_compared_but_not_tested_here(tmp_path: Path) -> None:
    succeed(*SEARCH, *CONFIRM, N_TRIALS, root=tmp_path)
    before = parent_run(tmp_path).data.metrics
    # As it looks to a second machine before the first one has tested its fits.
    (tmp_path / "searches" / "s" / "confirm").rename(tmp_path / "elsewhere")
    with sqlite3.connect(tmp_path / "optuna.db") as store:
        store.execute(
            "DELETE FROM study_user_attributes WHERE key LIKE 'test-%' OR key = 'results_of'"
        )
    store.close()
    printed = " ".join(succeed(*SEARCH, *CONFIRM, N_TRIALS, root=tmp_path).split())
    assert "Trained again on 2 new seeds" in printed
    assert "On test" not in printed
    assert parent_run(tmp_path).data.metrics["winner/val_mean"] == before["winner/val_mean"]


@pytest.mark.slow
def test_a_model_that_is_no_function_of_rows_ends_no_search(tmp_path: Path) -> None:
    source = """
        from tunesmith.models import MLPRegressor

        class Pair(MLPRegressor):
            def forward(self, x):
                return self.net(x), x

            def validation_step(self, batch, batch_idx):
                self.log("val/mse", self.training_step(batch, batch_idx))

            def test_step(self, batch, batch_idx):
                self.log("test/mse", self.training_step(batch, batch_idx))
        """
    entry, root = own_entry(tmp_path, source), tmp_path / "outputs"
    search = command(*SEARCH, "model._target_=mine.Pair", N_TRIALS, root=root)
    search[1] = str(entry)
    done = subprocess.run(search, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "not logged as a model" in done.stderr
    assert (root / "searches" / "s" / "report.html").exists()
    assert parent_run(root).info.status == "FINISHED"


@pytest.mark.slow
def test_means_over_seeds_are_confirmed_by_single_fits_on_others(tmp_path: Path) -> None:
    ended = (
        *("hydra/sweeper/terminator=stagnation", "hydra.sweeper.terminator.min_n_trials=2"),
        "hydra.sweeper.terminator.max_stagnation_trials=1",
        "hydra.sweeper.n_trials=40",
    )
    search = (*SEARCH, *CONFIRM, *ended, "repeat=2", "seed=1", "refit=false")
    printed = succeed(*search, root=tmp_path)
    assert "Stopped early after" in printed
    assert "brought no better value" in succeed(*search, root=tmp_path)
    url = f"sqlite:///{tmp_path}/optuna.db"
    confirmed = read_trials(url, "s-confirm")
    assert {trial.params["seed"] for trial in confirmed} == {3, 4}
    assert {trial.state for trial in confirmed} == {TrialState.COMPLETE}
    for trial in confirmed:
        assert "repeat=1" in trial.user_attrs["overrides"]
        assert trial.user_attrs["epochs"] == 4


def test_the_cost_is_said_beforehand(tmp_path: Path) -> None:
    dry = ("-m", "hparams_search=mlp", "dry_run=true")
    printed = succeed(*dry, root=tmp_path)
    assert "the best 3 and the baseline on 5 new seeds, up to 20 fits" in printed
    printed = succeed(*dry, "hydra.sweeper.baseline=false", root=tmp_path)
    assert "the best 3 on 5 new seeds, up to 15 fits" in printed


@pytest.mark.slow
def test_preprocessing_travels_with_the_model(tmp_path: Path) -> None:
    source = """
        import pandas as pd
        import torch
        from sklearn.preprocessing import StandardScaler
        from tunesmith.data import CubicDataModule

        class InMillimetres(CubicDataModule):
            def setup(self, stage):
                first = not hasattr(self, "train")
                super().setup(stage)
                if first:
                    self.raw = pd.DataFrame(self.val[0].numpy() * 1000 + 5, columns=list("abcde"))
                    train = pd.DataFrame(self.train[0].numpy() * 1000 + 5, columns=list("abcde"))
                    self.preprocessing = StandardScaler().fit(train)
                    self.train = self._scaled(train), self.train[1]
                    self.val = self._scaled(self.raw), self.val[1]

            def _scaled(self, rows):
                return torch.from_numpy(self.preprocessing.transform(rows)).float()

            @property
            def example(self):
                return self.raw.head()
        """
    entry, root = own_entry(tmp_path, source), tmp_path / "outputs"
    search = command(*SEARCH, "data._target_=mine.InMillimetres", N_TRIALS, root=root)
    search[1] = str(entry)
    subprocess.run(search, env=environment(), check=True, capture_output=True)
    (model,) = MlflowClient(f"sqlite:///{root}/mlflow.db").search_logged_models(["1"])
    code = (
        "import sys, mlflow, torch\n"
        "from mine import InMillimetres\n"
        "data = InMillimetres(n_samples=200, seed=42, batch_size=None, n_test=9, test_seed=43)\n"
        "data.setup('fit')\n"
        "mlflow.set_tracking_uri(sys.argv[1])\n"
        "predicted = mlflow.pyfunc.load_model(sys.argv[2]).predict(data.raw)\n"
        "print(float(((torch.tensor(predicted) - data.val[1]) ** 2).mean()))\n"
    )
    printed = run_python(code, f"sqlite:///{root}/mlflow.db", model.model_uri, folder=tmp_path)
    fitted = OmegaConf.load(root / "searches" / "s" / "best" / "metrics.yaml")
    assert float(printed) == pytest.approx(fitted["val/mse"], rel=1e-5)
