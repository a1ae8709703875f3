"""How good is what a search finds? The tutorial's script beside our searches, over sampler seeds.

    python benchmarks/search_quality.py                     all arms, ten seeds: many hours
    python benchmarks/search_quality.py --seeds 3 --threads 1

Every finished (arm, seed) is kept in outputs/benchmarks/search_quality/, so that the same command
continues; our own searches continue in mid-search too. Printed are, per arm, the median over seeds
of the best validation error, of the winner's test error and of the epochs spent, as a share of all
trials at full length.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import optuna
import yaml
from optuna.trial import TrialState

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "outputs" / "benchmarks" / "search_quality"
ARMS = {
    "article": [],
    "mlp, no pruner": ["hparams_search=mlp", "hydra/sweeper/pruner=none"],
    "mlp": ["hparams_search=mlp"],
    "mlp_wide": ["hparams_search=mlp_wide"],
}


def run_article(seed: int, environment: dict[str, str]) -> dict[str, Any]:
    """Run the tutorial's script in a process of its own."""
    printed = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "article.py", str(seed)],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    return {**json.loads(printed), "test": None, "epochs": 1.0}


def run_search(
    arm: str, seed: int, overrides: list[str], environment: dict[str, str]
) -> dict[str, Any]:
    """One of our searches, as a user types it; continued if it was interrupted."""
    name = f"{arm.replace(', ', '-').replace(' ', '-')}-{seed}"
    subprocess.run(
        [
            *(sys.executable, ROOT / "train.py", "-m", "confirm=none", *overrides),
            f"hydra.sweeper.sampler.seed={seed}",
            f"hydra.sweeper.study_name={name}",
            f"paths.output_root={FOLDER}",
        ],
        env=environment,
        cwd=ROOT,
        check=True,
    )
    study = optuna.load_study(study_name=name, storage=f"sqlite:///{FOLDER}/optuna.db")
    finished = study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED))
    spent = sum(trial.user_attrs.get("epochs", 0) for trial in finished)
    winner = yaml.safe_load((FOLDER / "searches" / name / "best" / "metrics.yaml").read_text())
    return {
        "best": study.best_value,
        "test": winner["test/mse"],
        "epochs": spent / (1000 * len(finished)),
        "params": study.best_params,
        "seconds": sum(trial.user_attrs.get("seconds", 0.0) for trial in finished),
    }


def main() -> None:
    """Run what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, default=10, help="seeds 0 ... N-1")
    parser.add_argument("--threads", type=int, help="CPU threads of a trial")
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    arguments = parser.parse_args()
    environment = dict(os.environ)
    if arguments.threads:
        environment["OMP_NUM_THREADS"] = str(arguments.threads)
    FOLDER.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    results: dict[str, list[dict[str, Any]]] = {arm: [] for arm in arguments.arms}
    for seed in range(arguments.seeds):
        for arm in arguments.arms:
            kept = FOLDER / f"{arm.replace(', ', '-').replace(' ', '-')}-{seed}.json"
            if not kept.exists():
                result = (
                    run_article(seed, environment)
                    if arm == "article"
                    else run_search(arm, seed, ARMS[arm], environment)
                )
                kept.write_text(json.dumps(result))
            results[arm].append(json.loads(kept.read_text()))
            report(results)


def report(results: dict[str, list[dict[str, Any]]]) -> None:
    """Print a row per arm."""
    print(f"{'arm':16} {'seeds':>5} {'best':>10} {'test':>10} {'epochs':>7}   best of each seed")
    for arm, rows in results.items():
        if not rows:
            continue
        best, epochs = (statistics.median(row[key] for row in rows) for key in ("best", "epochs"))
        tests = [row["test"] for row in rows if row["test"] is not None]
        test = f"{statistics.median(tests):10.5f}" if tests else f"{'-':>10}"
        each = " ".join(f"{row['best']:.4f}" for row in rows)
        print(f"{arm:16} {len(rows):5} {best:10.5f} {test} {epochs:7.0%}   {each}", flush=True)


if __name__ == "__main__":
    main()
