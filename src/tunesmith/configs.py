"""Where the configs of this package lie, and how any train.py comes to use them."""

from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

# Inside the package where it is installed, at the top of the repository in a checkout.
_INSTALLED = Path(__file__).resolve().with_name("conf")
CONFIGS = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).resolve().parents[2] / "conf"


class ShippedConfigs(SearchPathPlugin):
    """Let a train.py of any folder use the configs of this package, after those of its own."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append the package's configs."""
        search_path.append("tunesmith", f"file://{CONFIGS}")


def register_group(group: str) -> None:
    """Give every Hydra app the options of one group, without the rest of the configs."""
    for path in sorted((CONFIGS / group).glob("*.yaml")):
        node = OmegaConf.load(path)
        ConfigStore.instance().store(group=group, name=path.stem, node=node)
