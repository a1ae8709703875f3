"""Where the code runs is decided once: a single run, a trial, a refit, and their repetitions."""

import math
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import optuna
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from hydra.utils import execution_whitelist
from omegaconf import DictConfig, open_dict
from train import TRUSTED

from tests.commands import ROOT, succeed
from tests.study.searches import new_study
from tunesmith.context import Context, Role, current_context, job_context, refitting
from tunesmith.errors import InvalidConfig
from tunesmith.objectives import run_trial
from tunesmith.objectives.trial import NoNumber
from tunesmith.search.messages import notes_of
from tunesmith.study import Diverged, Pruned, TrialRecord, current_trial, running
from tunesmith.tracking import Run

AMBIENT = re.compile(r"HydraConfig|RunMode|current_trial\(|current_run\(|job_context\(")
ROWS = re.compile(r"^(time|folder) +\S", re.MULTILINE)
seen: list[tuple[Context, str]] = []


def remembering(cfg: DictConfig) -> float:
    """Remember the context, and where Hydra says that the job writes."""
    seen.append((current_context(), HydraConfig.get().runtime.output_dir))
    return float(cfg.seed or 0)


def hopeless(cfg: DictConfig) -> float:
    """Give up for a reason of its own."""
    raise optuna.TrialPruned("hopeless")


def diverging(cfg: DictConfig) -> float:
    """Give up since the loss is not finite."""
    raise Diverged("diverged: nan")


@pytest.fixture
def composed(tmp_path: Path) -> Iterator[Callable[..., DictConfig]]:
    """Compose the config of a run of a function of this module, in a mode of Hydra."""

    def composed_(function: str, *overrides: str, mode: RunMode = RunMode.RUN) -> DictConfig:
        target = f"objective._target_={__name__}.{function}"
        arguments = ["objective=quadratic", "tracking=none", target, *overrides]
        cfg = compose("train", overrides=arguments, return_hydra_config=True)
        with open_dict(cfg):
            cfg.hydra.runtime.output_dir = str(tmp_path)
            cfg.hydra.mode = mode
        HydraConfig.instance().set_config(cfg)
        with open_dict(cfg):
            del cfg["hydra"]
        return cfg

    seen.clear()
    conf = initialize_config_dir(str(ROOT / "conf"))
    with conf, execution_whitelist((*TRUSTED, "tests.*")):
        yield composed_
    HydraConfig.instance().cfg = None


def test_no_objective_looks_around_for_where_it_runs() -> None:
    for path in (ROOT / "src" / "tunesmith" / "objectives").rglob("*.py"):
        found = AMBIENT.findall(path.read_text())
        # The one place that decides.
        expected = ["job_context("] if path.name == "trial.py" else []
        assert found == expected, path


@pytest.mark.parametrize(
    ("around", "mode", "role", "is_alone", "leaves_metrics"),
    [
        (nullcontext, RunMode.RUN, Role.SINGLE, True, True),
        (nullcontext, RunMode.MULTIRUN, Role.SINGLE, False, True),
        (lambda: running(new_study(None).ask()), RunMode.MULTIRUN, Role.TRIAL, False, False),
        (lambda: refitting(Run()), RunMode.MULTIRUN, Role.REFIT, False, True),
    ],
    ids=["single run", "job of a multirun", "trial", "refit"],
)
def test_each_role_knows_itself_and_leaves_what_it_should(
    composed: Callable[..., DictConfig],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    around: Callable[[], AbstractContextManager[object]],
    mode: RunMode,
    role: Role,
    is_alone: bool,
    leaves_metrics: bool,
) -> None:
    with around():
        run_trial(composed("remembering", mode=mode))
    [(context, folder)] = seen
    assert (context.role, context.is_alone) == (role, is_alone)
    assert context.paths.folder == Path(folder) == tmp_path
    assert (context.trial is not None) == context.is_trial == (role is Role.TRIAL)
    assert (tmp_path / "metrics.yaml").exists() == leaves_metrics
    assert bool(ROWS.search(capsys.readouterr().out)) == (role is Role.SINGLE)


def test_a_repetition_has_a_folder_and_a_view_of_the_trial_of_its_own(
    composed: Callable[..., DictConfig], tmp_path: Path
) -> None:
    study = new_study(None)
    trial = study.ask()
    with running(trial):
        assert run_trial(composed("remembering", "repeat=3", mode=RunMode.MULTIRUN)) == 1.0
        assert current_trial() is trial
    assert [context.repetition for context, _ in seen] == [1, 2, 3]
    folders = [tmp_path, tmp_path / "repetition-2", tmp_path / "repetition-3"]
    assert [context.paths.folder for context, _ in seen] == folders
    assert [Path(folder) for _, folder in seen] == folders
    assert HydraConfig.get().runtime.output_dir == str(tmp_path)
    assert not list(tmp_path.iterdir())
    [kept] = study.trials
    assert kept.user_attrs["repetitions"] == {"y": [0.0, 1.0, 2.0]}
    for context, _ in seen:
        assert context.trial is not None
        assert not context.trial.should_prune()


def test_outside_of_a_run_there_is_no_context() -> None:
    with pytest.raises(LookupError, match="nothing is being run"):
        current_context()


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("hopeless", Pruned("hopeless", diverged=False)),
        ("diverging", Pruned("diverged: nan", diverged=True)),
    ],
)
def test_only_a_loss_that_is_not_finite_counts_as_diverged(
    composed: Callable[..., DictConfig], function: str, expected: Pruned
) -> None:
    with running(new_study(None).ask()):
        assert run_trial(composed(function, mode=RunMode.MULTIRUN)) == expected


def test_a_pruned_single_run_ends_the_command_and_a_job_of_a_multirun_does_not(
    composed: Callable[..., DictConfig],
) -> None:
    with pytest.raises(SystemExit, match="Stopped: hopeless"):
        run_trial(composed("hopeless"))
    assert run_trial(composed("hopeless", mode=RunMode.MULTIRUN)) == Pruned("hopeless")


def test_a_mistake_ends_a_single_run_by_one_line_and_fails_a_trial(
    composed: Callable[..., DictConfig],
) -> None:
    with pytest.raises(SystemExit, match="returned 1 values"):
        run_trial(composed("remembering", "metric.name=[y,z]"))
    with running(new_study(None).ask()), pytest.raises(InvalidConfig):
        run_trial(composed("remembering", "metric.name=[y,z]", mode=RunMode.MULTIRUN))


def test_the_job_s_context_is_none_that_is_recorded(composed: Callable[..., DictConfig]) -> None:
    composed("remembering")
    assert job_context().run.id is None


@pytest.mark.parametrize("tracking", ["none", "mlflow"])
def test_a_search_prints_no_table_of_its_refit(tmp_path: Path, tracking: str) -> None:
    search = ("-m", "hparams_search=quadratic", "hydra.sweeper.n_trials=2")
    printed = succeed(*search, f"tracking={tracking}", root=tmp_path)
    assert not ROWS.search(printed)
    assert list(tmp_path.glob("searches/*/best/metrics.yaml"))


def test_each_job_of_a_multirun_without_a_search_prints_its_table(tmp_path: Path) -> None:
    jobs = ("-m", "objective=quadratic", "objective.x=1,2", "tracking=none")
    assert ROWS.findall(succeed(*jobs, root=tmp_path)) == ["time", "folder"] * 2


def with_odd_metrics(cfg: DictConfig) -> dict[str, object]:
    return {"y": 1.0, "none": None, "array": np.zeros(3), "text": "0.5", "nan": math.nan, 3: True}


def test_a_side_metric_that_is_no_number_is_named_and_the_trial_counts(
    composed: Callable[..., DictConfig], caplog: pytest.LogCaptureFixture
) -> None:
    study = new_study(None)
    with running(study.ask()):
        assert run_trial(composed("with_odd_metrics", "repeat=2", mode=RunMode.MULTIRUN)) == 1.0
    expected = [
        "the metric 'none' is None, no number: it is left out",
        "the metric 'array' is a ndarray, no number: it is left out",
    ]
    assert TrialRecord.of(study.trials[0]).notes == expected
    assert notes_of(study) == [f"Note: {sentence}." for sentence in expected]
    assert set(expected) <= {record.getMessage() for record in caplog.records}


def without_a_value(cfg: DictConfig) -> dict[str, object]:
    return {"y": None, "other": 1.0}


def test_the_metric_itself_must_be_a_number(composed: Callable[..., DictConfig]) -> None:
    with running(new_study(None).ask()), pytest.raises(NoNumber, match="returned nothing"):
        run_trial(composed("without_a_value", mode=RunMode.MULTIRUN))
