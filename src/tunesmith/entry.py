"""What a train.py of release 0.1.0 imports; `from tunesmith import LIBRARIES, run` now."""

from tunesmith.cli import LIBRARIES, run
from tunesmith.renamed import say_renamed

__all__ = ["LIBRARIES", "run"]

say_renamed("tunesmith.entry", "tunesmith")
