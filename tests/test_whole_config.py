"""A saved config takes values and no options: what is typed instead makes the same of it."""

import shlex
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from tests.commands import ROOT
from tunesmith.explain.whole_config import in_a_whole_config


def said(group: str, option: str, *, monkeypatch: pytest.MonkeyPatch, folder: Path) -> str | None:
    """What a command says that chooses an option beside `best.yaml`."""
    typed = ["--config-dir", str(folder), "--config-name", "best", f"{group}={option}"]
    monkeypatch.setattr(sys, "argv", [str(ROOT / "train.py"), *typed])
    monkeypatch.setattr(sys, "orig_argv", ["python", "train.py", *typed])
    return in_a_whole_config(group)


def saved(folder: Path, group: str, option: str) -> None:
    node = OmegaConf.load(ROOT / "conf" / group / f"{option}.yaml")
    OmegaConf.save(OmegaConf.create({group: node}), folder / "best.yaml")


def test_the_proposed_overrides_make_the_option_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    saved(tmp_path, "optimizer", "adam")
    line = said("optimizer", "sgd", monkeypatch=monkeypatch, folder=tmp_path)
    assert line is not None
    assert "optimizer was chosen when it was made" in line
    overrides = shlex.split(line.partition("; try ")[2])
    node = OmegaConf.load(tmp_path / "best.yaml")
    OmegaConf.set_struct(node, True)
    for override in overrides:
        OmegaConf.set_struct(node, not override.startswith("+"))
        node.merge_with_dotlist([override.lstrip("+")])
    assert node.optimizer == OmegaConf.load(ROOT / "conf/optimizer/sgd.yaml")


def test_the_option_that_it_holds_is_to_be_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    saved(tmp_path, "tracking", "none")
    line = said("tracking", "none", monkeypatch=monkeypatch, folder=tmp_path)
    assert line is not None
    assert line.endswith("; try the command without tracking=none, which it holds")


def test_what_is_no_group_is_not_spoken_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    saved(tmp_path, "tracking", "none")
    assert said("nothing", "none", monkeypatch=monkeypatch, folder=tmp_path) is None
