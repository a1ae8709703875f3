"""The pages of docs/: they are in the site, it builds, and their code blocks run or are listed."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from hydra.utils import execution_whitelist
from omegaconf import OmegaConf, flag_override
from train import TRUSTED

from tests.commands import ROOT, environment, own_entry
from tests.docs_pages import DOCS, PAGES, Block, blocks_of, name_of
from tests.in_process import accept_here

SITE = ROOT / "mkdocs.yml"
# Pages whose blocks another test types.
ELSEWHERE = {
    "how-to/cluster.md": ("tests/test_cluster_page.py", "tests/engines/test_cluster_page.py"),
    "how-to/own-model.md": ("tests/test_your_own_model.py",),
}
# Commands that no test types, and why; a pattern that nothing matches is a mistake.
LISTED = {
    r"python3 -m venv|pip install": "installs packages, as .ci/run does",
    r"python your_app\.py": "an app of the reader's: tests/apps searches over six kinds of them",
    r"mlflow ui ": "a server that runs until it is stopped",
    r"optuna-dashboard ": "a package of its own, which is not installed here",
    r"export ": "an address that only the reader knows",
    r"eval .* -sc install": "changes the reader's shell: tests/test_help.py asks for completions",
    r".*\b(NAME|FOLDER|URL|ROLE|OPTION)\b": "holds a name to be replaced by the reader's",
    r"python -m tunesmith\.storage init": "asks a server: tests/test_storage_command.py",
    r"python -m tunesmith\.predict outputs/searches/diabetes": "typed by the slow walk below",
}
# What is no code, by language.
SHOWN = {
    "text": "what a command prints, or an address",
    "py": "how something is called, from its signature or docstring",
    "pycon": "the example of a docstring: tests/test_examples.py",
}
# Python that only runs where the page's search has run, or where a model has been logged.
AFTER = {
    r"tunesmith\.load\(|found\.|submission\.csv": "executed by the slow walk below",
    r"load_model\(\"models:": "the address of a model that MLflow gave",
    r"report\(loss, step=epoch\)": "a piece of a training loop: tests/apps/fit.py holds the whole",
}
VARIABLES = {"OPTUNA_STORAGE": "postgresql://USER:PASSWORD@HOST/DATABASE"}
TYPED = [page for page in PAGES if name_of(page) not in ELSEWHERE and blocks_of(page)]


def listed(text: str, reasons: dict[str, str]) -> list[str]:
    return [pattern for pattern in reasons if re.match(rf"(?s){pattern}", text)]


def after(block: Block) -> list[str]:
    return [pattern for pattern in AFTER if re.search(pattern, block.text)]


class Walk:
    """A folder in which the blocks of a page are typed, from top to bottom."""

    def __init__(self, page: Path, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, Any] = {}
        trusted = re.findall(r'add `"(\w+)\.\*",`', page.read_text(), re.IGNORECASE)
        self.trusted = [*TRUSTED, *(f"{module}.*" for module in trusted)]
        self.entry = ROOT / "train.py"
        for module in trusted:
            self.entry = own_entry(folder, "", module=module)

    def write(self, block: Block) -> None:
        assert block.file is not None
        path = self.folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)

    def python(self, block: Block) -> None:
        exec(compile(block.text, block.page, "exec"), self.names)

    def arguments(self, line: str) -> list[str]:
        """What a line gives to train.py; there may be no GPU here."""
        typed = [one for one in shlex.split(line)[2:] if one != "trainer=gpu"]
        return [*(["--config-dir", "conf"] if (self.folder / "conf").exists() else []), *typed]

    def compose(self, line: str) -> None:
        """Compose the config of a command; a key that is searched has to be there."""
        typed = [one for one in self.arguments(line) if not one.startswith("--")]
        given = [one for one in typed if "=" in one]
        with initialize_config_dir(str(ROOT / "conf")), execution_whitelist(self.trusted):
            loader = GlobalHydra.instance().config_loader()
            mode = RunMode.MULTIRUN if "-m" in typed else RunMode.RUN
            if (self.folder / "conf").exists():
                given.append(f"hydra.searchpath=[file://{self.folder}/conf]")
            config = loader.load_configuration("train", given, run_mode=mode)
        with flag_override(config, "struct", False):
            missing = OmegaConf.create({"not": "there"})
            for one in OverridesParser.create().parse_overrides(given):
                if one.is_sweep_override() and not one.is_add():
                    assert OmegaConf.select(config, one.key_or_group, default=missing) != missing

    def dry_run(self, line: str) -> None:
        arguments = self.arguments(line)
        quiet = {"--cfg", "--help", "dry_run=true"}.intersection(arguments)
        checked = arguments if quiet else [*arguments, "dry_run=true"]
        accept_here(*checked, root=self.folder / "outputs", entry=self.entry, **VARIABLES)


@pytest.fixture
def walk_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to be in, whose modules are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        if (tmp_path / f"{name}.py").exists():
            del sys.modules[name]


def follow(page: Path, folder: Path, type_line: Callable[[Walk, str], None]) -> None:
    """Do what a page says: write its files, execute its Python, type its commands."""
    walk = Walk(page, folder)
    for block in blocks_of(page):
        if block.file is not None:
            walk.write(block)
        if block.language == "python" and not after(block):
            walk.python(block)
        elif block.language == "yaml":
            assert isinstance(yaml.safe_load(block.text), dict)
        elif block.language == "sh":
            for line in block.lines:
                if not listed(line, LISTED):
                    assert line.startswith("python train.py"), line
                    type_line(walk, line)
        else:
            assert block.language in {"python", *SHOWN}, block


@pytest.mark.parametrize("page", TYPED, ids=name_of)
def test_the_blocks_of_a_page_compose_run_or_are_listed(page: Path, walk_in: Path) -> None:
    follow(page, walk_in, Walk.compose)


@pytest.mark.slow
@pytest.mark.parametrize("page", TYPED, ids=name_of)
def test_each_command_of_a_page_is_accepted(page: Path, walk_in: Path) -> None:
    follow(page, walk_in, Walk.dry_run)


def test_what_is_listed_is_on_a_page() -> None:
    blocks = [block for page in TYPED for block in blocks_of(page)]
    lines = [line for block in blocks if block.language == "sh" for line in block.lines]
    assert {pattern for line in lines for pattern in listed(line, LISTED)} == set(LISTED)
    python = [block for block in blocks if block.language == "python"]
    assert {pattern for block in python for pattern in after(block)} == set(AFTER)


def test_pages_that_others_test_are_named_there() -> None:
    for page, tests in ELSEWHERE.items():
        assert (DOCS / page).exists()
        for test in tests:
            assert f"docs/{page}" in (ROOT / test).read_text()


def test_the_site_builds_strictly_and_fetches_nothing(tmp_path: Path) -> None:
    shutil.copytree(DOCS, tmp_path / "docs")
    for name in ("mkdocs.yml", "CHANGELOG.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict", "-f", "mkdocs.yml"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    built = list((tmp_path / "outputs" / "site").rglob("*.html"))
    assert {page.stem for page in PAGES} <= {page.stem for page in built}
    for page in built:
        text = page.read_text()
        assert not re.findall(r"<(?:script|img)[^>]* src=\"?http[^>]*|<link[^>]*css[^>]*//", text)


def test_every_page_is_in_the_navigation_once() -> None:
    # Tags of extensions are no values of ours.
    parts = yaml.safe_load(SITE.read_text())["nav"]
    named = [page for part in parts for pages in part.values() for page in pages]
    assert sorted(named) == sorted(map(name_of, PAGES))
    assert len(set(named)) == len(named)
