"""Find out which version of the user's code computes a trial."""

import subprocess
import sys
from pathlib import Path


def code_version() -> str | None:
    """Return the git commit of the folder that train.py lies in, `-dirty` if it was changed since.

    None outside of a git repository, or without git.
    """
    folder = Path(sys.argv[0]).resolve().parent
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
