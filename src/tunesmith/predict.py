"""`python -m tunesmith.predict`: predict the rows of a file by a search's winner, or a single run.

The model is a pickle, which runs code while it is read: predict with folders that you trust.
"""

import argparse
import contextlib
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tunesmith.errors import InvalidArgument, InvalidConfig, OneLineParser
from tunesmith.extras import install_extra, missing

SUFFIXES = (".csv", ".tsv", ".parquet")
PREDICTION = "prediction"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the predictions; a mistake is one line on stderr and exit status 1."""
    options = _parse(arguments)
    try:
        said = _predict(options)
    except InvalidArgument as error:
        print(_as_typed(error), file=sys.stderr)
        return 1
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print(*said, sep="\n")
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = OneLineParser(prog="python -m tunesmith.predict", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="of a search, or a single run")
    parser.add_argument("rows", type=Path, metavar="FILE", help="the rows, raw as in training")
    parser.add_argument(
        *("--output", "-o"),
        type=Path,
        required=True,
        metavar="FILE",
        help=f"where the predictions go, {', '.join(SUFFIXES)}; a file that exists is replaced",
    )
    parser.add_argument("--id", metavar="COLUMN", help="a column to copy, as it is written")
    reading = parser.add_argument_group("how the rows are written, where it is not found out")
    for name, what in (
        ("encoding", "of a text file, such as cp932"),
        ("separator", "of its fields"),
        ("decimal", "mark of its numbers"),
        ("sheet", "of a workbook that has several"),
    ):
        reading.add_argument(f"--{name}", help=what)
    return parser.parse_args(arguments)


def _predict(options: argparse.Namespace) -> list[str]:
    if packages := missing("tables"):
        raise InvalidConfig(
            f"predicting needs {', '.join(packages)}; install with {install_extra('tables')}"
        )
    _check_order(options.folder, options.rows)
    _check_output(options.output, rows=options.rows)
    # here: --help must not pay for them
    from tunesmith.data import Form, check_form, read_table
    from tunesmith.loaded import load_model

    model = load_model(options.folder)
    if not model.takes_tables:
        raise InvalidConfig(
            f"the model of {options.folder} takes arrays, no tables; in Python: "
            f"tunesmith.load_model({str(options.folder)!r}).predict(x)"
        )
    form = Form(options.encoding, options.separator, options.decimal, options.sheet)
    check_form(form, [options.rows])
    exact = () if options.id is None else (options.id,)
    read = read_table(options.rows, form, known=model.rows.known(exact=exact))
    _check_id(options.id, list(read.frame))
    predicted = model.table(read.frame, of=str(options.rows))
    if options.id is not None:
        predicted.insert(0, options.id, read.frame[options.id].to_numpy())
    _write(predicted, options.output)
    return [f"{options.output}: predictions of {len(predicted)} rows", *map(_noted, read.notes)]


def _check_order(folder: Path, rows: Path) -> None:
    if folder.is_file() and rows.is_dir():
        typed = " ".join(shlex.quote(str(path)) for path in (rows, folder))
        raise InvalidConfig(f"FOLDER comes before FILE; type {typed} --output FILE")


def _check_output(output: Path, *, rows: Path) -> None:
    if output.suffix.lower() not in SUFFIXES:
        raise InvalidArgument(
            "output", f"a file ending in {', '.join(SUFFIXES)}", str(output), "predictions.csv"
        )
    if not output.parent.is_dir():
        raise InvalidArgument("output", "a file in a folder that exists", str(output), output.name)
    if output.is_dir():
        raise InvalidArgument(
            "output", "a file", str(output), str(output / "p.csv"), detail="which is a folder"
        )
    if output.exists() and rows.exists() and output.samefile(rows):
        raise InvalidArgument(
            "output", "another file than that of the rows", str(output), "predictions.csv"
        )


def _check_id(name: str | None, columns: list[str]) -> None:
    from tunesmith.validate import require_choice

    if name is not None:
        require_choice("id", name, columns)
    if name == PREDICTION:
        raise InvalidArgument(
            "id", f"another column than {PREDICTION!r}", name, way_out="rename it in the file"
        )


def _write(predicted: Any, output: Path) -> None:
    """Replace the file in one step: a reader never sees half of it."""
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        if output.suffix.lower() == ".parquet":
            predicted.to_parquet(part, index=False)
        else:
            separator = "\t" if output.suffix.lower() == ".tsv" else ","
            predicted.to_csv(part, index=False, sep=separator)
        part.replace(output)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise InvalidArgument(
            *("output", "a file that can be written", str(output), "predictions.csv"),
            detail=error.strerror or str(error),
        ) from error


def _noted(note: str) -> str:
    return f"Note: {note}."


def _as_typed(error: InvalidArgument) -> str:
    """Return the mistake with the names that arguments have here."""
    name = "FILE" if error.name == "path" else f"--{error.name}"
    typed = "" if name == "FILE" else f"{name} "
    way_out = f"try {typed}{shlex.quote(str(error.example))}"
    if error.example is None:
        way_out = f"leave {name} out"
    if error.way_out is not None:
        way_out = error.way_out.replace("data.", "--")
    return str(
        InvalidArgument(name, error.expected, error.value, detail=error.detail, way_out=way_out)
    )


if __name__ == "__main__":
    sys.exit(main())
