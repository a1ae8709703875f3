"""Say why a saved config takes no option of a group."""

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from tunesmith.commands import flag, typed
from tunesmith.configs import CONFIGS
from tunesmith.explain.keys import own_configs
from tunesmith.overrides import quote_for_shell, write_override

# The flags that name a saved config, and its folder.
_SAVED = (("--config-name", "-cn"), ("--config-dir", "-cd"))


def in_a_whole_config(group: str) -> str | None:
    """Return why a saved config takes no option of a group, and what to type instead.

    None if `group` is no group, or no saved config is named.
    """
    name, folder = (flag(typed(), *names) for names in _SAVED)
    chosen = [line.partition("=")[2] for line in typed() if line.startswith(f"{group}=")]
    folders = [where / group for where in (own_configs(), CONFIGS)]
    if not (name and folder and chosen and any(where.is_dir() for where in folders)):
        return None
    files = (where / f"{chosen[-1]}.yaml" for where in folders)
    file = next((file for file in files if file.is_file()), None)
    instead = _instead(group, file, Path(folder) / f"{name}.yaml")
    return (
        f"{name}.yaml is a whole config, which takes values and no options: {group} was chosen "
        f"when it was made; try {instead}"
    )


def _instead(group: str, option: Path | None, saved: Path) -> str:
    """Return the overrides that make the node of a group what another option makes of it."""
    text = "" if option is None else option.read_text()
    asked, known = _read(text), _read(saved.read_text()).get(group)
    is_plain = not any(mark in text for mark in ("defaults:", "@package", "${"))
    if option is None or not (asked and is_plain and isinstance(known, dict)):
        return f"the same option in the command that made it, or {group}.KEY=VALUE"
    gone = [f"~{group}.{key}" for key in known if key not in asked]
    lines = [
        quote_for_shell(write_override(f"{'' if key in known else '+'}{group}.{key}", value))
        for key, value in asked.items()
        if key not in known or known[key] != value
    ]
    return " ".join([*gone, *lines]) or f"the command without {group}={option.stem}, which it holds"


def _read(text: str) -> dict[str, Any]:
    node = OmegaConf.to_container(OmegaConf.create(text))
    assert isinstance(node, dict)
    return {str(key): value for key, value in node.items()}
