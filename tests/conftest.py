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
from typing import Any

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


_TOGETHER = ("tests/browser", "tests/sdk")  # each shares a server


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:
    """Give each worker whole files, or folders whose tests share a server."""
    if config.getvalue("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - only where it is in use

    class ByFile(LoadScopeScheduling):
        """What belongs together is named by its path."""

        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.split("::", 1)[0]
            return next((each for each in _TOGETHER if path.startswith(f"{each}/")), path)

    return ByFile(config, log)


@pytest.fixture(scope="session")
def _runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield folders for journals, one after the other; whoever writes one makes its folder."""
    root = tmp_path_factory.mktemp("runs")
    return (root / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _journals(_runs: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Journals and stages go to folders of the test's own: sandboxes of a seed are one site."""
    folder = next(_runs)
    monkeypatch.setenv("CONTACTTOOLS_RUNS", str(folder))
    monkeypatch.setenv("CONTACTTOOLS_STAGES", str(folder.with_name(f"{folder.name}-stages")))
    monkeypatch.setenv("CONTACTTOOLS_KEY", str(folder.with_name("key")))
