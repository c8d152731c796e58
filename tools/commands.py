"""The project's commands, each after the set-up that it needs: run, test, lint and so on."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from core.problems import Problem
from core.server import DEFAULT_PORT, check_port, serve
from tools.environment import RUN_REQUIREMENTS, TEST_REQUIREMENTS, ensure_environment

ROOT = Path(__file__).resolve().parent.parent

LINT = (
    ["ruff", "check", "."],
    ["ruff", "format", "--check", "."],
    ["mypy"],
)


SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
"""Two test files at a time, in the order of tests/browser/conftest.py: the longest come first."""

TAKING_MORE = ("test", "test-all", "samples")
"""The commands that hand arguments on."""


class NotAPort(Problem):
    what = "{value} is no port."
    do = "Give a number from 1024 to 65535, for example `make run PORT=8502`."


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code; a refusal is printed as a sentence."""
    options, rest = _parser().parse_known_args(arguments)
    if rest and options.command not in TAKING_MORE:
        _parser().error("unknown arguments: " + " ".join(rest))
    try:
        return _run(options, rest)
    except Problem as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tools/start.py", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="start the workbench")
    run.add_argument("--port", default=str(DEFAULT_PORT), help=f"default: {DEFAULT_PORT}")
    commands.add_parser(
        "test", help="lint, check types and run the tests (more arguments: pytest's)"
    )
    commands.add_parser("test-all", help="the same with the tests that take minutes each")
    commands.add_parser("lint", help="check style and types")
    commands.add_parser("samples", help="make the files in sample_data/ anew")
    commands.add_parser("screenshots", help="take the README's pictures from the real workbench")
    return parser


def _run(options: argparse.Namespace, rest: list[str]) -> int:
    if options.command == "run":
        port = _port(options.port)
        check_port(port)  # before an installation that takes minutes
        return serve(ensure_environment(ROOT, RUN_REQUIREMENTS), ROOT, port)
    if options.command == "samples":
        python = ensure_environment(ROOT, RUN_REQUIREMENTS)
        return _call([str(python), "sample_data/make.py", *rest])
    python = ensure_environment(ROOT, RUN_REQUIREMENTS, TEST_REQUIREMENTS)
    if options.command == "screenshots":
        return _call([str(python), "-m", "tools.screenshots"])
    code = _lint(python)
    if code or options.command == "lint":
        return code
    return _test(python, rest, slow_too=options.command == "test-all")


def _port(value: str) -> int:
    if not value.isdecimal() or not 1024 <= int(value) <= 65535:
        raise NotAPort(value=value)
    return int(value)


def _lint(python: Path) -> int:
    """The first failing check's exit code, else 0."""
    for check in LINT:
        print("$ " + " ".join(check), flush=True)
        code = _call([str(python), "-m", *check])
        if code:
            return code
    return 0


def _test(python: Path, arguments: list[str], *, slow_too: bool) -> int:
    # Found here, so that an installation does not count against a test's time.
    found = subprocess.run(
        [str(python), "-m", "tools.chromium"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if found.returncode:
        return found.returncode
    chosen = [] if slow_too else ["-m", "not slow"]
    return _call(
        [str(python), "-m", "pytest", *SIDE_BY_SIDE, *chosen, *arguments],
        PAIRLOOM_CHROMIUM=found.stdout.strip(),
    )


def _call(command: list[str], **environment: str) -> int:
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, check=False
    ).returncode
