"""The objective of gradient-boosted trees: fit LightGBM on the rows of a tabular data module."""

import contextlib
import logging
import math
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from optuna import Trial, TrialPruned

from tunesmith.data.tabular import TabularDataModule, require_integer
from tunesmith.errors import InvalidConfig
from tunesmith.objectives.fitted import FittedModel, Predictor
from tunesmith.objectives.naming_group import naming_group
from tunesmith.study.trial import current_trial
from tunesmith.tracking import current_run

log = logging.getLogger(__name__)

MODEL = "model.txt"
MOST_FEATURES = 30
# Made-up rows, enough for a share of them to be drawn.
N_CHECKED = 1000
# LightGBM speaks of its parameters by their first names.
ALIASES = {"min_data_in_leaf": "min_child_samples"}
BOUND = re.compile(r"Check failed: \((\w+)\) (>=?|<=?) \(([\d.]+)\)")
UNKNOWN = re.compile(r"Unknown parameter: (\w+)")


def fit(cfg: DictConfig) -> dict[str, float]:
    """Train once and return the errors of the best round.

    A single run is also tested, and leaves its model and the importance of its features in its
    folder; a trial of a search is neither, unless `keep_model` keeps the model.

    Raises TrialPruned if the trial's pruner says so.
    """
    folder, trial = Path(HydraConfig.get().runtime.output_dir), current_trial()
    datamodule = _data(cfg)
    fitted = BoostedTrees(_train(cfg, datamodule), datamodule)
    metrics = {**fitted.errors("train"), **fitted.errors("val"), "rounds": fitted.rounds}
    if trial is None or cfg.keep_model:
        fitted.booster.save_model(folder / MODEL)
    if trial is not None:
        return metrics
    current_run().log_artifact(folder / MODEL)
    importance = folder / "feature_importance.html"
    fitted.importance().write_html(importance, include_plotlyjs=True)
    current_run().log_artifact(importance)
    return metrics | fitted.test()


def check(cfg: DictConfig) -> None:
    """Make the data and an empty model; raise InvalidConfig, naming the key, for a bad value."""
    lightgbm = _lightgbm()
    with naming_group("data"):
        datamodule = instantiate(cfg.data)
    if not isinstance(datamodule, TabularDataModule):
        raise InvalidConfig(
            f"objective=lightgbm takes a TabularDataModule, got {cfg.data._target_}; try data=cubic"
        )
    with naming_group("objective"):
        require_integer("report_every", cfg.objective.report_every, minimum=1, example=20)
    with naming_group("model"):
        require_integer("num_iterations", cfg.model.num_iterations, minimum=1, example=2000)
    if cfg.ckpt_path is not None:
        raise InvalidConfig("objective=lightgbm does not continue a model; try ckpt_path=null")
    params = {**_parameters(cfg), "verbosity": 0}
    said = _Said()
    lightgbm.register_logger(said)
    rows = np.arange(N_CHECKED, dtype=np.float64)
    try:
        with _without_stderr():
            lightgbm.Booster(params, lightgbm.Dataset(rows[:, None], rows, params=params))
    except lightgbm.basic.LightGBMError as error:
        raise InvalidConfig(_refusal(str(error), params)) from error
    if unknown := UNKNOWN.search("\n".join(said.lines)):
        raise InvalidConfig(f"LightGBM has no parameter {unknown[1]}; leave out model.{unknown[1]}")


def restore(cfg: DictConfig, folder: Path) -> "BoostedTrees":
    """The model that lies in the folder, with the data of its config."""
    return BoostedTrees(_lightgbm().Booster(model_file=folder / MODEL), _data(cfg))


class BoostedTrees(FittedModel):
    """A Booster with its TabularDataModule."""

    def __init__(self, booster: Any, datamodule: TabularDataModule) -> None:
        self.booster = booster
        self._datamodule = datamodule

    @property
    def rounds(self) -> int:
        """Up to the best one; a model that was saved holds no others."""
        best: int = self.booster.best_iteration
        return best if best > 0 else int(self.booster.current_iteration())

    def errors(self, part: str) -> dict[str, float]:
        """Mean squared error and its root on the rows of train, val or test."""
        x, y = _arrays(self._datamodule, part)
        mse = float(np.mean((self.booster.predict(x) - y) ** 2))
        return {f"{part}/mse": mse, f"{part}/rmse": math.sqrt(mse)}

    def test(self) -> dict[str, float]:
        """The errors on the test rows."""
        return self.errors("test")

    def predictor(self) -> Predictor:
        """The Booster with the preprocessing of its data if there is any."""
        return BoostedPredictor(self.booster, self._datamodule.preprocessing)

    def example(self) -> Any:
        """The data's own example."""
        return self._datamodule.example

    def importance(self) -> go.Figure:
        """How much each feature lowered the training error, the strongest on top."""
        gains = self.booster.feature_importance("gain")
        preprocessing = self._datamodule.preprocessing
        names = (
            [f"x{i}" for i in range(len(gains))]
            if preprocessing is None
            else list(preprocessing.get_feature_names_out())
        )
        strongest = np.argsort(gains, kind="stable")[-MOST_FEATURES:]
        bars = go.Bar(
            x=[float(gains[i]) for i in strongest],
            y=[str(names[i]) for i in strongest],
            orientation="h",
        )
        return go.Figure(bars).update_layout(
            title="Feature importance", xaxis_title="total gain", template="simple_white"
        )


class BoostedPredictor(Predictor):
    """Predicts (n, 1) from raw rows."""

    requirements = ("lightgbm",)

    def __init__(self, booster: Any, preprocessing: Any) -> None:
        self.booster = booster
        self.preprocessing = preprocessing

    def predict(self, rows: Any) -> Any:
        """The predictions, (n, 1)."""
        x = rows if self.preprocessing is None else self.preprocessing.transform(rows)
        return self.booster.predict(np.asarray(x, dtype=np.float32)).reshape(-1, 1)


class WatchRounds:
    """A LightGBM callback: records the errors and reports to the trial, each `every` rounds.

    The fit stops by TrialPruned where the trial's pruner says so, unless `prune` is false. `metric`
    is the reported one; None for several, for which Optuna does not prune.
    """

    # LightGBM calls its early stopping, 30, last.
    order = 20
    before_iteration = False

    def __init__(self, *, trial: Trial | None, metric: str | None, prune: bool, every: int) -> None:
        self.trial = trial
        self.metric = metric
        self.prune = prune
        self.every = every
        self.round = 0

    def __call__(self, env: Any) -> None:
        """Look at one round."""
        self.round = env.iteration + 1
        if self.round % self.every != 0:
            return
        errors = {f"{name}/mse": float(mse) for name, _, mse, *_ in env.evaluation_result_list}
        current_run().log_metrics(errors, step=self.round)
        log.info("round %d: %s", self.round, errors)
        known = {**errors, "val/rmse": math.sqrt(errors["val/mse"])}
        if self.trial is not None and self.metric in known:
            self._report(self.trial, known[self.metric])

    def _report(self, trial: Trial, value: float) -> None:
        trial.report(value, step=self.round)
        if self.prune and trial.should_prune():
            raise TrialPruned(f"pruned at round {self.round}: {self.metric} was {value:.4g}")


class _Said:
    """What LightGBM would print."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, line: str) -> None:
        self.lines.append(line)

    warning = info


def _train(cfg: DictConfig, datamodule: TabularDataModule) -> Any:
    lightgbm, trial = _lightgbm(), current_trial()
    lightgbm.register_logger(log)
    train = lightgbm.Dataset(*_arrays(datamodule, "train"))
    watched = {"val": train.create_valid(*_arrays(datamodule, "val"))}
    if trial is None:  # a trial saves the time
        watched["train"] = train
    watch = WatchRounds(
        trial=trial,
        metric=cfg.metric.name if isinstance(cfg.metric.name, str) else None,
        prune=cfg.prune,
        every=cfg.objective.report_every,
    )
    try:
        return lightgbm.train(
            _parameters(cfg),
            train,
            num_boost_round=cfg.model.num_iterations,
            valid_sets=list(watched.values()),
            valid_names=list(watched),
            callbacks=[watch],
        )
    finally:
        if trial is not None:
            trial.set_user_attr("rounds", watch.round)


def _parameters(cfg: DictConfig) -> dict[str, Any]:
    given: Any = OmegaConf.to_container(cfg.model, resolve=True)
    # The number of rounds is an argument of its own; what is watched is the squared error.
    params = {k: v for k, v in given.items() if v is not None and k != "num_iterations"}
    return {**params, "metric": "l2"}


def _data(cfg: DictConfig) -> TabularDataModule:
    datamodule: TabularDataModule = instantiate(cfg.data)
    datamodule.prepare_data()
    datamodule.setup("fit")
    return datamodule


def _arrays(datamodule: TabularDataModule, part: str) -> tuple[Any, Any]:
    x, y = getattr(datamodule, part)
    return x.numpy(), y[:, 0].double().numpy()


def _refusal(reason: str, params: dict[str, Any]) -> str:
    """LightGBM's refusal of a value, with a way out."""
    if (bound := BOUND.search(reason)) is None:
        return f"model: LightGBM refuses it: {' '.join(reason.split())}; try model=lightgbm alone"
    name, relation, limit = bound.groups()
    name = ALIASES.get(name, name)
    allowed = float(limit) + {">": 1, "<": -1}.get(relation, 0)
    return (
        f"model.{name} must be {relation} {limit}, got {params.get(name)}; "
        f"try model.{name}={allowed:g}"
    )


@contextlib.contextmanager
def _without_stderr() -> Iterator[None]:
    """LightGBM prints what it raises, past Python and its own logger."""
    sys.stderr.flush()
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _lightgbm() -> Any:
    try:
        import lightgbm  # here: an extra; that it is missing is said in one line
    except ModuleNotFoundError as error:
        raise InvalidConfig(
            "objective=lightgbm needs the package lightgbm, which is not installed; "
            'type pip install "tunesmith[lightgbm]", beside train.py pip install -e ".[lightgbm]"'
        ) from error
    return lightgbm
