"""What this package installs only where it is asked for."""

import sys
from importlib.util import find_spec
from pathlib import Path

# The packages of each extra that are imported.
EXTRAS = {
    "report": ("jinja2", "plotly", "sklearn"),
    "mlflow": ("mlflow",),
    "lightning": ("torch", "lightning"),
    "tables": ("pandas", "pyarrow", "sklearn", "charset_normalizer"),
    "excel": ("openpyxl",),
    "lightgbm": ("lightgbm",),
    "xgboost": ("xgboost",),
    "catboost": ("catboost",),
    "postgresql": ("psycopg",),
    "slurm": ("hydra_plugins.hydra_submitit_launcher",),
    "ray": ("hydra_plugins.hydra_ray_launcher",),
}
# What needs a whole extra, whichever of its packages is missed first.
_NEEDS = {
    "tunesmith.objectives.Lightning": "lightning",
    "tunesmith.objectives.LightGBM": "lightgbm",
}


def missing(extra: str) -> list[str]:
    """Return the packages of an extra that are not installed."""
    return [name for name in EXTRAS[extra] if name not in sys.modules and find_spec(name) is None]


def install_extra(extra: str) -> str:
    """Return the command that installs an extra: into the checkout where this is one.

    >>> install_extra("lightgbm")
    'pip install ...[lightgbm]"'

    """
    checkout = Path(__file__).resolve().parents[2]
    if not (checkout / "pyproject.toml").is_file():
        return f'pip install "tunesmith[{extra}]"'
    where = "." if checkout == Path.cwd() else checkout
    return f'pip install -e "{where}[{extra}]"'


def extra_of(package: str, *, target: str | None = None) -> str | None:
    """Return the extra that brings a package, None if none does.

    Args:
        package: Its name in an import.
        target: The dotted path of what needs it.

    """
    known = (extra for extra, packages in EXTRAS.items() if package in packages)
    extra = next(known, None)
    return extra and _NEEDS.get(target or "", extra)
