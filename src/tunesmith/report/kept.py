"""Keep what a search told its report, so that the page can be written again as it was."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import optuna

from tunesmith.paths import SearchPaths, write_atomically
from tunesmith.report.context import Compared, ReportContext
from tunesmith.study import n_finished

# What the study and its store tell anew.
_READ_ANEW = {"storage", "confirmation", "advice"}
# What is told of the winner, which further trials may replace.
_OF_WINNER: dict[str, Any] = {"facts": (), "compared": (), "fit": (), "tested": None}
_TRIALS = "trials"


def keep_context(context: ReportContext, study: optuna.Study, paths: SearchPaths) -> None:
    """Write a context into the search's folder, for `python -m tunesmith.report FOLDER`.

    Args:
        context: What the search's own report was written with.
        study: The search's study.
        paths: The paths of the search's files.

    """
    plain = asdict(replace(context, confirmation=None, advice=None))
    kept = {name: value for name, value in plain.items() if name not in _READ_ANEW}
    text = json.dumps({_TRIALS: n_finished(study), **kept}, ensure_ascii=False)
    write_atomically(paths.report_context, text)


def kept_context(study: optuna.Study, folder: Path | None) -> ReportContext:
    """Return what the search kept in its folder; nothing where it kept none.

    After further trials that is without what it says of the winner.

    Args:
        study: The search's study.
        folder: The search's folder.

    """
    file = None if folder is None else SearchPaths(folder).report_context
    if file is None or not file.is_file():
        return ReportContext()
    try:
        kept: dict[str, Any] = json.loads(file.read_text("utf-8"))
        context = _read(kept)
    except (ValueError, KeyError, TypeError):  # Half of it, or of another release.
        return ReportContext()
    is_current = kept.get(_TRIALS) == n_finished(study)
    return context if is_current else replace(context, **_OF_WINNER)


def _read(kept: Mapping[str, Any]) -> ReportContext:
    return ReportContext(
        facts=_pairs(kept["facts"]),
        commands=_pairs(kept["commands"]),
        fit=_pairs(kept["fit"]),
        made=_pairs(kept["made"]),
        compared=[Compared(**one) for one in kept["compared"]],
        data=kept["data"],
        tested=kept["tested"],
        run_page=kept["run_page"],
    )


def _pairs(listed: list[list[str]]) -> list[tuple[str, str]]:
    return [(name, text) for name, text in listed]
