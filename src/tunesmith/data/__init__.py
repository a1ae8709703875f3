"""Lightning data modules: the synthetic cubic problem, tables in files, and their base class.

The objective `Lightning` takes any LightningDataModule; `LightGBM` and `ScikitLearn` take a
subclass of `TabularDataModule`.
"""

from typing import TYPE_CHECKING

from tunesmith._lazy import load_from

if TYPE_CHECKING:
    from tunesmith.data.batches import TensorBatches
    from tunesmith.data.cubic import CubicDataModule
    from tunesmith.data.file import read_table
    from tunesmith.data.raw_rows import RawRows
    from tunesmith.data.table import TableDataModule
    from tunesmith.data.tabular import TabularDataModule
    from tunesmith.data.text_form import Form
    from tunesmith.data.typed_form import check_form
    from tunesmith.scores import Task

__all__ = [
    "CubicDataModule",
    "Form",
    "RawRows",
    "TableDataModule",
    "TabularDataModule",
    "Task",
    "TensorBatches",
    "check_form",
    "read_table",
]

# Late: only a table pays for pandas and scikit-learn.
__getattr__ = load_from(
    __name__,
    {
        "CubicDataModule": "cubic",
        "Form": "text_form",
        "RawRows": "raw_rows",
        "TableDataModule": "table",
        "TabularDataModule": "tabular",
        "Task": "tabular",
        "TensorBatches": "batches",
        "check_form": "typed_form",
        "read_table": "file",
    },
)
