"""Write what a finished search leaves: report, best config, next search, the winner's refit."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import optuna
from omegaconf import OmegaConf
from optuna.trial import FrozenTrial

from tunesmith.advice import Advice, advise, write_next
from tunesmith.commands import load_model, predict_rows, repeat_run
from tunesmith.errors import InvalidConfig, attempt
from tunesmith.extras import install_extra, missing
from tunesmith.report import (
    Compared,
    ReportContext,
    keep_context,
    terminal_summary,
    write_front,
    write_note,
)
from tunesmith.search.compared import compare_winner, test_of
from tunesmith.search.fitted import plots_of
from tunesmith.search.following import next_search, repeat_saved, to_continue
from tunesmith.search.foreign import why_not_composed
from tunesmith.search.plan import Plan, summary_of
from tunesmith.search.probe import accepts
from tunesmith.search.provenance import made_by
from tunesmith.search.saved_config import is_of_any_app, next_defaults
from tunesmith.search.session import Session
from tunesmith.search.store import absolute_sqlite, shown_storage
from tunesmith.search.tracked_runs import compared_metrics, mlflow_pages, page_of_runs
from tunesmith.search.winner import refit_winner, winner_of, write_best, write_trial_config
from tunesmith.study import (
    Confirmation,
    StudyRecord,
    Summary,
    TrialRecord,
    summarize,
)
from tunesmith.tracking import Run

# What a command is for, and the command.
Command = tuple[str, str]
# What the report page needs.
EXTRA = "report"


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
    files, refit = [_write_stock_results(now, plan, confirmation)], None
    compared: Sequence[Compared] = ()
    if now.best is not None:
        winner = winner_of(study, now.best, confirmation)
        if (obstacle := why_not_composed(winner, plan, session.loader)) is None:
            files.append(write_best(winner, session))
            refit = refit_winner(study, winner, session, parent=parent)
            compared = compare_winner(winner, plan, confirmation)
        else:
            plan.paths.best_config.unlink(missing_ok=True)
            session.say(obstacle)
        parent.log_summary(compared_metrics(now, confirmation))
    else:
        files.append(_write_front(study, session))
        parent.log_summary({"pareto_front": len(now.front)})
    advice = _advise(study, session, confirmation=confirmation)
    if _has_next(now, plan):
        files.append(_write_next(study, advice, session))
    context = ReportContext(
        storage=shown_storage(plan.settings.storage),
        facts=_facts(plan, refit=refit),
        commands=_commands(study, plan, advice, confirmation),
        confirmation=confirmation,
        advice=advice,
        data="\n".join(attempt(lambda: [summary_of(plan)])[0]),
        compared=compared,
        fit=plots_of(plan.paths.best) if refit else (),
        tested=test_of(plan) if refit else None,
        run_page=page_of_runs(session),
        made=made_by(plan),
    )
    parent.set_note(write_note(study, context))
    context = _with_pages(context, study, session)
    report = _write_report(study, plan, context)
    if report is not None:
        files.append(report)
    for path in files:
        parent.log_artifact(path)
    _show(study, session, context)


def show_results(
    study: optuna.Study, session: Session, *, confirmation: Confirmation | None
) -> None:
    """Sum up once more what a finished search found, and where it left it."""
    advice = _advise(study, session, confirmation=confirmation)
    context = ReportContext(
        facts=_facts(session.plan),
        commands=_commands(study, session.plan, advice, confirmation),
        confirmation=confirmation,
        advice=advice,
    )
    _show(study, session, _with_pages(context, study, session))


def _with_pages(context: ReportContext, study: optuna.Study, session: Session) -> ReportContext:
    return replace(context, commands=[*context.commands, *mlflow_pages(study, session)])


def _write_report(study: optuna.Study, plan: Plan, context: ReportContext) -> Path | None:
    keep_context(context, study, plan.paths)
    if missing(EXTRA):
        return None
    from tunesmith.report import write_report  # here: not every installation has it

    return write_report(study, path=plan.paths.report, context=context)


def _show(study: optuna.Study, session: Session, context: ReportContext) -> None:
    path = session.plan.paths.report
    report = str(path) if path.is_file() else f"needs {install_extra(EXTRA)}"
    summary = terminal_summary(
        study,
        context.advice or (),
        confirmation=context.confirmation,
        compared=context.compared,
        commands=[*context.facts, *context.commands, ("report", report)],
    )
    session.console.print(summary, crop=False)


def _facts(plan: Plan, *, refit: str | None = None) -> list[tuple[str, str]]:
    """Return what there is beside the commands, each with its name."""
    front = str(plan.paths.pareto_front) if plan.paths.pareto_front.is_file() else None
    known = [
        ("refit of the winner", refit),
        ("Pareto front, with a command for each trial", front),
    ]
    return [(name, text) for name, text in known if text is not None]


def _commands(
    study: optuna.Study,
    plan: Plan,
    advice: Sequence[Advice],
    confirmation: Confirmation | None,
) -> list[Command]:
    """Return what can be done now, as far as the files for it are there.

    Without advice on the space the next search would be the same one.
    """
    paths, model = plan.paths, StudyRecord.of(study).model
    best, repeat = summarize(study).best, None
    if best is not None and paths.best_config.is_file():
        winner = winner_of(study, best, confirmation)
        repeat = repeat_saved(paths.best_config, winner, plan)
    is_table = paths.best.predictor.is_file() and summary_of(plan)
    is_another = any(piece.changes for piece in advice)
    known = [
        ("to continue", to_continue(study, plan)),
        ("repeat the winner", repeat),
        (
            "load the model, in Python",
            None if model is None else load_model(model, store=_tracking_store(plan)),
        ),
        ("predict new rows", predict_rows(paths.folder) if is_table else None),
        ("next search", next_search(plan) if is_another and paths.next_config.is_file() else None),
    ]
    return [(purpose, text) for purpose, text in known if text is not None]


def _tracking_store(plan: Plan) -> str | None:
    """Return the tracking store by which a model is loaded from anywhere on this machine.

    None for one that the environment names: its URI may hold a password.
    """
    node = plan.settings.tracking
    if node is None or "uri" not in node or "MLFLOW_TRACKING_URI" in os.environ:
        return None
    return absolute_sqlite(str(node.uri))


def _end_without_winner(
    study: optuna.Study, now: Summary, session: Session, *, parent: Run
) -> NoReturn:
    """Report what there is, and raise InvalidConfig."""
    plan = session.plan
    context = ReportContext(storage=shown_storage(plan.settings.storage), made=made_by(plan))
    report = _write_report(study, plan, context)
    if report is not None:
        parent.log_artifact(report)
    raise InvalidConfig(
        f"study {plan.study_name} has no complete trial with a finite value "
        f"({', '.join(f'{count} {state}' for state, count in now.states.items())}); "
        f"the logs are in {plan.paths.trials}"
        f"{'' if report is None else f', the report is {report}'}; try another range or sampler"
    )


def _write_stock_results(now: Summary, plan: Plan, confirmation: Confirmation | None) -> Path:
    """Write the stock plug-in's file, with its keys; before them the winner on new seeds."""
    results: dict[str, Any] = {"name": "optuna"}
    if confirmation is not None:
        winner = confirmation[confirmation.winner]
        results["winner"] = {
            "trial": winner.trial,
            "mean_on_new_seeds": winner.mean,
            "deviation": winner.deviation,
        }
    if now.best is not None:
        results |= {"best_params": now.best.params, "best_value": now.best.value}
    else:
        # In Optuna's own order, as the stock plug-in writes them.
        front = sorted(now.front, key=lambda trial: trial.number)
        results["solutions"] = [{"params": t.params, "values": t.values} for t in front]
    OmegaConf.save(OmegaConf.create(results), plan.paths.results)
    return plan.paths.results


def _write_front(study: optuna.Study, session: Session) -> Path:
    plan = session.plan

    def repeat(trial: FrozenTrial) -> str:
        record = TrialRecord.of(trial)
        folder = record.folder
        if record.is_of_others:
            return " ".join(plan.overrides_of(trial))
        run = plan.paths.trial(trial.number) if folder is None else plan.paths.run(folder)
        # What Hydra keeps of a run tells nothing of types, and has the name of many an app's own.
        if not is_of_any_app(plan) and (repeated := repeat_run(run)) is not None:
            return repeated
        config = plan.paths.front_config(trial.number)
        return repeat_saved(write_trial_config(config, trial, session), trial, plan)

    return write_front(study, path=plan.paths.pareto_front, repeat=repeat)


def _has_next(now: Summary, plan: Plan) -> bool:
    """Return whether there is a space that advice could change, and advice on it at all."""
    # An objective that draws its parameters itself has no space to write down.
    is_runnable = is_of_any_app(plan) or plan.search is not None
    return is_runnable and bool(plan.space.distributions) and now.best is not None


def _advise(
    study: optuna.Study, session: Session, *, confirmation: Confirmation | None
) -> list[Advice]:
    """Return advice that the objective takes; the study remembers what it does not."""
    plan = session.plan
    refused: list[str] = []

    def is_accepted(changes: Mapping[str, str]) -> bool:
        # What a trial draws by itself is no key of the config: only running it tells.
        searched = {k: v for k, v in changes.items() if k in plan.space.distributions}
        if not searched or accepts(plan, session.loader, searched):
            return True
        refused.extend(f"{name}={value}" for name, value in changes.items())
        return False

    def write(name: str, kept: Any) -> str:
        return plan.space.override(name, kept).partition("=")[2]

    advice = advise(study, confirmation=confirmation, accepts=is_accepted, write=write)
    if refused != StudyRecord.of(study).refused:
        StudyRecord.write(study, refused=refused)
    return advice


def _write_next(study: optuna.Study, advice: Sequence[Advice], session: Session) -> Path:
    plan = session.plan
    return write_next(
        plan.paths.next_config,
        study=study,
        advice=advice,
        defaults=next_defaults(plan, session.loader),
        fixed=plan.fixed,
        sweeps=plan.space.sweeps,
        value=plan.space.value,
        n_trials=plan.settings.n_trials,
        command=next_search(plan),
    )
