"""A Chromium for browser tests and screenshots: one that is there, else one that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from core.problems import Problem

VARIABLE = "PAIRLOOM_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MAC_CHROME = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


class ChromiumNotThere(Problem):
    what = "PAIRLOOM_CHROMIUM names {path}, which does not start as a browser."
    do = "Set it to the program file of Chromium or Chrome, or unset it."


class NoChromium(Problem):
    what = "The browser tests need Chromium or Chrome, and installing one failed: {reason}"
    do = (
        "Install one (Debian: `sudo apt-get install chromium`; elsewhere from google.com/chrome), "
        "or set PAIRLOOM_CHROMIUM to its program file, then run the same command again."
    )


def find_or_install_chromium() -> Path:
    """The program file of a Chromium that starts; installs one when there is none.

    Looks at ``PAIRLOOM_CHROMIUM``, then for Debian's and Google's programs, then for Playwright's
    own download.  Installs Debian's package when root on Debian, else Playwright's download.

    Raises:
        ChromiumNotThere: the variable names something else.
        NoChromium: there is none and none could be installed.
    """
    named = os.environ.get(VARIABLE)
    if named:
        if not _starts(named):
            raise ChromiumNotThere(path=named)
        return Path(named)
    found = _find()
    if found is None:
        reason = _install()
        found = _find()
        if found is None:
            raise NoChromium(reason=reason)
    return found


def ensure_chinese_font() -> None:
    """See that the browser can draw Chinese; install Debian's font when root there, else say so."""
    fonts = shutil.which("fc-list")
    if sys.platform == "darwin" or (fonts and _output([fonts, ":lang=zh", "family"])):
        return
    if not (_root_on_debian() and not _failure(_apt("fonts-noto-cjk"))):
        print(
            "No font with Chinese was found, so pictures will show boxes. Install one "
            "(Debian and Ubuntu: `sudo apt-get install fonts-noto-cjk`).",
            file=sys.stderr,
        )


def _find() -> Path | None:
    for path in _candidates():
        if path and _starts(path):
            return Path(path)
    return None


def _candidates() -> Iterator[str | None]:
    yield from map(shutil.which, _NAMES)
    yield _MAC_CHROME
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright.chromium.executable_path


def _starts(path: str) -> bool:
    # A file that exists is not enough: Ubuntu's chromium-browser may only point to the snap store.
    return Path(path).is_file() and bool(_output([path, "--version"]))


def _output(command: list[str]) -> str:
    """What ``command`` prints, or nothing when it fails."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if done.returncode else done.stdout.strip()


def _install() -> str:
    """Install a Chromium; returns why not, when it failed."""
    print("No Chromium found: installing one for the browser tests …", file=sys.stderr)
    reason = ""
    if _root_on_debian():
        reason = _failure(_apt("chromium"))
        if not reason:
            return ""
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--with-deps")
    return _failure([command]) or reason


def _root_on_debian() -> bool:
    # Ubuntu's package of that name is only a pointer to a snap.
    release = Path("/etc/os-release")
    return (
        release.exists()
        and "\nID=debian\n" in "\n" + release.read_text(encoding="utf-8")
        and os.geteuid() == 0
        and shutil.which("apt-get") is not None
    )


def _apt(package: str) -> list[list[str]]:
    return [["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", package]]


def _failure(commands: list[list[str]]) -> str:
    """Run the commands until one fails; returns the failing one's last words."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in commands:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
            check=False,
        )
        if done.returncode:
            lines = done.stdout.strip().splitlines()
            return lines[-1] if lines else f"exit code {done.returncode}"
    return ""


if __name__ == "__main__":
    try:
        ensure_chinese_font()
        print(find_or_install_chromium())
    except Problem as problem:
        sys.exit(str(problem))
