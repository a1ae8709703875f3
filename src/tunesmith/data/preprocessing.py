"""Turn raw rows of a table into numbers, by scikit-learn."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)

from tunesmith.data.columns import CATEGORY, DATE, NUMBER, Column
from tunesmith.data.dates import DateNumbers
from tunesmith.data.numbers import Style, missing_as_none, read_numbers

ONE_HOT, CODES = "onehot", "codes"
# Rarer categories share a column or a code; so do one-hot those unknown at training time.
MIN_ROWS_OF_CATEGORY = 5
MAX_CATEGORIES = 50


def make_preprocessing(
    columns: Sequence[Column],
    *,
    styles: Mapping[str, Style],
    decimal: str | None,
    categories: str = ONE_HOT,
) -> ColumnTransformer:
    """Return what turns raw rows into numbers, not yet fitted.

    Numbers get the median for what is missing, a column that says so, zero mean and unit variance.
    Categories get one column each, or are numbered; a missing one is a category of its own. Dates
    become four numbers. Columns that are left out are not read.

    Args:
        columns: What each column is.
        styles: How numbers were written in the columns that held them as text.
        decimal: The file's decimal mark.
        categories: "onehot" has a column for each category; "codes" a whole number, which is NaN
            for those unknown at training time.

    """
    names = {kind: [c.name for c in columns if c.kind == kind] for kind in (NUMBER, CATEGORY)}
    formats = {c.name: c.detail for c in columns if c.kind == DATE}
    written = {name: styles[name] for name in names[NUMBER] if name in styles}
    steps = [
        ("numbers", make_pipeline(Numbers(written, decimal), *_scaling()), names[NUMBER]),
        ("categories", _encoder(categories), names[CATEGORY]),
    ]
    if formats:
        steps.append(("dates", make_pipeline(DateNumbers(formats), *_scaling()), list(formats)))
    return ColumnTransformer(steps)


def coded_columns(preprocessing: ColumnTransformer) -> tuple[int, ...]:
    """Return which columns of x hold codes of categories, by a fitted preprocessing."""
    encoded = preprocessing.named_transformers_["categories"]
    if not isinstance(encoded, Pipeline) or not isinstance(encoded[-1], OrdinalEncoder):
        return ()
    where = preprocessing.output_indices_["categories"]
    return tuple(range(where.start, where.stop))


def _encoder(categories: str) -> Pipeline:
    encoder = (
        OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=np.nan,
            min_frequency=MIN_ROWS_OF_CATEGORY,
        )
        if categories == CODES
        else OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=MIN_ROWS_OF_CATEGORY,
            max_categories=MAX_CATEGORIES,
            sparse_output=False,
        )
    )
    return make_pipeline(FunctionTransformer(as_texts, feature_names_out="one-to-one"), encoder)


def _scaling() -> tuple[SimpleImputer, StandardScaler]:
    # keep_empty_features: a column may be missing in all of the training rows.
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return imputer, StandardScaler()


class Numbers(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turn columns into floats, those that hold numbers as text in the style of each.

    Args:
        styles: How the numbers of a column were written, by its name.
        decimal: The decimal mark of other columns, where rows hold these as text.

    """

    def __init__(self, styles: dict[str, Style], decimal: str | None) -> None:
        self.styles = styles
        self.decimal = decimal

    def fit(self, rows: pd.DataFrame, y: object = None) -> "Numbers":
        """Note the names of the columns."""
        self.feature_names_in_ = rows.columns.to_numpy(dtype=object)
        self.n_features_in_ = rows.shape[1]
        return self

    def transform(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the columns as floats; what is missing is NaN."""
        return rows.apply(
            lambda values: read_numbers(
                values, self.styles.get(str(values.name)), decimal=self.decimal
            )
        )


def as_floats(rows: pd.DataFrame) -> pd.DataFrame:
    """Return columns of numbers as floats."""
    return rows.astype("float64")


def as_texts(rows: pd.DataFrame) -> pd.DataFrame:
    """Return columns of categories as texts."""
    # object: a column of true and false holds no texts otherwise.
    told = rows.astype(object).apply(missing_as_none)
    return told.where(told.notna(), "missing").map(str)
