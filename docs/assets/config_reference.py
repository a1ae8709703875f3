"""Write docs/reference/config.md: python docs/assets/config_reference.py.

A key that nothing explains needs a comment in conf/: config_meanings.py says where they are sought.
"""

from collections.abc import Iterator
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

import yaml
from config_meanings import (
    OF_GROUP,
    SAMPLERS,
    UnexplainedKeyError,
    linked,
    meaning,
    of_sweeper,
    targets_in,
)
from config_options import OPTIONS, Key, Option, choices_of

from tunesmith.sweeper import ExperimentConf, OptunaStudyConf

PAGE = Path(__file__).parents[1] / "reference" / "config.md"
INTRO = """\
# Config keys

<!-- Written by docs/assets/config_reference.py from conf/ and docstrings: change these. -->

Each group of `conf/` with its options, each option with its keys. `GROUP=OPTION` chooses an option,
`KEY=VALUE` sets a key, and with `-m` a sweep as value searches it. `--cfg job` prints the config as
it would run.

A default `${...}` is taken from elsewhere: `${seed}` is the key `seed`, `${of_task:A,B}` is A where
the target is numbers and B where it is classes, `${direction_of:NAME}` the direction in which a
metric is better, `${is_given:KEY}` whether a key has a value. `???` has to be given.
"""
# Options that are one value for what they are made for.
WHOLE = {
    "hydra/help": "[Hydra's help](https://hydra.cc/docs/configure_hydra/app_help/)",
    **dict.fromkeys(
        ("hydra/hydra_logging", "hydra/job_logging"),
        "[Python's logging](https://docs.python.org/3/library/logging.config.html)",
    ),
}
SEARCHED = "hydra.sweeper.params."


def cell(text: str) -> str:
    """Return a text as it stands in a table."""
    return " ".join(text.split()).replace("|", "\\|")


def table(heading: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Yield a table, or nothing where it has no rows."""
    if rows:
        yield ""
        yield f"| {' | '.join(heading)} |"
        yield f"|{'---|' * len(heading)}"
        yield from (f"| {' | '.join(map(cell, row))} |" for row in rows)


def chosen_with(option: Option) -> Iterator[str]:
    """Yield what an option starts from, and what it chooses."""
    from_ = [f"`{entry}`" for entry in option.defaults if isinstance(entry, str)]
    if from_ := [name for name in from_ if name != "`_self_`"]:
        yield f"Starts from {' and '.join(from_)}."
    others = [next(iter(entry.items())) for entry in option.defaults if isinstance(entry, dict)]
    named = [
        f"`{group.removeprefix('override ').removeprefix('/')}={'null' if name is None else name}`"
        for group, name in others
    ]
    if named:
        yield f"Chooses {', '.join(named)}."


def of_targets(option: Option) -> Iterator[str]:
    """Yield what an option names as its target."""
    for key in option.keys:
        if key.name.endswith("_target_") and (named := targets_in(key.default)):
            shown = [f"`{one}`" if one.startswith("tunesmith.") else linked(one) for one in named]
            yield f"Names {' or '.join(shown)}."


def of_option(option: Option) -> Iterator[str]:
    """Yield the part of the page about one file."""
    name = option.name
    yield ""
    yield f"### {option.group}={name}" if name[0] != "_" else f"### {option.group}/{name}.yaml"
    lines = [option.head, *chosen_with(option), *of_targets(option)]
    if whole := WHOLE.get(option.group):
        lines.append(f"Its keys are those of {whole}.")
    if any(lines):
        yield ""
        yield " ".join(
            filter(None, (line if line[-1:] in ".:?" else f"{line}." for line in lines if line))
        )
    keys = [] if whole else [key for key in option.keys if "._" not in f".{key.name}"]
    own = [key for key in keys if not key.name.startswith(SEARCHED)]
    rows = [(f"`{key.name}`", f"`{key.default}`", meaning(key, option)) for key in own]
    yield from table(("key", "value" if not option.package else "default", "meaning"), rows)
    searched = [Key(key.name.removeprefix(SEARCHED), key.default) for key in keys if key not in own]
    rows = [(f"`{key.name}`", f"`{key.default}`", meaning(key, option)) for key in searched]
    yield from table(("searched key", "values", "meaning"), rows)


def of_group(group: str) -> Iterator[str]:
    """Yield the part of the page about one folder."""
    yield ""
    yield f"## {group}"
    usual = {**choices_of(OPTIONS["", "train"], known={}), **SWEEPER_GROUPS}.get(group)
    told = [OF_GROUP.get(group, ""), f"By default `{group}={usual}`." if usual else ""]
    if any(told):
        yield ""
        yield " ".join(filter(None, told))
    for option in OPTIONS.values():
        if option.group == group:
            yield from of_option(option)


def _typed(value: object) -> str:
    shown = yaml.safe_dump(value, default_flow_style=True, width=1000)
    return shown.removesuffix("...\n").strip()


def default_of(setting: Field[Any]) -> str:
    """Return the default of one of the sweeper's settings, as one would type it."""
    if setting.default_factory is not NO_DEFAULT:
        value = setting.default_factory()
    else:
        value = setting.default
    return f"`{_typed(value)}`"


SWEEPER_GROUPS = {
    f"hydra/sweeper/{group}": name
    for entry in OptunaStudyConf().defaults
    if isinstance(entry, dict)
    for group, name in entry.items()
}


def of_settings() -> Iterator[str]:
    """Yield the part of the page about `hydra.sweeper`."""
    yield from (
        "",
        "## hydra/sweeper",
        "",
        "`hydra/sweeper=experiment` is that of this package's own configs, which every file of "
        "`hparams_search` chooses; `hydra/sweeper=optuna_study` is that of [any other Hydra app]"
        "(../how-to/sweeper.md). `${of_experiment:KEY}` is a key of the config.",
    )
    ours = {setting.name: setting for setting in fields(ExperimentConf)}
    rows = []
    for setting in fields(OptunaStudyConf):
        if setting.name[0] == "_" or setting.name == "defaults":
            continue
        both = [default_of(setting), default_of(ours[setting.name])]
        if f"hydra/sweeper/{setting.name}" in SWEEPER_GROUPS:
            both = [f"[a group](#hydrasweeper{setting.name})"] * 2
        name = f"hydra.sweeper.{setting.name}"
        text = of_sweeper(setting.name, {})
        if not text:
            raise UnexplainedKeyError(f"{name}: write it into the docstring of OptunaStudyConf")
        rows.append((f"`{name}`", both[0], both[1] if both[1] != both[0] else "the same", text))
    yield from table(("key", "optuna_study", "experiment", "meaning"), rows)


def of_samplers() -> Iterator[str]:
    """Yield the samplers that no file of conf/ names."""
    yield from ("", "### Samplers of Optuna", "")
    yield "Their keys are arguments of the class, with these defaults without the stock plug-in."
    rows = []
    for name, node in SAMPLERS.items():
        keys = [f"`{key}={_typed(value)}`" for key, value in node.items() if key[0] != "_"]
        rows.append((f"`{name}`", linked(node["_target_"]), ", ".join(keys)))
    yield from table(("option", "class", "keys"), rows)


def of_top() -> Iterator[str]:
    """Yield the part of the page about the files that are in no group."""
    train = OPTIONS["", "train"]
    yield "\n## Keys outside of groups"
    rows = [(f"`{key.name}`", f"`{key.default}`", meaning(key, train)) for key in train.keys]
    yield from table(("key", "default", "meaning"), rows)


def page() -> str:
    """Return the page."""
    groups = sorted({option.group for option in OPTIONS.values() if option.group})
    lines = [*of_top()]
    for group in (one for one in groups if not one.startswith("hydra")):
        lines += of_group(group)
    lines += of_settings()
    for group in (one for one in groups if one.startswith("hydra")):
        lines += of_group(group)
        if group == "hydra/sweeper/sampler":
            lines += of_samplers()
    return INTRO + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
