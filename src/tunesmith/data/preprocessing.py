"""Turn raw rows of a table into numbers, by scikit-learn."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)

from tunesmith.data.columns import CATEGORY, DATE, NUMBER, Column
from tunesmith.data.dates import PARTS, DateNumbers
from tunesmith.data.numbers import Style, missing_as_none, read_numbers

ONE_HOT, CODES = "onehot", "codes"
# Rarer categories share a column or a code; so do one-hot those unknown at training time.
MIN_ROWS_OF_CATEGORY = 5
MAX_CATEGORIES = 50
MISSING = "missing"
# How many numbers of a row are fitted together.
N_AT_ONCE = 8


def fit_preprocessing(
    features: pd.DataFrame,
    rows: np.ndarray[Any, Any],
    columns: Sequence[Column],
    *,
    styles: Mapping[str, Style],
    decimal: str | None,
    categories: str = ONE_HOT,
) -> ColumnTransformer:
    """Return what turns raw rows into numbers, fitted a few columns at a time.

    Numbers get the median for what is missing, a column that says so, zero mean and unit variance.
    Categories get one column each, or are numbered; a missing one is a category of its own. Dates
    become four numbers. Columns that are left out are not read.

    Args:
        features: Raw rows.
        rows: The numbers of those to fit on.
        columns: What each column is.
        styles: How numbers were written in the columns that held them as text.
        decimal: The file's decimal mark.
        categories: "onehot" has a column for each category; "codes" a whole number, which is NaN
            for those unknown at training time.

    """
    names = {kind: [c.name for c in columns if c.kind == kind] for kind in (NUMBER, CATEGORY)}
    formats = {c.name: c.detail for c in columns if c.kind == DATE}
    written = {name: styles[name] for name in names[NUMBER] if name in styles}
    numbers = Numbers(written, decimal)
    steps = [
        ("numbers", _fitted_numbers(features, rows, names[NUMBER], numbers)),
        ("categories", _encoder(categories)),
    ]
    if names[CATEGORY]:
        steps[1][1].fit(_telling_rows(features[names[CATEGORY]].iloc[rows]))
    if formats:
        steps.append(("dates", _fitted_dates(features, rows, formats)))
    of_step = {"numbers": names[NUMBER], "categories": names[CATEGORY], "dates": list(formats)}
    # All of what they return at once would take as much memory as the table.
    whole = ColumnTransformer([(name, FrozenEstimator(s), of_step[name]) for name, s in steps])
    return whole.fit(features.iloc[rows[:1]])


def _fitted_numbers(
    features: pd.DataFrame, rows: np.ndarray[Any, Any], names: Sequence[str], numbers: "Numbers"
) -> Pipeline:
    if not names:
        return make_pipeline(numbers, *_scaling())
    scaled = _fitted_scaling(features, rows, [(own, clone(numbers)) for own in _groups(names)])
    # Names alone are learned.
    return make_pipeline(numbers.fit(features[list(names)].iloc[:0]), scaled)


def _fitted_dates(
    features: pd.DataFrame, rows: np.ndarray[Any, Any], formats: Mapping[str, str]
) -> Pipeline:
    parts = [
        (own, _date_numbers({name: formats[name] for name in own}))
        for own in _groups(list(formats), numbers_each=len(PARTS))
    ]
    scaled = _fitted_scaling(features, rows, parts)
    return make_pipeline(_date_numbers(formats).fit(features[list(formats)].iloc[rows]), scaled)


def _date_numbers(formats: Mapping[str, str]) -> DateNumbers:
    # With names: what follows knows its columns by them.
    numbers: DateNumbers = DateNumbers(dict(formats)).set_output(transform="pandas")
    return numbers


def _groups(names: Sequence[str], *, numbers_each: int = 1) -> list[list[str]]:
    width = N_AT_ONCE // numbers_each
    return [list(names[i : i + width]) for i in range(0, len(names), width)]


def _fitted_scaling(
    features: pd.DataFrame, rows: np.ndarray[Any, Any], groups: Sequence[tuple[list[str], Any]]
) -> Any:
    """Return what fills and scales numbers, fitted on those that each group's columns become."""
    parts = []
    for names, step in groups:
        read = step.fit_transform(features[names].iloc[rows])
        parts.append((list(read.columns), make_pipeline(*_scaling()).fit(read)))
    return InGroups(parts) if len(parts) > 1 else parts[0][1]


def _telling_rows(raw: pd.DataFrame) -> pd.DataFrame:
    """Return rows of categories that tell an encoder as much as all of them do.

    It counts texts one by one, which takes long, to find out which of them are rare.
    """
    is_needed = np.zeros(len(raw), dtype=bool)
    for _, values in raw.items():
        codes, kinds = pd.factorize(values)
        if len(kinds) >= MAX_CATEGORIES:
            return raw  # Which are the most frequent, only all tell.
        is_needed |= pd.Series(codes).groupby(codes).cumcount().lt(MIN_ROWS_OF_CATEGORY).to_numpy()
    return raw[is_needed]


def coded_columns(preprocessing: ColumnTransformer) -> tuple[int, ...]:
    """Return which columns of x hold codes of categories, by a fitted preprocessing."""
    [encoder] = [step for name, step, _ in preprocessing.transformers if name == "categories"]
    if not isinstance(encoder[-1], OrdinalEncoder):
        return ()
    where = preprocessing.output_indices_["categories"]
    return tuple(range(where.start, where.stop))


def inputs_of(preprocessing: ColumnTransformer) -> dict[str, list[int]]:
    """Return which columns of x are made of each raw column, by a fitted preprocessing."""
    found: dict[str, list[int]] = {str(name): [] for name in preprocessing.feature_names_in_}
    of_kind = {"numbers": _of_numbers, "categories": _of_categories, "dates": _of_dates}
    for kind, step, names in preprocessing.transformers:
        first = preprocessing.output_indices_[kind].start
        made_of = of_kind[kind](step, list(names)) if len(names) else []
        for number, name in enumerate(made_of, start=first):
            found[name].append(number)
    return found


def _of_numbers(step: Any, names: list[str]) -> list[str]:
    scaled = step[-1]
    parts = scaled.parts if isinstance(scaled, InGroups) else [(names, scaled)]
    return [*names, *chain.from_iterable(_missing(own, part[0]) for own, part in parts)]


def _of_dates(step: Any, names: list[str]) -> list[str]:
    columns = (name for name in names for _ in PARTS)
    made_of = dict(zip(step[0].get_feature_names_out(), columns, strict=True))
    return [made_of[number] for number in _of_numbers(step, list(made_of))]


def _missing(names: Sequence[str], imputer: SimpleImputer) -> list[str]:
    """Return of which columns an imputer says in one more whether they are missing."""
    return [names[i] for i in imputer.indicator_.features_]


def _of_categories(step: Any, names: list[str]) -> list[str]:
    encoder = step[-1]
    if isinstance(encoder, OrdinalEncoder):
        return names
    found = []
    rares = encoder.infrequent_categories_
    for name, kinds, rare in zip(names, encoder.categories_, rares, strict=True):
        n_rare = 0 if rare is None else len(rare)
        # Rare ones share a column.
        found += [name] * (len(kinds) - n_rare + (n_rare > 0))
    return found


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


class InGroups(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Transformers of a few columns each as one: first their columns, then what else they return.

    Args:
        parts: The names of columns, and a fitted transformer that returns these and may add more.

    """

    def __init__(self, parts: list[tuple[list[str], Any]]) -> None:
        self.parts = parts

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, rows: pd.DataFrame, y: object = None) -> "InGroups":
        """Do nothing: the transformers are fitted."""
        return self

    def transform(self, rows: pd.DataFrame) -> np.ndarray[Any, Any]:
        """Return the columns of all groups, and then what the transformers add, (n, n_features)."""
        found = [step.transform(rows[names]) for names, step in self.parts]
        own = [x[:, : len(names)] for (names, _), x in zip(self.parts, found, strict=True)]
        more = [x[:, len(names) :] for (names, _), x in zip(self.parts, found, strict=True)]
        return np.hstack([*own, *more])

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray[Any, Any]:
        """Return the names in the same order."""
        found = [list(step.get_feature_names_out(names)) for names, step in self.parts]
        own = [x[: len(names)] for (names, _), x in zip(self.parts, found, strict=True)]
        more = [x[len(names) :] for (names, _), x in zip(self.parts, found, strict=True)]
        return np.array(list(chain.from_iterable([*own, *more])), dtype=object)


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
        if all(map(is_numeric_dtype, rows.dtypes)):
            return as_floats(rows)
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
    return pd.DataFrame({name: _as_text(values) for name, values in rows.items()}, rows.index)


def _as_text(values: pd.Series) -> pd.Series:
    # Each text once: a table has few, and many rows.
    codes, kinds = pd.factorize(values)
    told = missing_as_none(pd.Series(kinds, dtype=object))
    texts = [str(kind) for kind in told.where(told.notna(), MISSING)]
    # What is missing has the code -1.
    found = np.array([*texts, MISSING], dtype=object)[codes]
    return pd.Series(found, index=values.index, dtype=object)
