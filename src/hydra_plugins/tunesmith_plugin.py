"""The sweepers where Hydra looks for plug-ins; 1.3 takes no class from anywhere else."""

import sys

from tunesmith.sweeper import StudySweeper


class OptunaStudySweeper(StudySweeper):
    """Run a search: `hydra/sweeper=optuna_study`."""


class StockFileSweeper(OptunaStudySweeper):
    """The same for a file that names the stock plug-in's class: some of its keys mean more."""

    def sweep(self, arguments: list[str]) -> None:
        """Say what is read differently, and search."""
        print(
            "Written for Hydra's own Optuna sweeper: here hydra.sweeper.n_trials is the study's "
            "total, n_jobs counts worker processes, max_failure_rate is that of the whole study",
            file=sys.stderr,
        )
        super().sweep(arguments)
