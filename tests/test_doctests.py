"""The examples in the package's docstrings run as they stand there, on the sandbox."""

import doctest
import importlib
import pkgutil

import pytest

import contacttools as ct

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(ct.__path__, "contacttools.")
    if not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", MODULES)
def test_every_example_runs(name):
    """As a notebook begins, so do the examples: `import contacttools as ct`."""
    module = importlib.import_module(name)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    done = doctest.testmod(module, extraglobs={"ct": ct}, optionflags=flags)
    assert not done.failed
