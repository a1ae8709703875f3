"""Check the flags of a command line before Hydra reads it, which would print its usage."""

import argparse
import re
from collections.abc import Sequence
from typing import NoReturn

from hydra._internal.utils import get_args_parser

from tunesmith.errors import InvalidConfig

# Of these a command has one, as Hydra's parser calls them.
_WAYS_TO_RUN = {"run": "--run", "multirun": "-m", "cfg": "--cfg", "info": "--info"}
# What other programs call so.
_COMMON = {
    **dict.fromkeys(("multi_run", "sweep", "M"), "-m, or --multirun"),
    **dict.fromkeys(("gpu", "gpus", "cuda", "device"), "trainer=gpu"),
    "cpu": "trainer=cpu",
    "debug": "debug=fast_dev_run",
    **dict.fromkeys(("output", "out", "output_dir"), "paths.output_root=FOLDER"),
    **dict.fromkeys(("resume", "checkpoint"), "ckpt_path=FILE"),
    **dict.fromkeys(("verbose", "v"), "hydra.verbose=true"),
    "n": "-m hparams_search=NAME hydra.sweeper.n_trials=N",
    "j": "-m hparams_search=NAME hydra.sweeper.n_jobs=N",
}
_UNKNOWN = re.compile(r"unrecognized arguments: (.*)")


def check_flags(arguments: Sequence[str]) -> None:
    """Refuse flags that Hydra does not know, and those that exclude each other.

    Args:
        arguments: The command line after `train.py`, as it was typed.

    Raises:
        InvalidConfig: Names the flag, and the KEY=VALUE that it may have meant.

    """
    parser = get_args_parser()
    parser.error = _refuse  # type: ignore[method-assign]
    try:
        options = parser.parse_intermixed_args(list(arguments))
    except _Refused as refused:
        raise InvalidConfig(_in_one_line(str(refused), arguments)) from None
    _check_one_way(options)


class _Refused(Exception):  # noqa: N818
    """What argparse says of the command line."""


def _refuse(message: str) -> NoReturn:
    raise _Refused(message)


def _in_one_line(message: str, arguments: Sequence[str]) -> str:
    found = _UNKNOWN.match(message)
    if found is None and message.startswith("ambiguous option: "):
        said = message.removeprefix("ambiguous option: ")
        return f"{said}; type one of these, or a search as hparams_search=NAME"
    if found is None and "ignored explicit argument" in message:
        return f"{message.partition(':')[0].removeprefix('argument ')} takes no value; type -m"
    if found is None:
        return f"{message}; values are typed as KEY=VALUE, such as seed=1"
    from tunesmith.explain import keys_like  # here: only a mistake needs it

    flag, _, value = found[1].partition(" ")[0].partition("=")
    at = arguments.index(flag) + 1 if flag in arguments else len(arguments)
    following = [one for one in arguments[at : at + 1] if "=" not in one]
    value = value or "".join(following) or "VALUE"
    name = flag.lstrip("-").replace("-", "_")
    if (whole := _COMMON.get(name)) is not None:
        return f"there is no flag {flag}; try {whole}"
    meant = keys_like(name)
    way_out = f"try {meant[0]}={value}" if meant else "such as seed=1"
    if meant and meant[0].startswith("hydra.sweeper.") and not _searches(arguments):
        way_out = f"try -m hparams_search=NAME {meant[0]}={value}"
    return f"there is no flag {flag}; values are typed as KEY=VALUE, {way_out}"


def _searches(arguments: Sequence[str]) -> bool:
    return any(argument.startswith("hparams_search=") for argument in arguments)


def _check_one_way(options: argparse.Namespace) -> None:
    given = [flag for name, flag in _WAYS_TO_RUN.items() if getattr(options, name)]
    search = next((o for o in options.overrides if o.startswith("hparams_search=")), None)
    if options.run and search is not None:
        raise InvalidConfig(f"--run is for a single job, {search} is a search; leave out --run")
    if len(given) > 1:
        way_out = f"leave out {given[0]}"
        raise InvalidConfig(f"{' and '.join(given)} cannot be typed together; {way_out}")
    if options.resolve and not (options.cfg or options.help):
        raise InvalidConfig("--resolve goes with --cfg; try --cfg job --resolve")
