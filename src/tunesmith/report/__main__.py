"""`python -m tunesmith.report`: write the report of any study, also while it runs."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import optuna
from rich.console import Console

from tunesmith.advice import advise
from tunesmith.errors import OneLineParser
from tunesmith.extras import install_extra, missing
from tunesmith.freed_memory import collected_later
from tunesmith.passwords import hide_passwords
from tunesmith.paths import SearchPaths
from tunesmith.report import terminal_summary
from tunesmith.report.kept import kept_context
from tunesmith.report.load import load_search, load_study, storage_of
from tunesmith.study import SUFFIX, Confirmation, StudyRecord, read_confirmation, shown


@collected_later()
def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page and print the summary; a mistake is one line on stderr and exit status 1."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    options = _parse(arguments)
    try:
        _require_extra()
        _check_output(options.output)
        study, storage, path = _locate(options)
        _check_is_begun(study)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    confirmation = _confirmation(study, storage)
    from tunesmith.report import write_report  # here: its packages are there

    advice = advise(study, confirmation=confirmation, accepts=partial(_was_accepted, study))
    context = replace(
        kept_context(study, options.folder or StudyRecord.of(study).folder),
        storage=hide_passwords(storage),
        confirmation=confirmation,
        advice=advice,
    )
    try:
        write_report(study, path=path, context=context)
    except OSError as error:
        print(f"{path} cannot be written: {error.strerror}; try --output FILE", file=sys.stderr)
        return 1
    console = Console()
    commands = [*context.facts, *context.commands]
    summary = terminal_summary(
        study, advice, confirmation=confirmation, compared=context.compared, commands=commands
    )
    console.print(summary, crop=False)
    console.print(f"report    {path}", soft_wrap=True, highlight=False, markup=False)
    return 0


def _require_extra() -> None:
    if packages := missing("report"):
        raise ValueError(
            f"the report needs {', '.join(packages)}; install with {install_extra('report')}"
        )


def _check_output(output: Path | None) -> None:
    """Raise ValueError unless there is a page that can be named so."""
    if output is None:
        return
    if output.is_dir():
        raise ValueError(
            f"--output {output} is a folder; try --output {SearchPaths(output).report}"
        )
    if output.suffix.lower() not in (".html", ".htm"):
        named = output.with_suffix(".html")
        raise ValueError(f"--output must end in .html, got {output}; try --output {named}")


def _was_accepted(study: optuna.Study, changes: Mapping[str, str]) -> bool:
    refused = StudyRecord.of(study).refused
    return not any(f"{name}={value}" in refused for name, value in changes.items())


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = OneLineParser(prog="python -m tunesmith.report", description=__doc__)
    parser.add_argument(
        "folder", nargs="?", type=Path, help="search folder: <root>/searches/<name>"
    )
    parser.add_argument("--storage", metavar="URL", help="storage URL of any Optuna study")
    parser.add_argument("--study", metavar="NAME", help="its name in that store")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to write the page")
    options = parser.parse_args(arguments)
    by_name = options.storage is not None and options.study is not None
    if (options.folder is None) != by_name or (
        options.folder and (options.storage or options.study)
    ):
        parser.error("expected either a search folder, or --storage URL with --study NAME")
    return options


def _locate(options: argparse.Namespace) -> tuple[optuna.Study, str, Path]:
    if options.folder is not None:
        study, storage = load_search(options.folder), storage_of(options.folder)
        return study, storage, options.output or SearchPaths(options.folder).report
    study = load_study(options.storage, name=options.study)
    return study, options.storage, options.output or SearchPaths(Path()).report


def _confirmation(study: optuna.Study, storage: str) -> Confirmation | None:
    try:
        confirming = load_study(storage, name=study.study_name + SUFFIX)
    except ValueError:  # It was not confirmed.
        return None
    return read_confirmation(study, confirming)


def _check_is_begun(study: optuna.Study) -> None:
    if not shown(study):
        raise ValueError(f"study {study.study_name!r} is empty: no trial was started yet")


if __name__ == "__main__":
    sys.exit(main())
