"""Fixtures of the browser tests: one JupyterLab and one Chromium per session, a page per notebook.

`open_notebook` is the one a test asks for. Whatever the test itself looks at, at its end the page
has raised no error and has asked nothing of any other machine.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browser import chromium
from browser.lab import SCREENSHOTS, Lab, Notebook, serve
from playwright.sync_api import BrowserContext, Page, Route, WebSocket, expect, sync_playwright

HERE = Path(__file__).parent
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

# What is expected comes when it comes: on a busy machine a commit alone may take ten seconds.
expect.set_options(timeout=60_000)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the tests of this folder."""
    item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Take a picture of every open page when a test fails, while there is something to see."""
    report = yield
    if report.when == "call" and report.failed:
        module = item.getparent(pytest.Module)
        shared = module.stash.get(OPENED, []) if module else []
        for number, notebook in enumerate([*item.stash.get(OPENED, []), *shared]):
            picture = notebook.screenshot(f"failed-{item.name}-{number}")
            report.sections.append(("screenshot", str(picture)))
    return report


OPENED = pytest.StashKey[list[Notebook]]()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The browser, or a skip that says how to get one."""
    return chromium.find() or pytest.skip(chromium.MISSING)


@pytest.fixture(scope="session")
def lab(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab over a copy of notebooks/, with this interpreter as its kernel."""
    notebooks = HERE.parents[1] / "notebooks"
    with serve(tmp_path_factory.mktemp("lab"), notebooks) as running:
        yield running


@pytest.fixture(scope="session")
def outward() -> list[str]:
    """Every address beyond this machine that a page asked for; all are refused."""
    return []


@pytest.fixture(scope="session")
def browser_context(
    chromium_path: str, outward: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrowserContext]:
    """A fresh Chromium that reaches nothing but this machine."""

    def allow_or_refuse(route: Route) -> None:
        url = urlsplit(route.request.url)
        if url.scheme in {"data", "blob"} or url.hostname in LOOPBACK:
            route.continue_()
        else:
            outward.append(route.request.url)
            route.abort()

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("chromium"),
            executable_path=chromium_path,
            headless=True,
            viewport={"width": 1280, "height": 1000},
            service_workers="block",  # what they ask for would not be seen
            args=[
                "--no-sandbox",  # containers have none to offer; only our own pages are opened
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-dev-shm-usage",  # containers have too little of it
                # Requests that pass by the route below, the browser's own, find no host either.
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
            ],
        )
        context.route("**/*", allow_or_refuse)
        yield context
        context.close()


@pytest.fixture
def open_notebook(
    request: pytest.FixtureRequest,
    lab: Lab,
    browser_context: BrowserContext,
    outward: list[str],
) -> Iterator[Callable[[str], Notebook]]:
    """Open a notebook, by its path below the root of `lab`, in a page of its own."""
    with _opening(lab, browser_context, outward, request.node.stash) as open_one:
        yield open_one


@pytest.fixture(scope="module")
def open_for_all(
    request: pytest.FixtureRequest,
    lab: Lab,
    browser_context: BrowserContext,
    outward: list[str],
) -> Iterator[Callable[[str], Notebook]]:
    """Open a notebook whose page and kernel the tests of a module share."""
    with _opening(lab, browser_context, outward, request.node.stash) as open_one:
        yield open_one


@contextmanager
def _opening(
    lab: Lab, context: BrowserContext, outward: list[str], stash: pytest.Stash
) -> Iterator[Callable[[str], Notebook]]:
    opened = stash.setdefault(OPENED, [])
    outward.clear()

    def open_one(
        path: str, app: str = "lab", before: Callable[[Page], None] = lambda _: None
    ) -> Notebook:
        page = context.new_page()
        before(page)
        page.on("websocket", note_if_outward)
        notebook = Notebook(lab, page, path, app)
        opened.append(notebook)
        notebook.open()
        return notebook

    def note_if_outward(websocket: WebSocket) -> None:
        if urlsplit(websocket.url).hostname not in LOOPBACK:
            outward.append(websocket.url)

    SCREENSHOTS.mkdir(exist_ok=True)
    yield open_one
    raised = [error for notebook in opened for error in notebook.page_errors]
    for notebook in opened:
        notebook.close()
    assert raised == []
    assert outward == []
