"""A value is refused in one line: what came, what was expected, what to type instead."""

import math

import pytest

from tunesmith.errors import InvalidArgument
from tunesmith.validate import require_choice, require_integer, require_positive


@pytest.mark.parametrize("value", [1, 2, 10**20])
def test_an_integer_of_at_least_the_minimum_passes(value: object) -> None:
    require_integer("n_layers", value, minimum=1, example=2)


@pytest.mark.parametrize("value", [0, -1, 1.0, math.inf, True, False, "1", None, [1]])
def test_any_other_value_is_no_such_integer(value: object) -> None:
    with pytest.raises(InvalidArgument) as refused:
        require_integer("n_layers", value, minimum=1, example=2)
    assert str(refused.value) == (
        f"n_layers must be an integer of at least 1, got {value!r}; try n_layers=2"
    )


def test_an_optional_integer_may_be_none_and_nothing_else() -> None:
    require_integer("batch_size", None, minimum=1, example=256, optional=True)
    with pytest.raises(InvalidArgument, match="batch_size must be an integer of at least 1, got 0"):
        require_integer("batch_size", 0, minimum=1, example=256, optional=True)


@pytest.mark.parametrize("value", [5e-324, 0.5, 3, 1e300])
def test_a_positive_number_passes(value: object) -> None:
    require_positive("timeout", value, example=60)


@pytest.mark.parametrize("value", [0, 0.0, -1, math.inf, -math.inf, math.nan, True, "1", None])
def test_any_other_value_is_no_positive_number(value: object) -> None:
    with pytest.raises(InvalidArgument) as refused:
        require_positive("timeout", value, example=60)
    assert str(refused.value) == f"timeout must be a positive number, got {value!r}; try timeout=60"


def test_a_known_choice_passes() -> None:
    require_choice("activation", "relu", ("relu", "tanh"))


@pytest.mark.parametrize("value", ["rleu", "RELU", 3, None, True])
def test_an_unknown_choice_is_refused_with_the_known_ones(value: object) -> None:
    with pytest.raises(InvalidArgument, match="activation must be one of relu, tanh, got") as found:
        require_choice("activation", value, ("relu", "tanh"))
    assert str(found.value).endswith("; try activation=relu")


@pytest.mark.parametrize("value", [[], ["relu"], {}, {"relu": 1}])
def test_a_value_that_has_no_hash_is_no_choice(value: object) -> None:
    with pytest.raises(InvalidArgument, match="activation must be one of relu, tanh, got"):
        require_choice("activation", value, {"relu": 1, "tanh": 2})


def test_an_argument_is_named_within_its_group_in_the_way_out_too() -> None:
    refused = InvalidArgument("path", "a file", "a.csv", "a b.csv", detail="which is a folder")
    assert str(refused.within("data")) == (
        "data.path must be a file, got 'a.csv', which is a folder; try 'data.path=\"a b.csv\"'"
    )
    sentence = InvalidArgument("path", "a file", "a.csv", way_out="name another file")
    assert str(sentence.within("data")) == (
        "data.path must be a file, got 'a.csv'; name another file"
    )
