"""What is proposed in place of an override that Hydra cannot read is what was meant."""

import errno
import logging
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Transformer
from hydra.errors import InstantiationException
from hydra.utils import execution_whitelist, instantiate
from omegaconf import OmegaConf

from tests.commands import ROOT
from tunesmith import extras
from tunesmith.cli import one_line_errors
from tunesmith.commands import command
from tunesmith.errors import InvalidConfig, import_failure, nearest
from tunesmith.explain import one_line
from tunesmith.explain.keys import is_needed
from tunesmith.explain.unreadable import unreadable
from tunesmith.extras import install_extra


def proposed(typed: str) -> str:
    """What the line about an override says to type, as the shell hands it over."""
    [argument] = shlex.split(unreadable(typed, "it is wrong").partition("; type ")[2])
    return argument


def read(argument: str) -> Any:
    """What Hydra takes it for: a value, or all values of a sweep."""
    override = OverridesParser.create().parse_override(argument)
    if override.is_sweep_override():
        elements = override.sweep_iterator(transformer=Transformer.identity)
        return [getattr(element, "text", element) for element in elements]
    return override.value()


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        *((text, text) for text in ("日本", "#1", "it's", "a;b", "b!c", "<3", "x=y", "/a (1).csv")),
        *((text, text) for text in ('say "hi"', "a\\'b", "50% & more", "${x", "$(date)")),
        ("choice(日本,relu)", ["日本", "relu"]),
        ("choice(it's,1)", ["it's", 1]),
        ("choice(e=f,g)", ["e=f", "g"]),
        ("relu,日本", ["relu", "日本"]),
        ("[a;b,2]", ["a;b", 2]),
        ("{a:日本,b:[é]}", {"a": "日本", "b": ["é"]}),
        ("choice(a,b", ["a", "b"]),
        ("[[8,8],[16", [[8, 8], [16]]),
    ],
)
def test_what_is_proposed_is_what_was_meant(value: str, meant: Any) -> None:
    assert read(proposed(f"k={value}")) == meant


@pytest.mark.parametrize(
    ("group", "is_there"), [("optimizer", True), ("trainer", True), ("experiment", False)]
)
def test_no_option_at_all_is_proposed_only_where_none_is_needed(
    group: str, is_there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [str(ROOT / "train.py")])
    assert is_needed(group) is is_there


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a command changes of its process is as before at the end."""
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
    yield
    logging.captureWarnings(False)


@pytest.mark.parametrize("file", ["outputs/runs/1/config.yaml", None])
def test_a_full_disk_is_one_line(entry: None, file: str | None) -> None:
    with pytest.raises(SystemExit) as ended, one_line_errors():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file)
    said = str(ended.value)
    assert said.startswith("no space is left on the disk")
    assert (file or "disk;") in said
    assert "\n" not in said
    assert said.endswith("type paths.output_root=FOLDER with a folder on another disk")


def test_another_fault_of_the_system_keeps_its_traceback(entry: None) -> None:
    with pytest.raises(FileNotFoundError), one_line_errors():
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), "mine.csv")


def test_the_nearest_name_is_found_in_any_case() -> None:
    assert nearest("ReLU", ["elu", "relu", "tanh"]).partition(",")[0] == "relu"
    assert nearest("relu", ["ReLU", "Tanh"]) == "ReLU"


def test_all_that_must_be_typed_otherwise_is_shown_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["-m", "data=table", "data.path=価格.csv", "data.target=価格", "+x=1"]
    monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
    line = unreadable("data.path=価格.csv", "it is wrong")
    typed = shlex.split(line.partition("; type ")[2])
    assert typed == ['data.path="価格.csv"', 'data.target="価格"']


@pytest.mark.parametrize("value", ["choice(/a (1).csv,b)", "[a,b]]", "interval(0,1,2)", "choice()"])
def test_nothing_is_made_up_where_it_is_unclear(value: str) -> None:
    assert "; try " in unreadable(f"k={value}", "it is wrong")


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("adamm", ["adam", "sgd"], "adam"),
        ("bayes", ["cmaes", "tpe"], "cmaes, tpe"),
        ("experiment", ["experiment", "repeat"], "repeat"),
        ("x", [], ""),
    ],
)
def test_only_names_alike_are_near_and_never_the_name_itself(
    name: str, known: list[str], said: str
) -> None:
    assert nearest(name, known) == said


class Needy:
    """What imports a package only as it is made."""

    def __init__(self) -> None:
        raise ModuleNotFoundError("No module named 'nowhere_at_all'", name="nowhere_at_all")


def test_a_package_that_a_class_imports_itself_is_named_with_the_key() -> None:
    node = OmegaConf.create({"loggers": {"x": {"_target_": f"{__name__}.Needy"}}})
    with execution_whitelist([f"{__name__}.*"]), pytest.raises(ModuleNotFoundError) as raised:
        instantiate(node.loggers.x)
    assert import_failure(raised.value) == (
        "loggers.x cannot be imported: No module named 'nowhere_at_all'; "
        "install it with pip install nowhere_at_all"
    )


def test_an_extra_is_installed_into_the_checkout_if_this_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(ROOT)
    assert install_extra("lightgbm") == 'pip install -e ".[lightgbm]"'
    monkeypatch.chdir(tmp_path)
    assert install_extra("lightgbm") == f'pip install -e "{ROOT}[lightgbm]"'
    monkeypatch.setattr(extras, "__file__", str(tmp_path / "lib" / "tunesmith" / "extras.py"))
    assert install_extra("lightgbm") == 'pip install "tunesmith[lightgbm]"'


def test_a_missing_package_names_the_extra_of_what_needs_it() -> None:
    assert extras.extra_of("plotly") == "report"
    assert extras.extra_of("plotly", target="tunesmith.objectives.LightGBM") == "lightgbm"
    assert extras.extra_of("numpy", target="tunesmith.objectives.LightGBM") is None


def test_a_mistake_of_ours_is_said_as_it_is_however_hydra_wrapped_it() -> None:
    error = InstantiationException("Error in call to target 'open': InvalidConfig('b')")
    error.__cause__ = InvalidConfig("a must be b")
    assert one_line(error) == "a must be b"


@pytest.mark.parametrize(("on_path", "shown"), [(True, "tunesmith"), (False, "bin/tunesmith")])
def test_an_installed_command_is_named_as_it_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_path: bool, shown: str
) -> None:
    script = tmp_path / "bin" / "tunesmith"
    script.parent.mkdir()
    script.touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(script.with_name("python")))
    monkeypatch.setattr(sys, "argv", [str(script), "a=1"])
    monkeypatch.setattr(sys, "orig_argv", [sys.executable, str(script), "a=1"])
    monkeypatch.setenv("PATH", str(script.parent) if on_path else "")
    assert command("b=2") == (f"{shown} b=2" if on_path else f"{script} b=2")
