"""What is written in Hydra's grammar is read back by Hydra as the very same value."""

import math
import subprocess

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra_plugins.hydra_optuna_sweeper._impl import create_params_from_overrides
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from tunesmith.overrides import write_for_shell, write_override, write_sweep

TEXTS = [
    *("relu", "a/b.c", "a-b", "_", "", " ", " lead", "trail ", "a b", "\t", "a\nb"),
    *("a,b", "{a}", "[a]", "(a)", "a:b", "a=b", "choice(a,b)", "#1", "?", "*", "@", "~a", "+a"),
    *("it's", 'say "hi"', "both ' and \"", "\\", "a\\", "a\\b", "\\'", "x\\,y", "x\\\\"),
    *("$x", "$(date)", "`date`", "!!", "${seed}", "é", "日本"),
    *("null", "None", "True", "false", "nan", "NaN", "inf", "-inf", "1", "-1", "1e3", "1_0", ".5"),
]
NUMBERS = [0, -3, 10**20, 0.0, -0.5, 0.01, 1e-05, 1e22, 5e-324, math.inf, -math.inf, math.nan]
KEYS = [
    *("a", "a_b", "a-b", "a.b", "a/b", "1a", "a b", "a1", " a", "a ", "a,b", "a:b", "a=b"),
    *(
        "{a}",
        "[a]",
        "(a)",
        "a\\b",
        "a\\",
        "a\tb",
        "$a",
        "a@b",
        "%",
        "None",
        "1.2.3",
        "01",
        "1__0",
        "-",
        "e5",
    ),
]
NESTED = [
    *([], [1, 2], [[8, 8], [16]], ["a,b", "null", None, True], {}, {"a": {"b": [1, "x y"]}}),
    *({1: "one", 2: "two"}, {True: 1}, {None: 1}, {1.5: 2}, [{"a": 1}, {"b c": "d'e"}]),
]
VALUES = [None, True, False, *NUMBERS, *TEXTS, *NESTED, *({key: 1} for key in KEYS)]
UNWRITABLE_KEYS = [
    *("", "é", "it's", '"', "#", "a\nb", "a${b}"),
    *("1", "-1", "1e3", "1.", "1_0", "null", "True", "nan"),
]


def same(one: object, other: object) -> bool:
    """Whether two values are equal, of the same types all the way down, and NaN is NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one), list(other)) and same(list(one.values()), list(other.values()))
    return one == other or one != one


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_hydra_reads_back_the_very_same_value(value: object) -> None:
    override = OverridesParser.create().parse_override(write_override("key", value))
    assert override.key_or_group == "key"
    assert not override.is_sweep_override()
    assert same(override.value(), value)


def test_a_tuple_is_written_as_the_list_that_hydra_knows() -> None:
    assert write_override("key", (1, (2,))) == "key=[1,[2]]"


@pytest.mark.parametrize("key", UNWRITABLE_KEYS)
def test_a_key_that_hydra_would_read_as_something_else_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="cannot write the key"):
        write_override("key", {key: 1})


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_shell_hands_hydra_the_very_same_value(value: object) -> None:
    typed = f"printf '%s\\n' {write_for_shell('key', value)}"
    done = subprocess.run(["sh", "-c", typed], capture_output=True, text=True, check=True)
    [override] = OverridesParser.create().parse_overrides([done.stdout.removesuffix("\n")])
    assert same(override.value(), value)


@pytest.mark.parametrize(
    ("value", "typed"),
    [("a.csv", "data.path=a.csv"), ("a b.csv", "'data.path=\"a b.csv\"'"), (0.1, "data.path=0.1")],
)
def test_a_value_is_quoted_for_the_shell_only_where_it_must_be(value: object, typed: str) -> None:
    assert write_for_shell("data.path", value) == typed


@pytest.mark.parametrize(
    "dist",
    [
        IntDistribution(1, 4),
        IntDistribution(-3, 4),
        IntDistribution(5, 5),
        IntDistribution(1, 400, log=True),
        IntDistribution(2, 8, step=2),
        IntDistribution(3, 3, step=2),
        IntDistribution(-9, 9, step=3),
        FloatDistribution(1e-5, 1e-1, log=True),
        FloatDistribution(1.0, 4.0),
        FloatDistribution(-5.5, 5e20),
        FloatDistribution(0.1, 1.0, step=0.1),
        FloatDistribution(0.0, 1.0, step=0.001),
        FloatDistribution(0.5, 0.5),
        FloatDistribution(0.5, 0.5, step=0.1),
        FloatDistribution(1.0, 4.0, step=1.0),
        FloatDistribution(1e-12, 1e-11, step=1e-12),
        FloatDistribution(1e16, 1e17, step=1e16),
        CategoricalDistribution(["sgd", "adam"]),
        CategoricalDistribution([16, 32, 0.5]),
        CategoricalDistribution([True, False]),
        CategoricalDistribution([1, 1.0]),
        CategoricalDistribution([math.inf, -0.5]),
        CategoricalDistribution(["1", "x"]),
        CategoricalDistribution(TEXTS),
    ],
    ids=repr,
)
def test_the_stock_plug_in_reads_back_the_very_same_distribution(dist: BaseDistribution) -> None:
    space, fixed, _ = create_params_from_overrides([f"key={write_sweep(dist)}"])
    assert (space, fixed) == ({"key": dist}, {})
    if isinstance(dist, CategoricalDistribution):
        assert same(list(space["key"].choices), list(dist.choices))


@pytest.mark.parametrize("choices", [[None, "relu"], [None, 0.5, "None", "null", True, "a,b", ""]])
def test_choices_with_none_become_jobs_with_the_very_same_values(
    choices: list[bool | float | str | None],
) -> None:
    # The stock plug-in keeps the text of such choices: it is its jobs that have the values.
    parser = OverridesParser.create()
    sweep = parser.parse_override(f"key={write_sweep(CategoricalDistribution(choices))}")
    jobs = [f"key={text}" for text in sweep.sweep_string_iterator()]
    assert same([job.value() for job in parser.parse_overrides(jobs)], choices)


class Unknown(BaseDistribution):
    """A distribution that is none of Optuna's own."""

    def to_internal_repr(self, param_value_in_external_repr: float) -> float:
        return param_value_in_external_repr

    def single(self) -> bool:
        return False

    def _contains(self, param_value_in_internal_repr: float) -> bool:
        return True


def test_a_distribution_without_a_sweep_is_refused() -> None:
    with pytest.raises(ValueError, match="leave this parameter out of the new space"):
        write_sweep(Unknown())
