"""What users may import: it is listed, it is there, and configs and docs name nothing else."""

import importlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hydra.utils import get_object

from tests.commands import ROOT

PACKAGES = (
    "tunesmith",
    *(
        f"tunesmith.{name}"
        for name in (
            *("advice", "data", "loaded", "models", "objectives", "report", "study", "tracking"),
        )
    ),
)
# Hydra knows a plug-in by the module that defines it.
PLUGIN = "hydra_plugins.tunesmith_plugin.OptunaStudySweeper"
DOTTED = re.compile(r"\btunesmith(?:\.\w+)+")
# `python -m` runs these.
PROGRAMS = {"tunesmith.predict", "tunesmith.report", "tunesmith.storage"}
# What a default of the sweeper names: docs/reference/config.md shows it.
DEFAULT = "tunesmith.check.check_config"
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_lists_what_it_exports_and_has_all_of_it(name: str) -> None:
    package = importlib.import_module(name)
    for exported in package.__all__:
        assert getattr(package, exported) is not None
    assert not [exported for exported in package.__all__ if exported.startswith("_")]


@pytest.mark.parametrize("name", PACKAGES)
def test_a_name_that_is_not_there_is_an_ordinary_error(name: str) -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        importlib.import_module(name).nothing  # noqa: B018


def exported(dotted: str) -> bool:
    """Whether a dotted name leads through the public door."""
    package, _, name = dotted.rpartition(".")
    return package in PACKAGES and name in importlib.import_module(package).__all__


def targets() -> dict[str, Path]:
    """What of ours the configs name, and where."""
    found = {}
    for path in sorted((ROOT / "conf").rglob("*.yaml")):
        for dotted in DOTTED.findall(path.read_text()):
            found[dotted] = path
    return found


@pytest.mark.parametrize("dotted", sorted(targets()))
def test_configs_name_exported_paths_only(dotted: str) -> None:
    assert exported(dotted) or dotted == PLUGIN, targets()[dotted]
    assert get_object(dotted) is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_name_exported_paths_only(page: Path) -> None:
    imported = {
        f"{package}.{name.strip()}"
        for package, names in re.findall(
            r"from (tunesmith[.\w]*) import ([\w, ]+)", page.read_text()
        )
        for name in names.split(",")
    }
    named = set(DOTTED.findall(page.read_text())) - set(PACKAGES)
    for dotted in imported | named:
        assert exported(dotted) or dotted in {PLUGIN, DEFAULT, *PROGRAMS}, dotted


@pytest.mark.slow
def test_a_wheel_from_a_clone_without_links_works_from_an_empty_folder(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(
        ["git", "-c", "core.symlinks=false", "clone", "-q", str(ROOT), str(clone)], check=True
    )
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(clone)],
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    shipped = {
        f"tunesmith/conf/{path.relative_to(clone / 'conf').as_posix()}"
        for path in (clone / "conf").rglob("*.yaml")
    }
    assert shipped <= inside
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    empty = tmp_path / "empty"
    empty.mkdir()
    entry = (ROOT / "train.py").read_text().replace('config_path="conf"', "config_path=None")
    (empty / "train.py").write_text(entry)
    done = subprocess.run(
        [sys.executable, "train.py", "-m", "hparams_search=quadratic", "hydra.sweeper.n_trials=2"],
        cwd=empty,
        env={"PATH": "", "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (empty / "outputs" / "searches").is_dir()
