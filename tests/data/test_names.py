"""What the data is called in configs, and what naming it costs."""

import subprocess
import sys

import pytest
from hydra import compose, initialize_config_dir

from tests.commands import ROOT


def test_csv_is_another_name_of_table() -> None:
    with initialize_config_dir(str(ROOT / "conf")):
        table, csv = (compose("train", overrides=[f"data={name}"]) for name in ("table", "csv"))
    assert csv == table
    assert csv.data._target_ == "tunesmith.data.TableDataModule"


@pytest.mark.parametrize(
    ("name", "is_paid"), [("CubicDataModule", False), ("TableDataModule", True)]
)
def test_only_a_table_pays_for_its_libraries(name: str, is_paid: bool) -> None:
    probe = (
        f"import sys; from tunesmith.data import {name}; "
        "print({'pandas', 'sklearn'} <= set(sys.modules), {'pandas', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(str(is_paid))
    assert is_paid or done.stdout.strip() == "False set()"
