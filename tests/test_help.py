"""`--help` is a page that stays true, and Tab completes what it speaks of."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from omegaconf import DictConfig, OmegaConf

from tests.commands import ROOT, environment

CONF = ROOT / "conf"
PAGE: str = yaml.safe_load((CONF / "hydra" / "help" / "tunesmith.yaml").read_text())["template"]
# Groups that the stock plug-in and Hydra fill beside our files.
STOCK = {"hydra/sweeper/sampler"}
OF_HYDRA = {"basic"}


def section(heading: str) -> str:
    """The lines below a heading of the page."""
    [text] = re.findall(rf"== {heading}.*? ==\n(.*?)(?:\n\n|\Z)", PAGE, re.DOTALL)
    return str(text)


EXAMPLES = [
    shlex.split(line.removeprefix("${program:}")) for line in section("Examples").splitlines()
]
KEYS = re.findall(r"^([a-z][\w.]+)  ", section("Keys"), re.MULTILINE)
OPTIONS = {
    group: set(options.split())
    for group, options in re.findall(
        r"^(hydra/\S+) .*\n((?:    .*\n?)+)", section("How a search goes"), re.MULTILINE
    )
}


@pytest.fixture
def composed(request: pytest.FixtureRequest) -> Iterator[DictConfig]:
    """The config that a command line composes, its sweeps left out."""
    parsed = OverridesParser.create().parse_overrides(request.param)
    fixed = [o.input_line for o in parsed if not o.is_sweep_override()]
    with initialize_config_dir(str(CONF)):
        yield compose("train", fixed, return_hydra_config=True)


def test_each_group_has_its_line() -> None:
    folders = {path.name for path in CONF.iterdir() if path.is_dir()} - {"hydra"}
    described = re.findall(r"^(\w+)  +\S", section("Groups"), re.MULTILINE)
    assert sorted(described) == sorted(folders)


def test_the_options_of_a_search_are_those_that_there_are() -> None:
    folders = {f"hydra/sweeper/{path.name}" for path in (CONF / "hydra" / "sweeper").iterdir()}
    assert OPTIONS.keys() == {*folders, "hydra/launcher"}
    Plugins.instance()  # They register the stock options.
    for group, named in OPTIONS.items():
        files = {path.stem for path in (CONF / group).glob("*.yaml")}
        stock = ConfigStore.instance().list(group) if group in STOCK else []
        assert named - OF_HYDRA == files | {name.removesuffix(".yaml") for name in stock}


@pytest.mark.parametrize("composed", [["hparams_search=mlp"]], indirect=True)
def test_the_keys_are_those_of_the_config(composed: DictConfig) -> None:
    assert len(KEYS) == 10
    for key in KEYS:
        node, _, leaf = key.rpartition(".")
        assert leaf in (OmegaConf.select(composed, node) if node else composed), key


@pytest.mark.parametrize(
    ("arguments", "composed"),
    [(line, [a for a in line if "=" in a]) for line in EXAMPLES],
    indirect=["composed"],
)
def test_an_example_composes_and_searches_keys_that_exist(
    arguments: list[str], composed: DictConfig
) -> None:
    assert len(EXAMPLES) == 5
    overrides = [argument for argument in arguments if "=" in argument]
    for override in OverridesParser.create().parse_overrides(overrides):
        if override.is_sweep_override():
            assert OmegaConf.select(composed, override.key_or_group) is not None


def test_the_page_fits_a_terminal_and_names_the_program() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "train.py"), "--help"],
        cwd=ROOT,
        env=environment(COLUMNS="80"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "{" not in done.stdout
    assert "$OPTIONS" not in done.stdout
    assert f"{sys.executable} {ROOT / 'train.py'} -m hparams_search=mlp" in done.stdout
    assert "metric: accuracy, average_precision" in done.stdout
    lines = PAGE.replace("${program:}", "python train.py").splitlines()
    assert max(map(len, lines)) <= 88


def test_help_ends_without_a_word_where_nobody_reads_on() -> None:
    shown = f"{shlex.quote(sys.executable)} train.py --cfg all | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", shown], cwd=ROOT, env=environment(), capture_output=True, text=True
    )
    assert done.stderr == ""
    assert done.stdout.count("\n") == 2


def test_tab_completes_groups_options_and_keys_as_the_page_says(tmp_path: Path) -> None:
    typed = {
        "-m hparams_search=mlp trainer.max_e": "trainer.max_epochs=",
        "hydra/sweeper/terminator=": "none hydra/sweeper/terminator=stagnation",
    }
    asked = "".join(f"ask {shlex.quote(f'python train.py {line}')}\n" for line in typed)
    script = f"""
        eval "$(python train.py -sc install=bash)"
        ask() {{
            COMP_LINE="$1" COMP_POINT=${{#1}} COMP_WORDS=($1)
            COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)) COMPREPLY=()
            hydra_bash_completion
            echo "${{COMPREPLY[*]}}"
        }}
        {asked}"""
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env=environment(PATH=path),
        capture_output=True,
        text=True,
        check=True,
    )
    offered = done.stdout.splitlines()
    assert len(offered) == len(typed)
    for answer, expected in zip(offered, typed.values(), strict=True):
        assert expected in answer
