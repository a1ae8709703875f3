"""What a finished search leaves: best config and results, and the winner fitted once more."""

import shlex
from pathlib import Path
from typing import Any

import optuna
from hydra.plugins.launcher import Launcher
from omegaconf import OmegaConf
from optuna.trial import FrozenTrial
from rich.console import Console
from rich.table import Table

from tunesmith.errors import InvalidConfig
from tunesmith.search.job import result_of, trial_overrides
from tunesmith.search.live import Snapshot
from tunesmith.search.plan import Plan


def write_results(
    study: optuna.Study, plan: Plan, *, launcher: Launcher, console: Console, seconds: float
) -> None:
    """Write best.yaml and optimization_results.yaml, fit the winner once more, and sum up.

    Raises InvalidConfig if no trial completed.
    """
    now = Snapshot.of(study)
    if not study.best_trials:
        raise InvalidConfig(
            f"{plan.study_name} ended without a complete trial ({now.pruned} pruned, {now.failed} "
            f"failed); the logs are in {plan.folder / 'trials'}; try another range or sampler"
        )
    plan.folder.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(OmegaConf.create(_results(study)), plan.folder / "optimization_results.yaml")
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    complete = now.finished - now.pruned
    table.add_row(
        "trials", f"{complete} complete, {now.pruned} pruned, {now.failed} failed in {seconds:.0f} s"
    )
    if now.best is not None:
        _add_winner(table, now.best, plan, launcher=launcher)
    table.add_row("folder", str(plan.folder))
    table.add_row("more", f"hydra.sweeper.n_trials={2 * plan.n_trials} continues this study")
    console.print(table, soft_wrap=True)


def _add_winner(table: Table, best: FrozenTrial, plan: Plan, *, launcher: Launcher) -> None:
    overrides = trial_overrides(best.params, plan.space)
    table.add_row("best", f"{plan.metric_names[0]} {best.value:.6g} in trial {best.number}")
    table.add_row("", " ".join(shlex.quote(line) for line in overrides[: len(best.params)]))
    [job] = launcher.launch([[*overrides, "hydra.sweep.subdir=best"]], best.number)
    _save_best(job.cfg, plan.folder / "best.yaml")
    value = result_of(job)
    same = "the same" if value == best.value else f"another value, {value:.6g}"
    table.add_row("", f"fitted once more: {same}")
    folder = shlex.quote(str(plan.folder))
    table.add_row("repeat", f"python train.py --config-dir {folder} --config-name best")


def _save_best(cfg: Any, path: Path) -> None:
    OmegaConf.save(cfg, path)


def _results(study: optuna.Study) -> dict[str, Any]:
    """The stock plug-in's keys."""
    if len(study.directions) == 1:
        best = study.best_trial
        return {"name": "optuna", "best_params": best.params, "best_value": best.value}
    front = [{"params": t.params, "values": t.values} for t in study.best_trials]
    return {"name": "optuna", "solutions": front}
