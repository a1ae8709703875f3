"""A table as users have them: numbers, categories, truth values, and some of them missing."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tunesmith.data import TableDataModule


def houses(n_rows: int = 100) -> pd.DataFrame:
    """Houses with a price; `area` and `style` are missing here and there."""
    rng = np.random.default_rng(1)
    area = rng.uniform(40, 200, n_rows)
    rooms = rng.integers(1, 7, n_rows)
    style = rng.choice(["brick", "wood", "glass"], n_rows)
    table = pd.DataFrame(
        {
            "area": area,
            "rooms": rooms,
            "style": style,
            "garden": rng.random(n_rows) < 0.5,
            "price": 1000 * (3 * area + 20 * rooms + 50 * (style == "glass")),
        }
    )
    table.loc[::10, "area"] = np.nan
    table.loc[5::15, "style"] = None
    return table


def module(path: Path, **changes: Any) -> TableDataModule:
    """The data module of a file, set up."""
    arguments: dict[str, Any] = {
        "path": str(path),
        "target": "price",
        "drop": [],
        "seed": 0,
        "val_fraction": 0.2,
        "test_fraction": 0.2,
        "batch_size": None,
        "encoding": None,
        "separator": None,
        "decimal": None,
    }
    data = TableDataModule(**{**arguments, **changes})
    data.setup("fit")
    return data
