"""What a constructor refuses is one line, before anything is written."""

import subprocess
from pathlib import Path

import pytest

from tests.commands import command, environment, own_entry

NEEDY = """
    class Needy:
        def __init__(self, **arguments):
            import no_such_package
"""


@pytest.mark.parametrize(
    ("argument", "key"),
    [("data._target_=mine.Needy", "data"), ("+callbacks.x._target_=mine.Needy", "callbacks.x")],
)
def test_a_package_that_a_constructor_imports_is_named_before_anything_is_written(
    tmp_path: Path, argument: str, key: str
) -> None:
    root = tmp_path / "outputs"
    line = command(argument, "dry_run=true", root=root)
    line[1] = str(own_entry(tmp_path, NEEDY))
    done = subprocess.run(line, env=environment(), capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        f"{key} cannot be imported: No module named 'no_such_package'; "
        "install it with pip install no_such_package\n"
    )
    assert not root.exists()
