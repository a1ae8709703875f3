"""The core alone, with Hydra 1.3 as with 1.4: it serves an app of others, and names its extras."""

import re
from importlib.metadata import version
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.commands import read_trials, row_of
from tests.environments.conftest import Installation

pytestmark = pytest.mark.slow

SEARCH = ("python", "app.py", "-m", "hydra/sweeper=optuna_study", "x=interval(-5,5)")
FUNCTION = "def objective(trial):\n    return trial.suggest_float('x', -10, 10) ** 2\n"
# MB without what a new environment holds anyway.
LARGEST_CORE_MB = 170


def megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def one_line_of(done: CompletedProcess[str]) -> str:
    """Return the only line of a mistake, after what Hydra itself warns of an app's decorator."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    said = [line for line in lines if "MigrationWarning" in line or line.startswith(" ")]
    assert len(lines) - len(said) - bool(said) <= 1, done.stderr
    return lines[-1]


def test_the_core_is_light_and_leaves_the_hydra_that_is_there(stable: Installation) -> None:
    [site] = stable.folder.glob("lib/python3*/site-packages")
    assert (site / "hydra_core-1.3.2.dist-info").is_dir()
    assert not [name for name in ("torch", "mlflow", "pandas", "plotly") if (site / name).exists()]
    assert megabytes(site) < LARGEST_CORE_MB


def test_alone_it_takes_a_hydra_that_is_no_candidate(new_installation, wheel: Path) -> None:
    [site] = new_installation(str(wheel)).folder.glob("lib/python3*/site-packages")
    [hydra] = site.glob("hydra_core-*.dist-info")
    assert "rc" not in hydra.name


def test_beside_a_candidate_of_hydra_it_leaves_it(new_installation, wheel: Path) -> None:
    candidate = f"hydra-core=={version('hydra-core')}"
    made = new_installation(candidate)
    made.install(str(wheel))
    [site] = made.folder.glob("lib/python3*/site-packages")
    assert (site / f"hydra_core-{version('hydra-core')}.dist-info").is_dir()


def test_an_app_of_others_searches_continues_and_repeats(
    installation: Installation, app: Path
) -> None:
    for n_trials, workers in ((3, 1), (6, 2)):
        total = (f"hydra.sweeper.n_trials={n_trials}", f"hydra.sweeper.n_jobs={workers}")
        done = installation.run(*SEARCH, *total, cwd=app)
        assert done.returncode == 0, done.stdout + done.stderr
    [file] = app.glob("multirun/optuna.db")
    name = re.findall(r"^(\S+): Search to minimize", done.stdout, re.MULTILINE)[0]
    assert len(read_trials(f"sqlite:///{file}", name)) == 6
    assert row_of(done.stdout, "report") == 'needs pip install "tunesmith[report]"'
    [folder] = app.glob("multirun/*/*")
    repeated = installation.run(
        *("python", "app.py", "--config-dir", str(folder), "--config-name", "best"), cwd=app
    )
    assert repeated.returncode == 0, repeated.stderr


@pytest.mark.parametrize(
    ("asked", "extra"),
    [
        (("hydra.sweeper.storage=postgresql://me@localhost/studies",), "postgresql"),
        (
            (
                "+hydra.sweeper.tracking={_target_:tunesmith.tracking.open_tracking,"
                "uri:'sqlite:///mlflow.db',experiment:e}",
            ),
            "mlflow",
        ),
        (("hydra.sweeper.sampler._target_=optuna.samplers.NoSuch",), None),
    ],
)
def test_what_needs_an_extra_names_it(
    installation: Installation, app: Path, asked: tuple[str, ...], extra: str | None
) -> None:
    line = one_line_of(installation.run(*SEARCH, *asked, cwd=app))
    assert f'pip install "tunesmith[{extra}]"' in line if extra else "NoSuch" in line


def test_the_report_names_its_extra(installation: Installation, app: Path) -> None:
    line = one_line_of(installation.run("python", "-m", "tunesmith.report", ".", cwd=app))
    assert 'pip install "tunesmith[report]"' in line


def test_its_own_configs_need_the_newest_hydra(stable: Installation, tmp_path: Path) -> None:
    line = one_line_of(stable.run("tunesmith", "--help", cwd=tmp_path))
    assert "need Hydra 1.4, and 1.3.2 is installed" in line
    assert 'pip install "tunesmith[all]"' in line


@pytest.mark.parametrize(
    ("asked", "extra"),
    [
        ("hparams_search=mlp", "lightning"),
        ("data=csv data.path=a.csv data.target=y", "lightning"),
        ("hparams_search=lightgbm", "lightgbm"),
        ("objective=quadratic", "mlflow"),
        ("hparams_search=quadratic", "mlflow"),
        ("hparams_search=quadratic tracking=none storage=postgresql", "postgresql"),
    ],
)
def test_its_own_configs_name_the_extra_that_they_need(
    newest: Installation, tmp_path: Path, asked: str, extra: str
) -> None:
    store = "OPTUNA_STORAGE=postgresql://me@localhost/studies"
    done = newest.run("/usr/bin/env", store, "tunesmith", *asked.split(), cwd=tmp_path)
    assert f'pip install "tunesmith[{extra}]"' in one_line_of(done)


def test_a_function_is_searched_from_an_empty_folder(newest: Installation, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(FUNCTION)
    typed = ("tunesmith", "-m", "hparams_search=function", "objective.file=mine.py")
    for n_trials, workers in ((2, 1), (4, 2)):
        total = (f"hydra.sweeper.n_trials={n_trials}", f"hydra.sweeper.n_jobs={workers}")
        done = newest.run(*typed, "tracking=none", *total, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    repeat = row_of(done.stdout, "repeat the winner")
    assert repeat.startswith("tunesmith --config-dir outputs/searches/")
    repeated = newest.run(*repeat.split(), cwd=tmp_path)
    assert repeated.returncode == 0, repeated.stderr
    assert newest.run("tunesmith", "--help", cwd=tmp_path).returncode == 0
