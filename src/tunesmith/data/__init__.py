"""Data modules: the synthetic cubic problem, tables in files, and what they share."""

from typing import TYPE_CHECKING

from tunesmith._lazy import load_from

if TYPE_CHECKING:
    from tunesmith.data.batches import TensorBatches
    from tunesmith.data.cubic import CubicDataModule
    from tunesmith.data.table import TableDataModule
    from tunesmith.data.tabular import TabularDataModule

__all__ = ["CubicDataModule", "TableDataModule", "TabularDataModule", "TensorBatches"]

# Late: only a table pays for pandas and scikit-learn.
__getattr__ = load_from(
    __name__,
    {
        "CubicDataModule": "cubic",
        "TableDataModule": "table",
        "TabularDataModule": "tabular",
        "TensorBatches": "batches",
    },
)
