"""`python train.py data=csv data.path=... data.target=...`: runs and searches on a user's file."""

import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from hydra import compose, initialize_config_dir
from hydra.utils import execution_whitelist
from optuna.trial import TrialState
from train import TRUSTED

from tests.commands import ROOT, environment, own_entry, read_trials, succeed
from tests.data.houses import houses, module
from tests.in_process import accept_here
from tunesmith.models import MLPRegressor, constant_schedule
from tunesmith.objectives import summarize_data

TABLE = ("data=csv", "data.target=price", "tracking=none")
FEW = ("trainer.max_epochs=4", "trainer.check_val_every_n_epoch=2")
SEARCH = (
    "-m",
    "hparams_search=mlp",
    *TABLE,
    *FEW,
    "refit=false",
    "confirm=none",
    "hydra.sweeper.n_trials=3",
)


def run(root: Path, *arguments: str) -> tuple[Path, dict[str, float]]:
    """The folder and the metrics of a single run."""
    succeed(*TABLE, *arguments, root=root)
    [folder] = root.glob("runs/*/*")
    return folder, yaml.safe_load((folder / "metrics.yaml").read_text())


def test_a_run_learns_and_its_checkpoint_predicts_in_the_targets_own_unit(tmp_path: Path) -> None:
    path = tmp_path / "houses.csv"
    houses(200).to_csv(path, index=False)
    folder, metrics = run(
        tmp_path,
        f"data.path={path}",
        "data.batch_size=32",
        "data.seed=0",
        "optimizer.lr=0.01",
        "trainer.max_epochs=60",
    )
    data = module(path, train_on="all")
    x, y = data.test
    deviation = (y - y.mean()).square().mean().item() ** 0.5
    assert 0 < metrics["test/rmse"] < 0.5 * deviation
    model = MLPRegressor.load_from_checkpoint(
        folder / "checkpoint.ckpt", optimizer=torch.optim.Adam, scheduler=constant_schedule
    )
    with torch.no_grad():
        error = (model(x) - y).square().mean().item()
    assert math.isclose(metrics["test/mse"], error, rel_tol=1e-5)
    for part in ("val", "test"):
        assert math.isclose(metrics[f"{part}/rmse"] ** 2, metrics[f"{part}/mse"], rel_tol=1e-5)
    # Of the scaled target it would be below 1.
    assert metrics["train/mse"] > 1000


@pytest.mark.slow
def test_a_run_on_a_table_repeats_bit_for_bit(tmp_path: Path) -> None:
    houses().to_csv(tmp_path / "houses.csv", index=False)
    given = (f"data.path={tmp_path / 'houses.csv'}", "data.batch_size=16", *FEW)
    _, first = run(tmp_path / "a", *given)
    _, second = run(tmp_path / "b", *given)
    assert first == second


def test_a_dry_run_says_how_the_file_was_read(tmp_path: Path) -> None:
    houses().to_csv(tmp_path / "houses.csv", index=False, sep=";", decimal=",", encoding="cp932")
    given = ("hparams_search=mlp", *TABLE, f"data.path={tmp_path}/houses.csv", "dry_run=true")
    printed = accept_here("-m", *given, root=tmp_path / "outputs")
    assert "Data: houses.csv, utf-8, separated by semicolon, decimal mark ','" in printed
    assert "rows       100: 60 to train on, 20 to validate with, 20 to test with" in printed
    assert "  style   category of 3, 7% missing" in printed


def test_only_an_objective_that_reads_data_which_tells_is_summarized(tmp_path: Path) -> None:
    houses().to_csv(tmp_path / "houses.csv", index=False)
    table = ("data=table", f"data.path={tmp_path}/houses.csv", "data.target=price")
    told = []
    for overrides in (table, (*table, "objective=quadratic"), ("data=cubic",)):
        with initialize_config_dir(str(ROOT / "conf")), execution_whitelist(TRUSTED):
            told.append(summarize_data(compose("train", overrides=list(overrides))))
    assert told[0].startswith("Data: houses.csv")
    assert told[1:] == ["", ""]


def test_a_relative_path_counts_from_where_the_command_was_typed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    houses().to_csv(tmp_path / "mine" / "houses.csv", index=False)
    succeed(*TABLE, "data.path=houses.csv", *FEW, root=tmp_path, cwd=tmp_path / "mine")
    assert list(tmp_path.glob("runs/*/*/metrics.yaml"))


@pytest.mark.slow
def test_the_winners_model_takes_raw_rows_with_missing_values(tmp_path: Path) -> None:
    path = tmp_path / "houses.csv"
    houses().to_csv(path, index=False)
    arguments = (*TABLE, *FEW, f"data.path={path}", "data.seed=0", "tracking=mlflow")
    more = ("confirm=none", "hydra.sweeper.n_trials=3", "hydra.sweeper.study_name=s")
    printed = succeed("-m", "hparams_search=mlp", *arguments, *more, root=tmp_path)
    [uri] = re.findall(r"models:/[\w-]+", printed)
    raw = houses().drop(columns="price").iloc[:20]
    raw.to_pickle(tmp_path / "raw.pickle")
    code = (
        "import sys, mlflow, pandas as pd\n"
        "mlflow.set_tracking_uri(sys.argv[1])\n"
        "model = mlflow.pyfunc.load_model(sys.argv[2])\n"
        "raw = pd.read_pickle(sys.argv[3])\n"
        "odd = raw.assign(rooms=raw['rooms'].where(raw.index != 3), area=100, garden=None)\n"
        "predicted = pd.concat([pd.DataFrame(model.predict(rows)) for rows in (raw, odd)])\n"
        "predicted.to_csv(sys.argv[4], index=False)\n"
    )
    elsewhere = (f"sqlite:///{tmp_path}/mlflow.db", uri, tmp_path / "raw.pickle", tmp_path / "out")
    subprocess.run([sys.executable, "-c", code, *elsewhere], check=True, cwd=tmp_path)
    predicted = pd.read_csv(tmp_path / "out").to_numpy()[:, 0]
    data = module(path, train_on="all")
    model = MLPRegressor.load_from_checkpoint(
        tmp_path / "searches" / "s" / "best" / "checkpoint.ckpt",
        optimizer=torch.optim.Adam,
        scheduler=constant_schedule,
    )
    x = torch.from_numpy(data.preprocessing.transform(raw).astype(np.float32))
    with torch.no_grad():
        expected = model(x)[:, 0].numpy()
    assert predicted[:20] == pytest.approx(expected, rel=1e-5)
    assert np.isfinite(predicted[20:]).all()


def test_a_model_that_asks_for_less_is_told_less(tmp_path: Path) -> None:
    """`data=csv` tells of the target's scale, which a model of one's own need not know."""
    houses().to_csv(tmp_path / "houses.csv", index=False)
    source = (
        "import torch\n"
        "from lightning.pytorch import LightningModule\n"
        "class Linear(LightningModule):\n"
        "    def __init__(self, n_features):\n"
        "        super().__init__()\n"
        "        self.layer = torch.nn.Linear(n_features, 1)\n"
        "    def forward(self, x):\n"
        "        return self.layer(x)\n"
        "    def training_step(self, batch, batch_idx):\n"
        "        return ((self(batch[0]) - batch[1]) ** 2).mean()\n"
        "    def validation_step(self, batch, batch_idx):\n"
        "        self.log('val/mse', self.training_step(batch, batch_idx))\n"
        "    def configure_optimizers(self):\n"
        "        return torch.optim.SGD(self.parameters(), lr=0.01)\n"
    )
    own_entry(tmp_path, source, conf="conf")
    (tmp_path / "conf" / "model").mkdir(parents=True)
    (tmp_path / "conf" / "model" / "linear.yaml").write_text("_target_: mine.Linear\n")
    done = subprocess.run(
        [sys.executable, "train.py", *TABLE, *FEW, "data.path=houses.csv", "model=linear"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "val/mse" in done.stdout


@pytest.mark.slow
def test_a_search_on_parquet_goes_on_with_the_same_rows_only(tmp_path: Path) -> None:
    path = tmp_path / "houses.parquet"
    houses().to_parquet(path)
    printed = succeed(*SEARCH, f"data.path={path}", root=tmp_path)
    assert 0 < printed.index("Data: houses.parquet, Parquet") < printed.index("1/3 trials")
    [first] = (tmp_path / "searches").iterdir()
    trials = read_trials(f"sqlite:///{tmp_path}/optuna.db", first.name)
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 3
    assert np.isfinite([trial.value for trial in trials]).all()

    moved = path.rename(tmp_path / "moved.parquet")
    assert "is complete: 3 trials" in succeed(*SEARCH, f"data.path={moved}", root=tmp_path)
    houses(101).to_parquet(moved)
    succeed(*SEARCH, f"data.path={moved}", root=tmp_path)
    [second] = set((tmp_path / "searches").iterdir()) - {first}
    assert len(read_trials(f"sqlite:///{tmp_path}/optuna.db", second.name)) == 3
