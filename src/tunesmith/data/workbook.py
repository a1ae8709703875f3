"""Read one sheet of a workbook."""

from pathlib import Path

import pandas as pd

from tunesmith.data.numbers import MARKERS
from tunesmith.errors import InvalidArgument
from tunesmith.extras import install_extra, missing

SUFFIX = ".xlsx"


def read_sheet(path: Path, *, sheet: str | None) -> tuple[pd.DataFrame, str]:
    """Return a sheet's table and its name.

    Args:
        path: An .xlsx file.
        sheet: The sheet; None for the only one.

    Raises:
        InvalidArgument: There are several, or none of that name, or what reads them is missing.

    """
    if missing("excel"):
        raise InvalidArgument(
            "path",
            "a file that can be read here",
            str(path),
            detail="which needs the package openpyxl",
            way_out=f"type {install_extra('excel')}",
        )
    with pd.ExcelFile(path, engine="openpyxl") as book:
        names = [str(name) for name in book.sheet_names]
        if (sheet is None and len(names) > 1) or (sheet is not None and str(sheet) not in names):
            raise InvalidArgument(
                "sheet", f"one of the sheets {', '.join(map(repr, names))}", sheet, names[0]
            )
        chosen = names[0] if sheet is None else str(sheet)
        return pd.read_excel(book, sheet_name=chosen, na_values=list(MARKERS)), chosen
