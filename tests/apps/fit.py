"""What stands for a training in these apps; the tests let it die or fail."""

import os
import signal
from pathlib import Path


def fit(x: float, *, offset: float = 0.0) -> float:
    """Return a loss, which the file `LOSSES` gets too: a line for each call of any process.

    At the call number `KILL_AT` the process dies, at the call number `FAIL_AT` the training fails.
    """
    loss = (x - 2) ** 2 + offset
    losses = Path(os.environ["LOSSES"])
    with losses.open("a") as file:
        file.write(f"{loss!r}\n")
    call = str(len(losses.read_text().splitlines()))
    if call == os.environ.get("KILL_AT"):
        os.kill(os.getpid(), signal.SIGKILL)
    if os.environ.get("FAIL_AT") in (call, "all"):
        raise RuntimeError("the disk is full")
    return loss
