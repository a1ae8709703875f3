"""What the README and the article's page show works as it is shown, in both languages."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.commands import ROOT, environment, own_entry, read_trials, succeed
from tests.in_process import accept_here
from tests.pages import (
    ARTICLE,
    ARTICLE_JA,
    PAGES,
    README,
    README_JA,
    blocks,
    broken_links,
    code_block,
    commands,
    prose,
)
from tests.studies import recorded_article
from tunesmith.advice import advise

OWN_FUNCTION = ROOT / "docs" / "how-to" / "own-function.md"
SHOWN = sorted(set(commands(README)))
[WRITE_TABLE] = commands(README, program="python -c")


def write_objectives(folder: Path) -> None:
    """Write the files with `def objective(trial)` that the pages show."""
    readme = code_block(README, "python", containing="def objective")
    (folder / "mine.py").write_text(readme)
    article = code_block(ARTICLE, "python", containing="def objective")
    (folder / "example1.py").write_text(article)


def run_quickly(*arguments: str, cwd: Path) -> None:
    """Run a search of five trials that nothing else records."""
    short = ("hydra.sweeper.n_trials=5", "tracking=none")
    subprocess.run(
        [sys.executable, *arguments, *short],
        cwd=cwd,
        env=environment(),
        check=True,
        capture_output=True,
    )


@pytest.mark.parametrize("line", SHOWN)
def test_every_shown_command_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_objectives(tmp_path)
    arguments = shlex.split(line)[2:]
    if "data=table" in arguments or "hparams_search=table" in arguments:
        subprocess.run([sys.executable, *shlex.split(WRITE_TABLE)[1:]], cwd=tmp_path, check=True)
    assert accept_here(*arguments, "dry_run=true", root=tmp_path / "outputs")


@pytest.mark.parametrize(
    ("english", "japanese"), [(README, README_JA), (ARTICLE, ARTICLE_JA)], ids=lambda p: p.name
)
def test_both_languages_show_the_same_code(english: Path, japanese: Path) -> None:
    for language in ("sh", "python", "yaml"):
        assert blocks(english, language) == blocks(japanese, language)
    shown = [block for block in blocks(english, "text") if "train.py  " not in block]
    assert shown == [block for block in blocks(japanese, "text") if "train.py  " not in block]
    for page, other in ((english, japanese), (japanese, english)):
        assert f"]({other.name})" in page.read_text()
    # A table has the same rows, a list the same entries, a section the same place.
    for mark in ("|", "-", "#"):
        counts = [prose(page).count(f"\n{mark}") for page in (english, japanese)]
        assert counts[0] == counts[1]


def test_one_command_installs_and_searches_and_one_installs_and_tests() -> None:
    whole = [block.strip() for block in blocks(README, "sh")]
    assert "pip install -e '.[all]' && python train.py -m hparams_search=mlp" in whole
    assert "pip install -e '.[dev]' && pytest" in whole


def test_the_readme_stays_short() -> None:
    assert len(prose(README).split()) < 1100


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_what_is_there(page: Path) -> None:
    assert broken_links(page) == []


def test_the_pictures_are_small_enough_to_load_at_once() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README.read_text())
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).stat().st_size < 300_000


def test_the_studies_that_the_readme_names_are_those_of_its_commands(tmp_path: Path) -> None:
    said = accept_here("-m", "hparams_search=quadratic", "dry_run=true", root=tmp_path / "outputs")
    [name] = re.findall(r"^study +(\S+)$", said, re.MULTILINE)
    assert set(re.findall(r"quadratic-[0-9a-f]{8}", README.read_text())) == {name}


@pytest.mark.parametrize("page", [ARTICLE, ARTICLE_JA], ids=lambda page: page.name)
def test_the_articles_conclusions_are_quoted_as_the_advice_says_them(page: Path) -> None:
    text = page.read_text().replace("`", "")
    said = [advice.sentence for advice in advise(recorded_article(1))]
    assert said
    assert all(sentence in text for sentence in said)


def test_the_articles_own_script_is_searched_and_read_in_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_objectives(tmp_path)
    [line] = [line for line in commands(ARTICLE) if "example1.py" in line]
    run_quickly(str(ROOT / "train.py"), *shlex.split(line)[2:], cwd=tmp_path)
    exec(code_block(ARTICLE, "python", containing="tunesmith.load"), {})
    assert capsys.readouterr().out.startswith("5 ")
    assert (tmp_path / "slice.html").exists()
    for trial in read_trials(f"sqlite:///{tmp_path}/outputs/optuna.db", "example1"):
        assert trial.value == (trial.params["x"] - 2) ** 2


def test_the_own_function_is_found_trusted_and_searched(tmp_path: Path) -> None:
    source = code_block(OWN_FUNCTION, "python", containing="def evaluate(cfg):\n    return")
    own_entry(tmp_path, source, module="my_objective")
    (tmp_path / "conf" / "objective").mkdir(parents=True)
    config = tmp_path / "conf" / "objective" / "mine.yaml"
    config.write_text(code_block(OWN_FUNCTION, "yaml", containing="my_objective"))
    [line] = [line for line in commands(OWN_FUNCTION) if "objective=mine" in line]
    run_quickly(
        *("train.py", "--config-dir", "conf", *shlex.split(line)[2:]),
        "hydra.sweeper.study_name=s",
        cwd=tmp_path,
    )
    trials = read_trials(f"sqlite:///{tmp_path}/outputs/optuna.db")
    for trial in trials:
        x, y = trial.params["objective.x"], trial.params["objective.y"]
        assert trial.value == (x - 3) ** 2 + y**2


@pytest.mark.slow
def test_the_quadratic_is_solved_without_torch(tmp_path: Path) -> None:
    succeed("-m", "hparams_search=quadratic", root=tmp_path)
    [folder] = (tmp_path / "searches").iterdir()
    best = yaml.safe_load((folder / "optimization_results.yaml").read_text())
    assert len(read_trials(f"sqlite:///{tmp_path}/optuna.db", folder.name)) == 100
    assert abs(best["best_params"]["objective.x"] - 2) < 0.02
    probe = (
        "import sys, runpy; sys.argv = ['train.py', *sys.argv[1:]]; "
        "runpy.run_path('train.py', run_name='__main__'); "
        "sys.exit(bool({'torch', 'lightning'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [
            *(sys.executable, "-c", probe, "-m", "hparams_search=quadratic"),
            *("hydra.sweeper.n_trials=3", f"paths.output_root={tmp_path / 'second'}"),
        ],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
    )
    assert done.returncode == 0
