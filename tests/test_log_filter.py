"""The terminal is for our own messages and for errors."""

import logging
import sysconfig

import pytest

from tunesmith import OwnMessages

SITE = "/venv/lib/python3.12/site-packages"


@pytest.mark.parametrize(
    ("name", "path", "level", "passes"),
    [
        ("alembic", f"{SITE}/alembic/env.py", logging.WARNING, False),
        ("alembic", f"{SITE}/alembic/env.py", logging.ERROR, True),
        ("asyncio", f"{sysconfig.get_path('stdlib')}/asyncio/log.py", logging.WARNING, False),
        ("tunesmith.check", f"{SITE}/tunesmith/check.py", logging.WARNING, True),
        ("hydra.core", f"{SITE}/hydra/core/utils.py", logging.WARNING, True),
        ("mine", "/home/me/mine.py", logging.WARNING, True),
    ],
)
def test_what_libraries_warn_of_does_not_pass(
    name: str, path: str, level: int, passes: bool
) -> None:
    record = logging.LogRecord(name, level, path, 1, "text", None, None)
    assert OwnMessages().filter(record) is passes
