"""An objective is an object that one `_target_` names; a plain function is wrapped."""

import logging
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra.utils import execution_whitelist
from omegaconf import DictConfig, OmegaConf
from train import TRUSTED

import tunesmith.objectives
from tests.commands import ROOT, environment, succeed
from tunesmith.check import check_config
from tunesmith.errors import InvalidConfig
from tunesmith.objectives import (
    FittedModel,
    LightGBM,
    Lightning,
    Objective,
    Predictor,
    objective_of,
)
from tunesmith.objectives.objective import _say_once
from tunesmith.objectives.trial import NoUsableValue, _compute
from tunesmith.study import FailKind
from tunesmith.study.failure import failure_from


class Fitted(FittedModel):
    """A model that learned nothing."""

    def test(self) -> dict[str, float]:
        return {"test/y": 0.0}

    def predictor(self) -> Predictor:
        raise NotImplementedError

    def example(self) -> Any:
        raise NotImplementedError


class Scaled(Objective):
    """Takes an argument, refuses some, and leaves a model."""

    def __init__(self, *, scale: float, names: list[str] | None = None) -> None:
        self.scale = scale
        self.names = names

    def evaluate(self, cfg: DictConfig) -> float:
        return self.scale * float(cfg.seed)

    def check(self, cfg: DictConfig) -> None:
        if self.scale < 0:
            raise InvalidConfig("objective.scale must be positive; try objective.scale=1")

    def restore(self, cfg: DictConfig, folder: Path) -> FittedModel:
        return Fitted()


def plain(cfg: DictConfig) -> float:
    """Return the seed."""
    return float(cfg.seed)


def refuse_all(cfg: DictConfig) -> None:
    """Refuse any config."""
    raise InvalidConfig("never")


def take_up(cfg: DictConfig, folder: Path) -> FittedModel:
    """Return a model, wherever it lies."""
    return Fitted()


def config(target: str, **keys: Any) -> DictConfig:
    """The config of an objective of this module."""
    node = {"_target_": f"{__name__}.{target}", **keys}
    metric = {"name": "y", "direction": "minimize"}
    return OmegaConf.create(
        {"objective": node, "seed": 3, "repeat": 1, "metric": metric, "tracking": None}
    )


@pytest.fixture(autouse=True)
def trusting() -> Iterator[None]:
    """Trust this module, and forget which advice was given."""
    _say_once.cache_clear()
    with execution_whitelist((*TRUSTED, "tests.*")):
        yield


def test_a_class_gets_the_other_keys_of_its_node() -> None:
    objective = objective_of(config("Scaled", scale="${seed}", names=["a"]))
    assert isinstance(objective, Scaled)
    assert objective.evaluate(config("Scaled")) == 9
    assert type(objective.names) is list


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_an_infinite_value_is_one_but_for_a_fit(
    value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in (Lightning, LightGBM):
        monkeypatch.setattr(kind, "evaluate", lambda self, cfg: {"y": value, "side": math.inf})
    monkeypatch.setattr("tests.objectives.test_objective.plain", lambda cfg: value)
    assert _compute(config("plain")) == {"y": value}
    for target in ("Lightning", "LightGBM"):
        cfg = config("plain")
        cfg.objective._target_ = f"tunesmith.objectives.{target}"
        with pytest.raises(NoUsableValue, match=f"y is {value}, not a finite number") as raised:
            _compute(cfg)
        # It stops a search as any other error does, after three.
        assert failure_from(raised.value).kind == FailKind.EXCEPTION


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"scale": 1, "scales": 2}, "objective: .*scales"),
        ({}, "objective: .*scale"),
        ({"scale": -1}, "objective.scale must be positive"),
    ],
)
def test_a_class_that_refuses_its_arguments_says_so_in_one_line(
    keys: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidConfig, match=message) as refused:
        check_config(config("Scaled", **keys))
    assert "\n" not in str(refused.value)


def test_an_objective_says_whether_it_restores() -> None:
    cfg = config("Scaled", scale=1)
    assert objective_of(cfg).restorable
    assert objective_of(cfg).restore(cfg, Path()).test() == {"test/y": 0.0}
    function = objective_of(config("plain"))
    assert not function.restorable
    with pytest.raises(NotImplementedError):
        function.restore(cfg, Path())


def test_a_plain_function_is_wrapped_and_accepts_any_config() -> None:
    cfg = config("plain", x=1)
    check_config(cfg)
    assert objective_of(cfg).evaluate(cfg) == 3.0


def test_the_keys_check_and_restore_of_a_function_still_work_and_name_the_new_way_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cfg = config("plain", check=f"{__name__}.refuse_all", restore=f"{__name__}.take_up")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            with pytest.raises(InvalidConfig, match="never"):
                check_config(cfg)
        assert objective_of(cfg).restorable
        assert isinstance(objective_of(cfg).restore(cfg, Path()), Fitted)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert all("subclass of tunesmith.objectives.Objective" in line for line in said)


@pytest.mark.parametrize("name", sorted({*tunesmith.objectives.__all__} - {"Outcome"}))
def test_every_exported_name_is_found_and_trusted_as_a_target(name: str) -> None:
    from tunesmith.config import resolve_function

    resolved = resolve_function(f"tunesmith.objectives.{name}")
    assert resolved.func is getattr(tunesmith.objectives, name)  # type: ignore[attr-defined]


def test_the_configs_name_exported_objectives_only() -> None:
    for path in (ROOT / "conf" / "objective").glob("*.yaml"):
        cfg = OmegaConf.load(path)
        if "objective" not in cfg:  # It starts from another one.
            assert (path.parent / f"{cfg.defaults[0]}.yaml").is_file()
            continue
        package, _, name = cfg.objective._target_.rpartition(".")
        assert package == "tunesmith.objectives"
        assert name in tunesmith.objectives.__all__


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Lightening'"):
        _ = tunesmith.objectives.Lightening  # type: ignore[attr-defined]


def test_running_a_trial_loads_no_heavy_library() -> None:
    probe = (
        "import sys; from tunesmith.objectives import run_trial, Objective; "
        "sys.exit(str({'torch', 'lightning', 'mlflow', 'lightgbm'} & set(sys.modules) or '') or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_config_is_shown_with_lightning_s_word_for_the_direction(tmp_path: Path) -> None:
    shown = succeed(
        *("--cfg", "job", "--resolve", "callbacks=early_stopping_checkpoint"),
        *("metric.direction=maximize", "--package", "callbacks"),
        root=tmp_path,
    )
    assert shown.count("mode: max") == 2
