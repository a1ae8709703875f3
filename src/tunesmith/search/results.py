"""What a finished search leaves: report, best config, next search, the winner fitted once more."""

import copy
import json
import shlex
from pathlib import Path
from typing import Any

import optuna
from hydra.core.config_loader import ConfigLoader
from hydra.plugins.launcher import Launcher
from omegaconf import OmegaConf, open_dict
from optuna.trial import FrozenTrial
from rich.console import Console
from sqlalchemy.engine import make_url

from tunesmith.advice import Advice, advise, write_next
from tunesmith.context import refitting
from tunesmith.errors import InvalidConfig
from tunesmith.objectives import objective_of
from tunesmith.report import ReportContext, terminal_summary, write_front, write_report
from tunesmith.search.confirm import restored
from tunesmith.search.console import Snapshot
from tunesmith.search.job import OVERRIDES, result_of
from tunesmith.search.plan import Plan, accepts
from tunesmith.study import Confirmation
from tunesmith.study.summary import summarize
from tunesmith.tracking import Run


class Results:
    """The files of a search's folder; `parent` is the search's own run and gets them too."""

    def __init__(
        self, study: optuna.Study, plan: Plan, *, loader: ConfigLoader, parent: Run
    ) -> None:
        self._study = study
        self._plan = plan
        self._loader = loader
        self._parent = parent
        self._folder = plan.folder

    def write(
        self, confirmation: Confirmation | None, *, launcher: Launcher, console: Console
    ) -> None:
        """Write everything, fit the winner once more, and sum up on the console.

        The winner is the best of those trained again, without `confirmation` the best trial.

        Raises InvalidConfig if no trial completed.
        """
        now = Snapshot.of(self._study)
        if not self._study.best_trials:
            raise InvalidConfig(
                f"{self._plan.study_name} ended without a complete trial ({now.pruned} pruned, "
                f"{now.failed} failed); the logs are in {self._folder / 'trials'}; "
                "try another range or sampler"
            )
        self._folder.mkdir(parents=True, exist_ok=True)
        files = [self._write_results()]
        commands = [("more", f"the same command with {self._more}")]
        if now.best is not None:
            winner = self._winner(now.best, confirmation)
            files.append(self._write_best(winner))
            commands += self._repeat_winner(winner, launcher=launcher)
            self._parent.log_summary(_summary(self._study, now.best, confirmation))
        if now.front is not None:
            files.append(self._write_front())
            commands.append(("the front, each with its command", str(files[-1])))
            self._parent.log_summary({"pareto_front": now.front})
        advice = advise(self._study, confirmation=confirmation)
        if self._has_next(now):
            # A bound may be widened to what the objective does not take.
            usable = [a for a in advice if accepts(self._plan, self._loader, a.changes)]
            files.append(self._write_next(usable))
            commands.append(("next search", f"{self._command('next')} -m"))
        report = self._folder / "report.html"
        context = ReportContext(storage=self._storage, commands=commands, confirmation=confirmation)
        files.append(write_report(self._study, path=report, context=context))
        for path in files:
            self._parent.log_artifact(path)
        console.print(
            terminal_summary(self._study, advice, confirmation=confirmation, commands=commands),
            crop=False,
        )
        console.print(f"report: {report}", soft_wrap=True, highlight=False)

    def _winner(self, best: FrozenTrial, confirmation: Confirmation | None) -> FrozenTrial:
        if confirmation is None:
            return best
        number = confirmation[confirmation.winner].trial
        assert number is not None
        return self._study.trials[number]

    def _repeat_winner(self, winner: FrozenTrial, *, launcher: Launcher) -> list[tuple[str, str]]:
        """How the winner is repeated; it is, once, unless `refit` is false."""
        commands = [("repeat the winner", self._command("best"))]
        if self._plan.base.get("refit"):
            with refitting(self._parent):
                commands.append(("fitted once more", _refit(winner, launcher)))
            commands += self._log_model()
        return commands

    def _log_model(self) -> list[tuple[str, str]]:
        """Log the refitted winner, if its objective tells how to take it up."""
        if not objective_of(self._plan.base).restorable or self._parent.id is None:
            return []
        uri = self._parent.log_model(restored(self._folder / "best"))
        return [] if uri is None else [("load the model", f'mlflow.pyfunc.load_model("{uri}")')]

    def _write_results(self) -> Path:
        """Write the stock plug-in's file, with its keys."""
        study = self._study
        results: dict[str, Any] = {"name": "optuna"}
        if len(study.directions) == 1:
            best = study.best_trial
            results |= {"best_params": best.params, "best_value": best.value}
        else:
            results["solutions"] = [
                {"params": trial.params, "values": trial.values} for trial in study.best_trials
            ]
        path = self._folder / "optimization_results.yaml"
        OmegaConf.save(OmegaConf.create(results), path)
        return path

    def _write_best(self, best: FrozenTrial) -> Path:
        overrides = best.user_attrs[OVERRIDES]
        cfg = copy.deepcopy(self._loader.load_sweep_config(self._plan.config, overrides))
        with open_dict(cfg):
            del cfg["hydra"]
            if isinstance(drawn := OmegaConf.select(cfg, "objective.params"), str):
                cfg.objective.params = json.loads(drawn)
        path = self._folder / "best.yaml"
        OmegaConf.save(cfg, path)
        return path

    def _write_next(self, advice: list[Advice]) -> Path:
        assert self._plan.search is not None
        return write_next(
            self._folder / "next.yaml",
            study=self._study,
            advice=advice,
            search=self._plan.search,
            fixed=self._plan.fixed,
        )

    def _has_next(self, now: Snapshot) -> bool:
        """Whether there is a space that advice could change, and advice on it at all."""
        # An objective that draws its parameters itself has no space to write down.
        named = self._plan.search is not None and self._plan.space.distributions
        return bool(named) and now.front is None

    def _write_front(self) -> Path:
        def repeat(trial: FrozenTrial) -> str:
            folder = self._folder / "trials" / str(trial.number) / ".hydra"
            return self._command("config", folder=folder)

        return write_front(self._study, path=self._folder / "pareto.csv", repeat=repeat)

    def _command(self, config: str, *, folder: Path | None = None) -> str:
        where = shlex.quote(str(folder or self._folder))
        return f"python train.py --config-dir {where} --config-name {config}"

    @property
    def _more(self) -> str:
        if self._plan.verdict(self._study) is not None:
            return "hydra/sweeper/terminator=none"
        return f"hydra.sweeper.n_trials={2 * self._plan.n_trials}"

    @property
    def _storage(self) -> str | None:
        url = self._plan.settings["storage"]
        return None if url is None else make_url(url).render_as_string(hide_password=True)


def _summary(
    study: optuna.Study, best: FrozenTrial, confirmation: Confirmation | None
) -> dict[str, float]:
    """What searches are compared by, as metrics of the search's own run."""
    baseline = summarize(study).baseline
    found = {
        "best": best.value,
        "baseline": None if baseline is None else baseline.value,
    }
    if confirmation is not None:
        for role, label in (("winner", confirmation.winner), ("baseline", confirmation.baseline)):
            if label is not None:
                candidate = confirmation[label]
                found[f"{role}/val_mean"] = candidate.mean
                found[f"{role}/val_std"] = candidate.deviation
                if candidate.test_mean is not None:
                    found[f"{role}/test_mean"] = candidate.test_mean
                    found[f"{role}/test_std"] = candidate.test_deviation
    return {name: value for name, value in found.items() if value is not None}


def _refit(best: FrozenTrial, launcher: Launcher) -> str:
    """Fit the winner as a single run: it is tested, and leaves its checkpoint and plots."""
    overrides = [*best.user_attrs[OVERRIDES], "hydra.sweep.subdir=best"]
    value = result_of(launcher.launch([overrides], best.number)[0])
    return "the same value" if value == best.value else f"another value, {value:.6g}"
