"""The project's own Python environment: made once, brought up to date when requirements change."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.problems import Problem

RUN_REQUIREMENTS = "requirements.txt"
TEST_REQUIREMENTS = "requirements-test.txt"
STAMP = "pairloom-setup.json"
LOG = "pairloom-setup.log"
NEEDED_BYTES = {RUN_REQUIREMENTS: 3_000_000_000, TEST_REQUIREMENTS: 300_000_000}
"""Free disk space that installing each file takes, in bytes, with torch's CPU build."""

_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


class DiskNearlyFull(Problem):
    what = "Installing Pairloom needs {needed} GB of free disk space; {folder} has {free} GB."
    do = "Free some space, or move this folder to a larger disk, then run the same command again."


class DiskFull(Problem):
    what = "The disk filled up while packages were being installed in {folder}."
    do = (
        "Free some space (torch's CUDA build takes several GB more than its CPU build, and TMPDIR "
        "names the folder for downloads), then run the same command again."
    )


class NoVenvModule(Problem):
    what = "This Python {version} cannot make virtual environments: its parts for that are missing."
    do = (
        "On Debian or Ubuntu run `sudo apt-get install python{version}-venv`; elsewhere install "
        "Python from python.org. Then run the same command again."
    )


class NoVirtualEnvironment(Problem):
    what = "The virtual environment {folder} could not be made: {reason}"
    do = "Delete that folder if it is there, see that you may write beside it, and try again."


class NoNetwork(Problem):
    what = "The package index could not be reached."
    do = (
        "Check the network connection. Behind a proxy set HTTPS_PROXY, for a mirror of the index "
        "set PIP_INDEX_URL; then run the same command again: it goes on where it stopped."
    )


class NoCompiler(Problem):
    what = (
        "There is no ready-made {package} for this machine ({machine}, Python {version}), and "
        "building it failed, most likely because no compiler is installed."
    )
    do = (
        "Use Python 3.11, 3.12 or 3.13 on 64-bit Linux, macOS or WSL2, where nothing is built. Or "
        "install a compiler (Debian and Ubuntu: `sudo apt-get install build-essential "
        "python3-dev`). The log has the details: {log}"
    )


class NoSuchPackage(Problem):
    what = "The package index has no {package} for this machine ({machine}, Python {version})."
    do = (
        "Use Python 3.11, 3.12 or 3.13 on 64-bit Linux, macOS or WSL2; if PIP_INDEX_URL names a "
        "mirror, it may lag behind. The log has the details: {log}"
    )


class InstallFailed(Problem):
    what = "pip could not install the packages: {reason}"
    do = "The log has the details: {log}"


def ensure_environment(root: Path, *requirements: str) -> Path:
    """The interpreter of the project's environment, with everything in ``requirements`` installed.

    Costs two small file reads when nothing has changed since the last time.

    Args:
        root: The project's folder; the environment is ``.venv`` in it.
        requirements: Names of requirement files in ``root``.

    Raises:
        Problem: a subclass above says what is missing and what to do.
    """
    folder = root / ".venv"
    python = folder / "bin" / "python"
    wanted = {name: _fingerprint(root / name) for name in requirements}
    if _stale(folder, wanted):
        with _one_at_a_time(root):
            stale = _stale(folder, wanted)
            if stale:
                _install(root, folder, stale)
                _write_stamp(folder, _read_stamp(folder) | wanted)
    return python


def check_disk(folder: Path, needed: int) -> None:
    """Refuse when less than ``needed`` bytes are free where ``folder`` lies.

    Raises:
        DiskNearlyFull: there is less.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DiskNearlyFull(
            needed=f"{needed / 1e9:.1f}", free=f"{free / 1e9:.1f}", folder=str(folder)
        )


def diagnose(output: str, folder: Path, log: Path) -> Problem:
    """What a failed pip run's ``output`` means for the person who waits for it."""
    about = {"machine": platform.machine(), "version": _PYTHON, "log": str(log)}
    if re.search(r"No space left on device|\[Errno 28\]", output):
        return DiskFull(folder=str(folder))
    # Before "no such package", which pip reports as well when it could ask nobody.
    if re.search(
        r"Retrying \(Retry\(|NewConnectionError|ConnectionError|Temporary failure in name"
        r"|Network is unreachable|Read timed out|ProxyError|CERTIFICATE_VERIFY_FAILED",
        output,
    ):
        return NoNetwork()
    if "subprocess-exited-with-error" in output or "Failed building wheel" in output:
        # A package is built either where pip comes upon it or after everything has been collected.
        packages = re.findall(r"Failed building wheel for (\S+)", output)
        packages = packages or re.findall(r"^(?:Collecting|Processing) (\S+)", output, re.MULTILINE)
        return NoCompiler(package=Path(packages[-1]).name if packages else "package", **about)
    missing = re.search(r"No matching distribution found for (\S+)", output)
    if missing:
        return NoSuchPackage(package=missing[1], **about)
    errors = re.findall(r"^ERROR: (.+)$", output, re.MULTILINE)
    return InstallFailed(reason=errors[0] if errors else "it gave no reason.", log=str(log))


def _fingerprint(path: Path) -> str:
    """What an installation of this file depends on: its text and the Python that it is for."""
    return hashlib.sha256(_PYTHON.encode() + b"\n" + path.read_bytes()).hexdigest()


def _stale(folder: Path, wanted: dict[str, str]) -> list[str]:
    """The requirement files that are not installed as they are now."""
    if not _fits(folder):
        return list(wanted)
    stamp = _read_stamp(folder)
    return [name for name, fingerprint in wanted.items() if stamp.get(name) != fingerprint]


def _fits(folder: Path) -> bool:
    """Whether the environment is there, is for this Python, and its interpreter still exists."""
    return (folder / "bin" / "python").exists() and (folder / "lib" / f"python{_PYTHON}").is_dir()


def _read_stamp(folder: Path) -> dict[str, str]:
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _write_stamp(folder: Path, stamp: dict[str, str]) -> None:
    (folder / STAMP).write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")


@contextmanager
def _one_at_a_time(root: Path) -> Iterator[None]:
    """Two set-ups of one folder follow each other (the file serves only as the lock)."""
    with (root / RUN_REQUIREMENTS).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install(root: Path, folder: Path, requirements: list[str]) -> None:
    check_disk(root, sum(NEEDED_BYTES[name] for name in requirements))
    print(f"Setting up Pairloom in {folder}: this takes some minutes, once.", flush=True)
    if not _fits(folder):
        _make_environment(folder)
    # A half-finished installation must not pass for the one before it.
    kept = {name: value for name, value in _read_stamp(folder).items() if name not in requirements}
    _write_stamp(folder, kept)
    log = folder / LOG
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--no-input"]
    command += ["--disable-pip-version-check", "--prefer-binary", "--progress-bar", "off"]
    for name in requirements:
        command += ["-r", str(root / name)]
    output = _run_pip(command, log)
    if output is not None:
        raise diagnose(output, folder, log)


def _make_environment(folder: Path) -> None:
    if any(importlib.util.find_spec(name) is None for name in ("venv", "ensurepip")):
        raise NoVenvModule(version=_PYTHON)
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if made.returncode:
        lines = made.stdout.strip().splitlines()
        raise NoVirtualEnvironment(folder=str(folder), reason=lines[-1] if lines else "")


def _run_pip(command: list[str], log: Path) -> str | None:
    """Run pip, show which package it is at, keep the rest in ``log``; its output when it failed."""
    lines: list[str] = []
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=dict(os.environ, PYTHONUNBUFFERED="1"),
        ) as pip,
    ):
        for line in pip.stdout or ():
            file.write(line)
            lines.append(line)
            words = line.split()
            if words[:1] in (["Collecting"], ["Processing"], ["Downloading"], ["Building"]):
                print("  " + line.strip().split(" (from ")[0], flush=True)
            elif words[:2] == ["Installing", "collected"]:
                print("  Installing …", flush=True)
    return "".join(lines) if pip.returncode else None
