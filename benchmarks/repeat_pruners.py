"""What pruning between repetitions saves and loses: every trial computed in full, then replayed.

python benchmarks/repeat_pruners.py [folder]     a quarter of an hour; a folder is used again
"""

import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import optuna
from optuna.pruners import BasePruner, MedianPruner, PercentilePruner, WilcoxonPruner
from optuna.trial import TrialState

ROOT = Path(__file__).parents[1]
N_SEEDS, N_POINTS, N_ORDERS = 5, 80, 12
SEARCH = [
    *("-m", "hparams_search=mlp", f"repeat={N_SEEDS}", f"hydra.sweeper.n_trials={N_POINTS}"),
    *("hydra.sweeper.study_name=s", "hydra/sweeper/sampler=random", "hydra/sweeper/pruner=none"),
    *("optimizer.lr=tag(log,interval(1e-3,1e-1))", "trainer.max_epochs=150"),
    *("data.n_samples=3000", "refit=false", "tracking=none"),
]


def values_of_all(folder: Path) -> np.ndarray:
    """(points, seeds): the held-out error of every repetition of every trial that completed."""
    if not (folder / "optuna.db").exists():
        command = [sys.executable, str(ROOT / "train.py"), *SEARCH, f"paths.output_root={folder}"]
        subprocess.run(command, cwd=ROOT, check=True)
    study = optuna.load_study(study_name="s", storage=f"sqlite:///{folder}/optuna.db")
    complete = study.get_trials(states=[TrialState.COMPLETE])
    return np.array([trial.user_attrs["repetitions"]["val/mse"] for trial in complete])


def replay(pruner: BasePruner, values: np.ndarray) -> tuple[float, float]:
    """Return the share of the repetitions that are run, and the best mean that is found."""
    study, run = optuna.create_study(pruner=pruner), 0
    for row in values:
        trial, pruned = study.ask(), False
        for done in range(1, len(row) + 1):
            run += 1
            single = isinstance(pruner, WilcoxonPruner)
            trial.report(row[done - 1] if single else row[:done].mean(), done)
            if pruned := done < len(row) and trial.should_prune():
                break
        if pruned:
            study.tell(trial, state=TrialState.PRUNED)
        else:
            study.tell(trial, row.mean())
    return run / values.size, study.best_value


def main() -> None:
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    values = values_of_all(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()))
    shuffle = np.random.default_rng(0).permutation
    orders = [shuffle(values)[: N_POINTS * 3 // 4] for _ in range(N_ORDERS)]
    print(f"{len(values)} points, {N_SEEDS} seeds, {N_ORDERS} orders")
    pruners = {f"wilcoxon, p < {p:g}": WilcoxonPruner(p_threshold=p) for p in (0.1, 0.15, 0.3)}
    pruners |= {"median": MedianPruner(), "percentile 40": PercentilePruner(40.0)}
    for name, pruner in pruners.items():
        found = [replay(pruner, order) for order in orders]
        share = np.mean([share for share, _ in found])
        pairs = zip(found, orders, strict=True)
        missed = sum(best > order.mean(axis=1).min() for (_, best), order in pairs)
        print(f"{name:16} {share:4.0%} of the repetitions, best point missed in {missed} orders")


if __name__ == "__main__":
    main()
