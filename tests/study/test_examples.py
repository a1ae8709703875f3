"""The examples in the docstrings of the public names run as they stand."""

import doctest
import importlib
import pkgutil

import pytest

from tunesmith import study

MODULES = [module.name for module in pkgutil.walk_packages(study.__path__, "tunesmith.study.")]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
