"""Each public name shows an example, and it runs."""

import doctest
import importlib

import pytest

import textgen


@pytest.mark.parametrize("name", [name for name in textgen.__all__ if name != "__version__"])
def test_example_of_a_public_name_runs(name: str) -> None:
    public = getattr(textgen, name)
    module = importlib.import_module(public.__module__)
    (example,) = doctest.DocTestFinder(recurse=False).find(public, name, module)
    assert example.examples, f"{name} shows no example"
    results = doctest.DocTestRunner(verbose=False).run(example)
    assert results.failed == 0
