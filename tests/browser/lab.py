"""Drive a real JupyterLab: `Lab` is the server, `Notebook` one notebook open in a browser page."""

import ast
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import nbformat
from axe_playwright_python.sync_playwright import Axe
from jupyter_client.blocking import BlockingKernelClient
from playwright.sync_api import ConsoleMessage, Error, Locator, Page

SCREENSHOTS = Path(__file__).parent / "screenshots"
SECOND = 1000  # Playwright counts milliseconds

KERNEL_IS_IDLE = """() => {
    const context = window.jupyterapp?.shell.currentWidget?.sessionContext;
    return Boolean(context?.isReady && context.session?.kernel?.status === 'idle');
}"""
# The command's promise is not awaited here, since that could not be given a time limit.
RUN_ALL = """() => {
    window.allCellsRan = false;
    window.jupyterapp.commands.execute('notebook:run-all-cells')
        .finally(() => { window.allCellsRan = true; });
}"""
# A cell that is meant to raise carries the tag by which Jupyter itself goes on after it.
ERRORS_SHOWN = """() => window.jupyterapp.shell.currentWidget.content.widgets.flatMap(
    ({model}) => model.type !== 'code' || model.getMetadata('tags')?.includes('raises-exception')
        ? []
        : model.outputs.toJSON().filter(output => output.output_type === 'error')
            .map(output => `${output.ename}: ${output.evalue}`))"""
#: What Notebook 7 raises by itself, on any page.
_NOTEBOOKS_OWN = ("reading 'schema'", "'filebrowser:open-path' not registered")
THEME = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
CELLS_NOT_RUN = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .filter(({model}) => model.type === 'code' && model.executionCount === null)
    .map(({model}) => model.sharedModel.getSource()).filter(source => source.trim())"""


#: A cell that ends in the workbench, with names for what is looked at.
BENCH = """
import contacttools as ct

site = ct.connect()
bench = ct.workbench(site)
stage = bench.stage
ids = list(stage.contacts)
bench
"""


@dataclass(frozen=True)
class Lab:
    """A JupyterLab server that knows nothing of its user's settings."""

    url: str
    token: str
    root: Path  # where its notebooks are
    runtime: Path  # where it says how to reach its kernels

    def address(self, notebook: str, app: str = "lab") -> str:
        """Return where `notebook`, a path below the root, opens by itself: in Lab or Notebook 7."""
        where = "lab/tree" if app == "lab" else "notebooks"
        return f"{self.url}/{where}/{notebook}?token={self.token}&reset"

    def write(self, notebook: str, *cells: str) -> str:
        """Write a notebook of code cells below the root and return its path there."""
        content = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(content, self.root / notebook)
        return notebook

    def kernel(self, notebook: str) -> Path:
        """Return the connection file of the kernel of an open notebook."""
        (kernel,) = (
            session["kernel"]["id"]
            for session in self._ask("GET", "sessions").json()
            if session["path"] == notebook
        )
        return self.runtime / f"kernel-{kernel}.json"

    def close(self, notebook: str) -> None:
        """Shut the kernel of a notebook down."""
        for session in self._ask("GET", "sessions").json():
            if session["path"] == notebook:
                self._ask("DELETE", f"sessions/{session['id']}")

    def _ask(self, method: str, what: str) -> httpx.Response:
        return httpx.request(
            method,
            f"{self.url}/api/{what}",
            headers={"Authorization": f"token {self.token}"},
            timeout=30,
            trust_env=False,  # no proxy stands between two programmes on one machine
        ).raise_for_status()


@contextmanager
def serve(folder: Path, notebooks: Path) -> Iterator[Lab]:
    """Run JupyterLab over a copy of `notebooks`, with everything it writes below `folder`."""
    root = folder / "notebooks"
    if notebooks.is_dir():
        shutil.copytree(notebooks, root, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    else:
        root.mkdir(parents=True)
    environment = {
        **os.environ,
        "CONTACTTOOLS_KEY": str(folder / "key"),
        "CONTACTTOOLS_RUNS": str(folder / "runs"),
        "CONTACTTOOLS_STAGES": str(folder / "stages"),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    news = folder / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lab = Lab(f"http://127.0.0.1:{port}", secrets.token_hex(16), root, folder / "runtime")
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser"),
        *(["--allow-root"] if os.geteuid() == 0 else []),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={lab.token}",
        f"--ServerApp.root_dir={root}",
        "--ServerApp.terminals_enabled=False",
        "--ServerApp.shutdown_no_activity_timeout=900",  # should nobody live to stop it
        "--LabApp.expose_app_in_browser=True",
        "--JupyterNotebookApp.expose_app_in_browser=True",  # the same server has both
        "--LabApp.extension_manager=readonly",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    log = folder / "jupyterlab.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_up(lab, server, log)
        yield lab
    finally:
        _stop(lab, server)


def _wait_until_up(lab: Lab, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        try:
            lab._ask("GET", "status")
        except httpx.HTTPError:
            try:
                server.wait(timeout=0.1)
            except subprocess.TimeoutExpired:
                continue
            break
        return
    message = f"JupyterLab did not come up:\n{log.read_text()}"
    raise RuntimeError(message)


def _stop(lab: Lab, server: subprocess.Popen[bytes]) -> None:
    """Ask the server to end its kernels and itself; then no longer ask."""
    try:
        lab._ask("POST", "shutdown")
        server.wait(timeout=15)
    except (httpx.HTTPError, subprocess.TimeoutExpired):
        pass
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, sign)
            server.wait(timeout=10)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    server.wait()


@dataclass
class Notebook:
    """A notebook open in JupyterLab, seen through its page and through its kernel."""

    lab: Lab
    page: Page
    path: str
    app: str = "lab"  # or "notebook", for Notebook 7
    page_errors: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    _client: BlockingKernelClient | None = None

    def __post_init__(self) -> None:
        self.page.on("pageerror", self._note_page_error)
        self.page.on("console", self._note_console)

    def _note_page_error(self, error: Error) -> None:
        own = self.app == "notebook" and any(each in str(error) for each in _NOTEBOOKS_OWN)
        if not own:
            self.page_errors.append(str(error))

    def _note_console(self, message: ConsoleMessage) -> None:
        self.console.append(f"{message.type}: {message.text}")

    @property
    def output(self) -> Locator:
        """What the cells show: look for a form's parts in here, and never find the toolbar's."""
        return self.page.locator(".jp-Notebook .jp-OutputArea")

    def open(self, timeout: float = 60) -> None:
        """Go to the notebook and wait for its kernel."""
        self.page.goto(self.lab.address(self.path, self.app), timeout=timeout * SECOND)
        self.page.wait_for_function(KERNEL_IS_IDLE, timeout=timeout * SECOND)

    def run_all(self, timeout: float = 120) -> None:
        """Run every cell, wait for the last, and complain of any that raised or did not run."""
        self.page.evaluate(RUN_ALL)
        self.page.wait_for_function("() => window.allCellsRan", timeout=timeout * SECOND)
        raised, not_run = self.page.evaluate(ERRORS_SHOWN), self.page.evaluate(CELLS_NOT_RUN)
        assert not raised, f"{self.path} raised {raised}"
        assert not not_run, f"{self.path} never ran {not_run}"
        self.wait_until_idle()

    def wait_until_idle(self, timeout: float = 60) -> None:
        """Wait until the kernel rests."""
        self.page.wait_for_function(KERNEL_IS_IDLE, timeout=timeout * SECOND)

    def evaluate(self, expression: str, timeout: float = 30) -> Any:
        """Return what a Python expression is worth in the kernel, as it passes through JSON.

        It waits its turn behind a running cell. It never asks the client to `wait_for_ready`,
        which reads output until there is none: with a progress bar, until the work ends.
        """
        client = self._connected()
        asked = client.execute(
            "",
            silent=True,
            store_history=False,
            user_expressions={"it": f"__import__('json').dumps({expression}, default=str)"},
        )
        while (reply := client.get_shell_msg(timeout=timeout))["parent_header"]["msg_id"] != asked:
            pass
        answer = reply["content"]["user_expressions"]["it"]
        if answer["status"] == "error":
            message = f"{expression} raised {answer['ename']}: {answer['evalue']}"
            raise AssertionError(message)
        # The kernel answers with the repr of the JSON text, and that is a Python literal.
        return json.loads(ast.literal_eval(answer["data"]["text/plain"]))

    def wait_for(self, expression: str, expected: Any, timeout: float = 20) -> None:
        """Wait until a Python expression in the kernel is worth `expected`."""
        deadline = time.monotonic() + timeout
        while (actual := self.evaluate(expression)) != expected and time.monotonic() < deadline:
            self.page.wait_for_timeout(50)  # lets the page's own events through, too
        assert expected == actual, f"{expression} is still {actual!r}, not {expected!r}"

    def screenshot(self, name: str) -> Path:
        """Take a picture of the page into tests/browser/screenshots and return its path."""
        path = SCREENSHOTS / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)}.png"
        self.page.screenshot(path=path)
        return path

    def theme(self, name: str) -> None:
        """Show JupyterLab in "Light" or "Dark"."""
        self.page.evaluate(THEME, f"JupyterLab {name}")

    def broken_rules(self, selector: str) -> list[tuple[str, list[str]]]:
        """Return the rules of accessibility that are broken there, each with its first places."""
        found = Axe().run(self.page, selector, options={"resultTypes": ["violations"]}).response
        return [
            (each["id"], [node["html"][:300] for node in each["nodes"][:3]])
            for each in found["violations"]
        ]

    def close(self) -> None:
        """Let go of the kernel, shut it down, and close the page."""
        if self._client:
            self._client.stop_channels()
        self.page.close()
        self.lab.close(self.path)

    def _connected(self) -> BlockingKernelClient:
        if self._client is None:
            self._client = BlockingKernelClient(connection_file=str(self.lab.kernel(self.path)))
            self._client.load_connection_file()
            # Only what `evaluate` needs: each channel costs sockets, and a heart beat a thread.
            self._client.start_channels(iopub=False, stdin=False, hb=False, control=False)
        return self._client
