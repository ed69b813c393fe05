"""What every test shares: how generated tests look for counterexamples.

By default the same examples are drawn each time, so that a verdict on a commit is the same for
everybody and a red run is about the change at hand. Looking for new counterexamples is a job of its
own: CONTACTTOOLS_EXAMPLES=10000, as `make test-long` sets it, draws that many fresh ones for each
test and prints how to repeat a failure. A test that wants more or fewer than the others says so in
proportion, `@settings(max_examples=settings().max_examples * 5)`, and keeps obeying both.

Neither has a deadline: on a busy machine with two cores, one slow example proves nothing.
"""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],  # for the same reason as the deadline
)
settings.register_profile(
    "searching",
    settings.get_profile("repeatable"),
    derandomize=False,
    print_blob=True,
    max_examples=int(os.environ.get("CONTACTTOOLS_EXAMPLES") or 100),
)
settings.load_profile("searching" if os.environ.get("CONTACTTOOLS_EXAMPLES") else "repeatable")


@pytest.fixture(scope="session")
def _runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield folders for journals, one after the other; whoever writes one makes its folder."""
    root = tmp_path_factory.mktemp("runs")
    return (root / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _journals(_runs: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Journals go to a folder of the test's own: sandboxes of one seed are one site to them."""
    folder = next(_runs)
    monkeypatch.setenv("CONTACTTOOLS_RUNS", str(folder))
    monkeypatch.setenv("CONTACTTOOLS_KEY", str(folder.with_name("key")))
