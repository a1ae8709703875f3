"""What a train.py of release 0.1.0 imports; `from tunesmith import run_trial` now."""

from tunesmith.objectives.trial import run_trial as evaluate
from tunesmith.renamed import say_renamed

__all__ = ["evaluate"]

say_renamed("tunesmith.objectives.evaluate.evaluate", "tunesmith.run_trial")
