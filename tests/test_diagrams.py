"""The diagrams of the pages are those that their script draws, and name modules that are there."""

import re
import runpy
from pathlib import Path

import pytest

from tests.commands import ROOT

ASSETS = ROOT / "docs" / "assets"
DIAGRAMS = sorted(ASSETS.glob("*.svg"))
SOURCE = ROOT / "src" / "tunesmith"


def modules_of(diagram: Path) -> set[str]:
    return set(re.findall(r'class="m">(\w+)<', diagram.read_text()))


def modules_in(package: Path) -> set[str]:
    found = {path.stem for path in package.iterdir() if path.suffix == ".py" or path.is_dir()}
    return {name for name in found if not name.startswith("__")}


@pytest.mark.parametrize("diagram", DIAGRAMS, ids=lambda path: path.stem)
def test_a_diagram_is_as_it_is_drawn(
    diagram: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "diagrams.py"
    script.write_text((ASSETS / "diagrams.py").read_text())
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(script), run_name="__main__")
    assert (tmp_path / diagram.name).read_text() == diagram.read_text()


@pytest.mark.parametrize(
    ("diagram", "packages"),
    [("search", ["."]), ("data", ["data"]), ("objectives", ["objectives", "."])],
)
def test_a_diagram_names_modules_that_are_there(diagram: str, packages: list[str]) -> None:
    there = set().union(*(modules_in(SOURCE / package) for package in packages))
    assert modules_of(ASSETS / f"{diagram}.svg") <= there


def test_all_modules_of_the_data_are_drawn() -> None:
    assert modules_of(ASSETS / "data.svg") == modules_in(SOURCE / "data")
