"""What the README shows works as it is shown."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.commands import ROOT, environment, own_entry, read_trials, succeed
from tests.in_process import accept_here

README = (ROOT / "README.md").read_text()
SHOWN = [
    line.split("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("python train.py")
]
[WRITE_TABLE] = re.findall(r"^python -c .*to_csv.*$", README, re.MULTILINE)


def code_block(language: str, *, containing: str) -> str:
    """The README's code block of this language that contains a text."""
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    [block] = [block for block in blocks if containing in block]
    return block


@pytest.mark.parametrize("line", SHOWN)
def test_every_shown_command_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = shlex.split(line)[2:]
    if "trainer=gpu" in arguments:
        arguments.remove("trainer=gpu")
    if "--cfg" not in arguments:
        arguments.append("dry_run=true")
    variables = {"OPTUNA_STORAGE": "postgresql://USER:PASSWORD@HOST/DATABASE"}
    if "data=table" in arguments:
        subprocess.run([sys.executable, *shlex.split(WRITE_TABLE)[1:]], cwd=tmp_path, check=True)
    assert accept_here(*arguments, root=tmp_path / "outputs", **variables)


def test_the_own_function_is_found_trusted_and_searched(tmp_path: Path) -> None:
    source = code_block("python", containing="def evaluate")
    own_entry(tmp_path, source, module="my_objective")
    (tmp_path / "conf" / "objective").mkdir(parents=True)
    config = tmp_path / "conf" / "objective" / "mine.yaml"
    config.write_text(code_block("yaml", containing="my_objective"))
    [line] = re.findall(
        r"`(python train\.py -m hparams_search=quadratic objective=mine [^`]+)`", README
    )
    subprocess.run(
        [
            *(sys.executable, "train.py", "--config-dir", "conf", *shlex.split(line)[2:]),
            *("hydra.sweeper.n_trials=5", "hydra.sweeper.study_name=s"),
        ],
        cwd=tmp_path,
        env=environment(),
        check=True,
        capture_output=True,
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
