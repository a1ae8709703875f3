"""The pages of docs/reference/ that scripts write are up to date, and each key has a meaning."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from tests.commands import ROOT
from tests.test_public_names import PACKAGES

ASSETS = ROOT / "docs" / "assets"


@pytest.fixture
def script(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A script of docs/assets, which imports those beside it."""
    monkeypatch.syspath_prepend(str(ASSETS))
    return import_module(request.param)


@pytest.mark.parametrize("script", ["config_reference", "api_reference"], indirect=True)
def test_a_page_is_as_its_script_writes_it(script: ModuleType) -> None:
    told = f"run: python docs/assets/{script.__name__}.py"
    assert script.page() == script.PAGE.read_text("utf-8"), told


@pytest.mark.parametrize("script", ["config_reference"], indirect=True)
def test_each_file_and_key_is_on_the_page(script: ModuleType) -> None:
    page = script.page()
    for group, name in script.OPTIONS:
        assert not group or f"\n### {group}{'/' if name[0] == '_' else '='}{name}" in page
    for option in script.OPTIONS.values():
        if option.group and option.group not in script.WHOLE:
            for key in option.keys:
                shown = f"| `{key.name.removeprefix(script.SEARCHED)}` |"
                assert "._" in f".{key.name}" or shown in page


@pytest.mark.parametrize("script", ["config_meanings"], indirect=True)
@pytest.mark.parametrize(
    ("group", "name", "key", "told"),
    [
        ("data", "table", "data.target", "The column to predict; all others"),
        ("data", "cubic", "data.n_samples", "Training and validation rows together"),
        ("optimizer", "adam", "optimizer.lr", "The learning rate, before any schedule."),
        ("trainer", "gpu", "trainer.accelerator", "A CUDA device."),
        ("debug", "fast_dev_run", "trainer.fast_dev_run", "An argument of [`Trainer`](https://"),
        ("metric", "mae", "metric.name", "What a trial returns"),
        ("hparams_search", "mlp", "hydra.sweeper.n_trials", "The study's total"),
        ("hparams_search", "mlp", "hydra.sweeper.sampler.seed", "Seeds the search; null draws"),
        ("hparams_search", "xgboost", "model.reg_alpha", "The L1 penalty"),
        ("hparams_search", "mlp_wide", "model.n_nodes", "Nodes of each linear layer but the last."),
    ],
)
def test_a_meaning_comes_from_its_home(
    script: ModuleType, group: str, name: str, key: str, told: str
) -> None:
    option = script.OPTIONS[group, name]
    [found] = [one for one in option.keys if one.name == key]
    assert script.meaning(found, option).startswith(told)


@pytest.mark.parametrize("script", ["config_meanings"], indirect=True)
@pytest.mark.parametrize(
    ("group", "name", "key"),
    [
        ("data", "cubic", "data.nothing"),
        ("storage", "sqlite", "storage.nothing"),
        ("objective", "quadratic", "objective.nothing"),
        ("hparams_search", "mlp", "hydra.sweeper.nothing"),
        ("", "train", "nothing"),
    ],
)
def test_a_key_that_nothing_explains_is_refused(
    script: ModuleType, group: str, name: str, key: str
) -> None:
    option = script.OPTIONS[group, name]
    target = "tunesmith.data.CubicDataModule" if group == "data" else ""
    with pytest.raises(script.UnexplainedKeyError, match=rf"{key} in conf/.*{name}\.yaml"):
        script.meaning(script.Key(key, "1", target=target), option)


@pytest.mark.parametrize("script", ["api_reference"], indirect=True)
def test_each_public_name_is_on_the_page(script: ModuleType) -> None:
    page = script.PAGE.read_text("utf-8")
    assert set(script.PACKAGES) == set(PACKAGES)
    for package in PACKAGES:
        for name in import_module(package).__all__:
            assert f"{{ #{package}.{name} }}" in page or f"\n`{name}` is [tunesmith." in page


@pytest.mark.parametrize("script", ["api_reference"], indirect=True)
def test_a_constant_without_a_comment_is_refused(script: ModuleType) -> None:
    with pytest.raises(script.UndocumentedNameError, match=r"tunesmith\.study\.NOTHING"):
        script.comment_above("tunesmith.study", "NOTHING")


def test_no_page_names_a_machine() -> None:
    for page in ("config.md", "api.md"):
        text = (ASSETS.parent / "reference" / page).read_text("utf-8")
        assert " at 0x" not in text
        assert str(Path.home()) not in text
