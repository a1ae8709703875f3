"""`python -m tunesmith.storage`: make the tables that searches are kept in, once, by their owner.

After that, no search needs the right to create tables: `grants ROLE` prints what it does need.
"""

import argparse
import os
import sys
from collections.abc import Sequence

import optuna

from tunesmith.errors import InvalidConfig, OneLineParser
from tunesmith.full_disk import DiskFull
from tunesmith.passwords import hide_passwords, refuse_passwords
from tunesmith.study import create_schema, grants_of

_VARIABLE = "OPTUNA_STORAGE"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; a mistake is one line on stderr and exit status 1."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    typed = sys.argv[1:] if arguments is None else arguments
    try:
        refuse_passwords(typed)
        options = _parse(typed)
        done = [_init(options.url)] if options.action == "init" else grants_of(options.role)
    except (ValueError, ConnectionError, DiskFull) as error:
        print(error, file=sys.stderr)
        return 1
    print(*done, sep="\n")
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = OneLineParser(prog="python -m tunesmith.storage", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    init = actions.add_parser("init", help="create the tables, unless they are there")
    init.add_argument(
        "url", nargs="?", metavar="URL", help=f"without a password; default: ${_VARIABLE}"
    )
    grants = actions.add_parser("grants", help="print the SQL that lets a role run searches")
    grants.add_argument("role", metavar="ROLE", help="a role of PostgreSQL")
    options = parser.parse_args(arguments)
    if options.action == "grants" and not options.role.strip():
        grants.error("ROLE must be the name of a role, got an empty one")
    return options


def _init(typed: str | None) -> str:
    url = typed or os.environ.get(_VARIABLE)
    if not url:
        raise InvalidConfig(
            f"no storage is named; type export {_VARIABLE}=postgresql://USER:PASSWORD@HOST/DATABASE"
        )
    did = "created" if create_schema(url) else "already there:"
    return f"{did} the tables of {hide_passwords(url)}"


if __name__ == "__main__":
    sys.exit(main())
