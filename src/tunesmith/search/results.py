"""Write what a finished search leaves: report, best config, next search, the winner's refit."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import optuna
from omegaconf import OmegaConf, open_dict
from optuna.trial import FrozenTrial

from tunesmith.advice import Advice, advise, write_next
from tunesmith.commands import load_model, next_search, repeat_run, repeat_winner
from tunesmith.context import refitting
from tunesmith.errors import InvalidConfig
from tunesmith.overrides import data_node, write_override
from tunesmith.report import ReportContext, terminal_summary, write_front, write_report
from tunesmith.search.fitted import is_restorable, restored
from tunesmith.search.job import compose_job, result_of
from tunesmith.search.messages import to_continue
from tunesmith.search.plan import Plan
from tunesmith.search.probe import accepts
from tunesmith.search.session import Session
from tunesmith.search.store import shown_storage
from tunesmith.study import Confirmation, Summary, TrialRecord, summarize, trial_numbered
from tunesmith.tracking import Run

# What a command is for, and the command.
Command = tuple[str, str]


def write_results(
    study: optuna.Study, session: Session, *, confirmation: Confirmation | None, parent: Run
) -> None:
    """Write the files of the search's folder, fit the winner once more, and sum up on the console.

    The winner is the best of those trained again, without `confirmation` the best trial. The
    search's own run `parent` gets the files too.

    Raises InvalidConfig if no trial completed.
    """
    plan, now = session.plan, summarize(study)
    plan.paths.folder.mkdir(parents=True, exist_ok=True)
    if now.best is None and not now.front:
        _end_without_winner(study, now, session, parent=parent)
    files = [_write_stock_results(now, plan)]
    printed = [("to continue", f"the same command with {to_continue(study, plan)}")]
    if now.best is not None:
        winner = _winner(study, now.best, confirmation)
        files.append(_write_best(winner, session))
        printed += _repeat_winner(winner, session, parent=parent)
        parent.log_summary(_compared(now, confirmation))
    else:
        files.append(_write_front(study, plan))
        printed.append(("Pareto front, with a command for each trial", str(files[-1])))
        parent.log_summary({"pareto_front": len(now.front)})
    advice = advise(study, confirmation=confirmation)
    if _has_next(now, plan):
        files.append(_write_next(study, advice, session))
        printed.append(("next search", next_search(plan.paths)))
    context = ReportContext(
        storage=shown_storage(plan.settings.storage), commands=printed, confirmation=confirmation
    )
    files.append(write_report(study, path=plan.paths.report, context=context))
    for path in files:
        parent.log_artifact(path)
    session.console.print(
        terminal_summary(study, advice, confirmation=confirmation, commands=printed), crop=False
    )
    session.say(f"report: {plan.paths.report}")


def _end_without_winner(
    study: optuna.Study, now: Summary, session: Session, *, parent: Run
) -> NoReturn:
    """Report what there is, and raise InvalidConfig."""
    plan = session.plan
    context = ReportContext(storage=shown_storage(plan.settings.storage))
    parent.log_artifact(write_report(study, path=plan.paths.report, context=context))
    raise InvalidConfig(
        f"study {plan.study_name} has no complete trial with a finite value "
        f"({', '.join(f'{count} {state}' for state, count in now.states.items())}); "
        f"the logs are in {plan.paths.trials}, the report is {plan.paths.report}; "
        "try another range or sampler"
    )


def _winner(
    study: optuna.Study, best: FrozenTrial, confirmation: Confirmation | None
) -> FrozenTrial:
    if confirmation is None:
        return best
    number = confirmation[confirmation.winner].trial
    assert number is not None
    return trial_numbered(study, number)


def _write_stock_results(now: Summary, plan: Plan) -> Path:
    """Write the stock plug-in's file, with its keys."""
    results: dict[str, Any] = {"name": "optuna"}
    if now.best is not None:
        results |= {"best_params": now.best.params, "best_value": now.best.value}
    else:
        # In Optuna's own order, as the stock plug-in writes them.
        front = sorted(now.front, key=lambda trial: trial.number)
        results["solutions"] = [{"params": t.params, "values": t.values} for t in front]
    OmegaConf.save(OmegaConf.create(results), plan.paths.results)
    return plan.paths.results


def _write_best(best: FrozenTrial, session: Session) -> Path:
    plan = session.plan
    cfg = compose_job(plan.config, plan.overrides_of(best), loader=session.loader)
    with open_dict(cfg):
        if isinstance(drawn := OmegaConf.select(cfg, "objective.params"), str):
            cfg.objective.params = data_node(json.loads(drawn))
    OmegaConf.save(cfg, plan.paths.best_config)
    return plan.paths.best_config


def _repeat_winner(winner: FrozenTrial, session: Session, *, parent: Run) -> list[Command]:
    """Return how the winner is repeated; it is, once, unless `refit` is false."""
    plan = session.plan
    printed = [("repeat the winner", repeat_winner(plan.paths))]
    if not plan.base.get("refit"):
        return printed
    printed.append(("refit of the winner", _refit(winner, session, parent=parent)))
    if parent.id is None or not is_restorable(plan.base):
        return printed
    compose = partial(compose_job, plan.config, plan.overrides_of(winner), loader=session.loader)
    uri = parent.log_model(restored(plan.paths.best, compose=compose))
    return printed if uri is None else [*printed, ("load the model", load_model(uri))]


def _refit(best: FrozenTrial, session: Session, *, parent: Run) -> str:
    """Fit the winner as a single run: it is tested, and leaves its checkpoint and plots."""
    paths = session.plan.paths
    folder = write_override("hydra.sweep.subdir", paths.subfolder(paths.best))
    overrides = [*session.plan.overrides_of(best), folder]
    launcher = session.make_launcher()
    with refitting(parent):
        value = result_of(launcher.launch([overrides], best.number)[0])
    if value == best.value:
        return "value reproduced exactly"
    return (
        f"value not reproduced: {value:.6g} instead of {best.value:.6g}; code, data or the number "
        "of threads have changed, or the training is not deterministic"
    )


def _write_front(study: optuna.Study, plan: Plan) -> Path:
    def repeat(trial: FrozenTrial) -> str:
        folder = TrialRecord.of(trial).folder
        run = plan.paths.trial(trial.number) if folder is None else plan.paths.run(folder)
        # Without a config of its own, what it was composed with repeats it.
        return repeat_run(run) or " ".join(plan.overrides_of(trial))

    return write_front(study, path=plan.paths.pareto_front, repeat=repeat)


def _has_next(now: Summary, plan: Plan) -> bool:
    """Return whether there is a space that advice could change, and advice on it at all."""
    # An objective that draws its parameters itself has no space to write down.
    return plan.search is not None and bool(plan.space.distributions) and now.best is not None


def _write_next(study: optuna.Study, advice: Sequence[Advice], session: Session) -> Path:
    plan = session.plan
    assert plan.search is not None
    # A bound may be widened to what the objective does not take.
    usable = [piece for piece in advice if accepts(plan, session.loader, piece.changes)]
    return write_next(
        plan.paths.next_config,
        study=study,
        advice=usable,
        search=plan.search,
        fixed=plan.fixed,
        sweeps=plan.space.sweeps,
        value=plan.space.value,
    )


def _compared(now: Summary, confirmation: Confirmation | None) -> dict[str, float]:
    """Return what searches are compared by, as metrics of the search's own run."""
    assert now.best is not None
    found = {
        "best": now.best.value,
        "baseline": None if now.baseline is None else now.baseline.value,
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
