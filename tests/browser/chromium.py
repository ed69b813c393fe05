"""The Chromium of the browser tests: `find` looks for one, running this file also tries to get one.

`make test` runs it before the tests. It uses a Chromium that is there, or Playwright's download, or
Debian's package where it may install one. Where there is none to be had it says in one sentence
what would bring one, and the browser tests are skipped with that same sentence.
"""

import os
import platform
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

# The last is a library that Playwright's own driver wants and a bare system lacks.
PACKAGES = ("chromium", "fonts-dejavu-core", "libatomic1")
MISSING = (
    f"No Chromium to drive here: `apt-get install {' '.join(PACKAGES)}` as root brings one, "
    "or CONTACTTOOLS_CHROMIUM names one."
)
NO_FONT = (
    "No font here, so pages show no text: `apt-get install fonts-dejavu-core` as root brings one."
)


def find() -> str | None:
    """Return the path of a Chromium that starts, or None; None, too, if nothing can drive it."""
    if _run(sys.executable, "-m", "playwright", "--version", timeout=60).returncode:
        return None
    named = os.environ.get("CONTACTTOOLS_CHROMIUM")
    if named:
        return named if _starts(named) else None
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        path = shutil.which(name)
        if path and _starts(path):
            return path
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if _starts(path) else None


def has_font() -> bool:
    """Whether text will be visible: with no font at all a page is blank and raises no error."""
    if platform.system() != "Linux":
        return True
    if shutil.which("fc-list"):
        return bool(_run("fc-list", timeout=60).stdout.strip())
    folders = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".fonts")
    return any(
        file.suffix in {".ttf", ".otf", ".ttc", ".pfb"}
        for folder in folders
        for file in folder.rglob("*")
    )


def main() -> None:
    """Get what is missing, as far as that may be done here, and say what could not be had."""
    if not find():
        named = os.environ.get("CONTACTTOOLS_CHROMIUM")
        if named and not _starts(named):
            print("CONTACTTOOLS_CHROMIUM does not name a browser that starts.")
        else:
            _download() or _install(*PACKAGES)
            if not find():
                print(MISSING, "Browser tests will be skipped.")
    if not has_font() and not (_install("fonts-dejavu-core") and has_font()):
        print(NO_FONT)


def _download() -> bool:
    print("Downloading a Chromium for the browser tests (at most 5 minutes).", flush=True)
    # A network that is closed should say so in seconds; one that is slow may take its time.
    os.environ.setdefault("PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT", "10000")
    command = (sys.executable, "-m", "playwright", "install", "--no-shell", "chromium")
    # What was downloaded counts only if it starts: on a bare system its libraries are missing.
    return _run(*command, timeout=300).returncode == 0 and find() is not None


def _install(*packages: str) -> bool:
    """Install Debian packages where that may be done without asking anybody."""
    if not shutil.which("apt-get"):
        return False
    sudo = ()
    if os.geteuid() != 0:
        sudo = ("sudo", "-n")
        if not shutil.which("sudo") or _run(*sudo, "true", timeout=30).returncode:
            return False
    print(f"Installing {', '.join(packages)} with apt-get (a minute or two).", flush=True)
    apt = (*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq")
    _run(*apt, "update", timeout=300)  # may fail for one source and still do for the others
    done = _run(*apt, "install", "-y", "--no-install-recommends", *packages, timeout=900)
    if done.returncode:
        print(done.stderr.strip())
    return done.returncode == 0


def _starts(path: str) -> bool:
    """A file of that name is not enough: it may be a stub, or lack its libraries."""
    return _run(path, "--version", timeout=60).returncode == 0


def _run(*command: str, timeout: float) -> subprocess.CompletedProcess[str]:
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # so that what it starts in turn can be ended with it
        )
    except OSError as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))
    with process:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return subprocess.CompletedProcess(command, 1, "", f"{command[0]} took too long")
    return subprocess.CompletedProcess(command, process.returncode, out, err)


if __name__ == "__main__":
    main()
