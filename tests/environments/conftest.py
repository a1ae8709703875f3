"""Environments with the wheel of this checkout and little else."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.commands import ROOT, environment

PLAIN = """
import hydra

from tunesmith import current_trial


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg):
    loss = (cfg.x - 2) ** 2 + cfg.y
    if (trial := current_trial()) is not None:
        trial.report(loss, step=1)
    return loss


if __name__ == "__main__":
    main()
"""
STRUCTURED = """
from dataclasses import dataclass

import hydra
from hydra.core.config_store import ConfigStore


@dataclass
class Config:
    x: float = 1.0


ConfigStore.instance().store(name="config", node=Config)


@hydra.main(version_base="1.3", config_path=None, config_name="config")
def main(cfg: Config) -> float:
    return (cfg.x - 2) ** 2


if __name__ == "__main__":
    main()
"""


@dataclass(frozen=True)
class Installation:
    """A virtual environment; its commands are found first."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def install(self, *wanted: str) -> None:
        subprocess.run([self.python, "-m", "pip", "install", "-q", *wanted], check=True)

    def run(self, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a command, which finds this environment's own packages alone."""
        variables = environment(PATH=f"{self.folder / 'bin'}:/usr/bin:/bin")
        variables.pop("PYTHONPATH", None)
        return subprocess.run(
            command, cwd=cwd, env=variables, capture_output=True, text=True, timeout=120
        )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, made from a clone: what is not committed is not in it."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder / "clone")], check=True)
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder)]
    subprocess.run([*build, str(folder / "clone")], check=True)
    [file] = folder.glob("*.whl")
    return file


@pytest.fixture(scope="session")
def new_installation(tmp_path_factory: pytest.TempPathFactory):
    def make(*wanted: str) -> Installation:
        made = Installation(tmp_path_factory.mktemp("environment"))
        subprocess.run([sys.executable, "-m", "venv", str(made.folder)], check=True)
        made.install(*wanted)
        return made

    return make


@pytest.fixture(scope="session")
def stable(new_installation, wheel: Path) -> Installation:
    """The core beside the oldest Hydra that it takes."""
    return new_installation("hydra-core==1.3.2", str(wheel))


@pytest.fixture(scope="session")
def newest(new_installation, wheel: Path) -> Installation:
    """The core with what this package's own configs need of Hydra, and nothing else."""
    return new_installation(f"{wheel}[configs]")


@pytest.fixture(params=["stable", "newest"])
def installation(request: pytest.FixtureRequest) -> Installation:
    made: Installation = request.getfixturevalue(request.param)
    return made


@pytest.fixture(params=["plain", "structured"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder of an app of others."""
    (tmp_path / "app.py").write_text(PLAIN if request.param == "plain" else STRUCTURED)
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").write_text("x: 1.0\ny: 0.0\n")
    return tmp_path
