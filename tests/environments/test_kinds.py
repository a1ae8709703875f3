"""Apps of several kinds are served with Hydra 1.3 as with the tests' own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import ROOT
from tests.environments.conftest import Installation

pytestmark = pytest.mark.slow
CONTINUES = "test_the_same_command_continues_after_a_kill_and_its_results_repeat"
# Those that another Hydra may serve otherwise: by groups, types, folders, logging and plugins.
KINDS = ("plain", "structured", "chdir", "own_logging", "template")
# What has less to do with the kind of the app.
OTHERS = (
    "test_two_workers_share_a_study_in_one_folder_though_one_dies_and_a_trial_fails[plain]",
    "test_a_search_whose_trials_fail_stops_in_one_line[plain]",
)


@pytest.fixture(scope="session")
def with_report(new_installation, wheel: Path) -> Installation:
    """What `stable` is, with what these apps import and the report that their tests look for."""
    return new_installation("hydra-core==1.3.2", f"{wheel}[report]", "hydra-zen")


@pytest.mark.parametrize("test", [*(f"{CONTINUES}[{kind}]" for kind in KINDS), *OTHERS])
def test_a_kind_of_app_does_the_same_with_hydra_1_3(
    with_report: Installation, tmp_path: Path, test: str
) -> None:
    chosen = f"tests/apps/test_kinds.py::{test}"
    variables = {**os.environ, "PYTHON_OF_APPS": str(with_report.python)}
    # The wheel, not the checkout.
    variables.pop("PYTHONPATH", None)
    options = ("-q", "-n0", "-m", "slow or not slow", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"--basetemp={tmp_path / 'apps'}", chosen],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
