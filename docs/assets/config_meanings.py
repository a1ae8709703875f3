"""Say what each key of conf/ means.

It is told in one place: the comment above the key, the docstring of what the `_target_` beside it
names, or, for `hydra.sweeper`, that of the sweeper's settings.
"""

import re

import yaml
from config_options import CONF, OPTIONS, Key, Option, choices_of
from docstrings import arguments_of
from hydra.utils import get_object

from tunesmith.samplers import STOCK_SAMPLERS, TPE_DEFAULT
from tunesmith.study import SlotSampler
from tunesmith.sweeper import OptunaStudyConf

# What documents the arguments of targets that are not ours.
LIBRARIES = {
    "catboost.": "https://catboost.ai/docs/en/references/training-parameters/",
    "lightning.pytorch.Trainer": "https://lightning.ai/docs/pytorch/stable/common/trainer.html",
    "lightning.": "https://lightning.ai/docs/pytorch/stable/api/{}.html",
    "optuna.pruners.": "https://optuna.readthedocs.io/en/stable/reference/generated/{}.html",
    "optuna.samplers.": (
        "https://optuna.readthedocs.io/en/stable/reference/samplers/generated/{}.html"
    ),
    "sklearn.": "https://scikit-learn.org/stable/modules/generated/{}.html",
    "torch.": "https://docs.pytorch.org/docs/stable/generated/{}.html",
    "xgboost.": "https://xgboost.readthedocs.io/en/stable/python/python_api.html",
}
# What documents the keys of options that name no target.
ELSEWHERE = {
    "model/lightgbm": "[LightGBM](https://lightgbm.readthedocs.io/en/stable/Parameters.html)",
    "hydra/launcher/slurm": "[Submitit](https://hydra.cc/docs/plugins/submitit_launcher/)",
    "hydra/launcher/ray_cluster": "[Ray](https://hydra.cc/docs/plugins/ray_launcher/)",
    "hydra/launcher/ray_local": "[Ray](https://hydra.cc/docs/plugins/ray_launcher/)",
}
HYDRA = "A key of [Hydra](https://hydra.cc/docs/configure_hydra/intro/)."
SAMPLERS = {"tpe_default": TPE_DEFAULT, **STOCK_SAMPLERS}
HELP = yaml.safe_load((CONF / "hydra" / "help" / "tunesmith.yaml").read_text("utf-8"))["template"]
OF_GROUP = {
    group: f"{told[0].upper()}{told[1:]}."
    for group, told in re.findall(r"^([a-z]\w*(?:/\w+)*)  +(\S.*?):?$", HELP, re.MULTILINE)
    if any(group == folder for folder, _ in OPTIONS)
}


class UnexplainedKeyError(LookupError):
    """A key of ours that nothing explains: write a comment above it in conf/."""


def typed(told: str) -> str:
    """Return what a docstring tells, with the values as a command line has them."""
    for python, yaml_ in {"None": "null", "True": "true", "False": "false"}.items():
        told = re.sub(rf"\b{python}\b", yaml_, told)
    return told


def targets_in(written: str) -> list[str]:
    """Return the dotted names of a `_target_`: one, or one for each kind of task."""
    return re.findall(r"[A-Za-z_]\w*(?:\.\w+)+", written)


def linked(target: str, *, shown: str | None = None) -> str:
    """Return the name of what is not ours, or what is shown, linked to its own documentation."""
    page = next((page for start, page in LIBRARIES.items() if target.startswith(start)), None)
    if page is None:
        raise LookupError(f"docs/assets/config_reference.py names no documentation of {target}")
    return f"[`{shown or target}`]({page.format(target)})"


def argument_of(target: str) -> str:
    """Return what is told of an argument of what is not ours: who documents it."""
    return f"An argument of {linked(target, shown=target.rpartition('.')[2])}."


def of_target(key: Key, target: str) -> str:
    """Return what a target tells of a key that it takes; empty where it tells nothing."""
    leaf = key.name.rpartition(".")[2]
    for dotted in targets_in(target):
        if not dotted.startswith("tunesmith."):
            return argument_of(dotted)
        if told := arguments_of(get_object(dotted)).get(leaf):
            return typed(told)
    return ""


def of_sweeper(name: str, chosen: dict[str, str]) -> str:
    """Return what a key of `hydra.sweeper` means."""
    first, _, rest = name.partition(".")
    if name == "sampler.seed":
        return typed(arguments_of(SlotSampler)["seed"])
    if rest and first == "sampler":
        sampler = SAMPLERS[chosen.get("hydra/sweeper/sampler", "tpe_default")]
        return argument_of(sampler["_target_"])
    return typed(arguments_of(OptunaStudyConf).get(first, ""))


def by_comment(name: str) -> str:
    """Return the comment of the first file that has one above this key."""
    files = (OPTIONS["", "train"], *OPTIONS.values())
    found = (key.comment for option in files for key in option.keys if key.name == name)
    return next(filter(None, found), "")


def at_home(name: str, chosen: dict[str, str]) -> str:
    """Return what a key of the whole config means, where these options are chosen."""
    if name.startswith("hydra.sweeper."):
        return of_sweeper(name.removeprefix("hydra.sweeper."), chosen)
    if name.startswith("hydra."):
        return HYDRA
    group, _, leaf = name.partition(".")
    if not leaf and group in OF_GROUP:
        return OF_GROUP[group]
    option = OPTIONS.get((group, chosen.get(group, "")))
    if option is not None and option.package:
        return in_group(Key(name, ""), option)
    return by_comment(name)


def in_group(key: Key, option: Option) -> str:
    """Return what a key means that this option has, or takes beside those that it has."""
    for base in bases_of(option):
        for known in base.keys:
            if known.name == key.name:
                return meaning(known, base)
    return of_target(key, target_of(option))


def bases_of(option: Option) -> list[Option]:
    """Return an option, and the files of its group that it starts from."""
    names = (name for name in option.defaults if (option.group, name) in OPTIONS)
    return [option, *(base for name in names for base in bases_of(OPTIONS[option.group, name]))]


def target_of(option: Option) -> str:
    """Return the `_target_` of an option, or of what it starts from."""
    return next(filter(None, (base.target for base in bases_of(option))), "")


def told(key: Key, option: Option) -> str:
    """Return what a key of a file means; empty where nothing tells it."""
    if option == OPTIONS["", "train"]:
        return key.comment
    if key.target and not option.package:
        return key.comment or of_target(key, key.target)
    if not option.package:
        home = at_home(key.name, choices_of(option))
        return home if key.comment in home else f"{home} {key.comment}".strip()
    if key.comment:
        return key.comment
    documented = ELSEWHERE.get(f"{option.group}/{option.name}")
    other = f"A parameter of {documented}." if documented else by_comment(key.name)
    hydra = HYDRA if option.package == "hydra" else ""
    return of_target(key, key.target or target_of(option)) or other or hydra


def meaning(key: Key, option: Option) -> str:
    """Return what a key of a file means, as a sentence.

    Raises:
        UnexplainedKeyError: Nothing tells it.

    """
    text = told(key, option)
    if not text:
        file = "/".join(filter(None, ("conf", option.group, f"{option.name}.yaml")))
        raise UnexplainedKeyError(f"{key.name} in {file}: write a comment above it")
    return text if text.endswith(".") or not text[0].isupper() else f"{text}."
