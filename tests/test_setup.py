"""What the project promises on paper: commands, pins, options, and imports that stay light."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from core.workspace import PROJECT_ROOT

COMMANDS = ("run", "test", "test-all", "lint", "samples", "screenshots")
HEAVY = {
    "torch",
    "sentence_transformers",
    "transformers",
    "umap",
    "sklearn",
    "datasets",
    "numba",
} | {
    "onnx",
    "onnxruntime",
}
WORKER_ONLY = {
    f"core.training.{name}" for name in ("dropout", "packing", "progress", "stopwatch", "trainer")
} | {"core.export.onnx_graph"}
"""Modules that only training and exporting import: their classes extend a heavy library."""
PIN = re.compile(r"[A-Za-z0-9_.-]+(\[[a-z,]+\])?==[0-9][0-9a-z.]*")


def python_files(*places: str) -> Iterator[Path]:
    for place in places:
        path = PROJECT_ROOT / place
        yield from [path] if path.suffix == ".py" else sorted(path.rglob("*.py"))


def imported_modules(file: Path) -> set[str]:
    """The top-level names of everything that a file imports, inside its functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def pins(name: str) -> dict[str, str]:
    lines = (PROJECT_ROOT / name).read_text(encoding="utf-8").splitlines()
    found = {}
    for line in lines:
        if line and not line.startswith("#"):
            assert PIN.fullmatch(line), f"{name}: {line} is not pinned exactly"
            package, version = line.split("==")
            found[package.partition("[")[0].lower().replace("_", "-")] = version
    return found


def what_make_runs(*words: str) -> str:
    """The command behind a target, whatever the make that runs these tests was told."""
    told = ("MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "PYTHON", "PORT", "ARGS")
    done = subprocess.run(
        ["make", "-n", "--no-print-directory", *words],
        cwd=PROJECT_ROOT,
        env={name: value for name, value in os.environ.items() if name not in told},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_target_is_one_command_that_the_readme_gives(command: str) -> None:
    shown = what_make_runs(command)
    assert shown == f"python3 tools/start.py {command}"
    readme = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
    assert f"`make {command}`" in readme
    assert f"`{shown}`" in readme


def test_make_hands_the_port_and_the_arguments_on() -> None:
    assert what_make_runs("run", "PORT=8502") == "python3 tools/start.py run --port 8502"
    assert what_make_runs("test", "ARGS=-k drug") == "python3 tools/start.py test -k drug"
    assert what_make_runs("lint", "PYTHON=python3.12") == "python3.12 tools/start.py lint"


def test_requirements_are_pinned_and_are_what_is_installed() -> None:
    run, test = pins("requirements.txt"), pins("requirements-test.txt")
    assert run["torch"] == "2.13.0"
    assert not run.keys() & test.keys()
    for package, version in (run | test).items():
        installed = metadata.version(package).partition("+")[0]  # torch says +cpu or +cu…
        assert installed == version, package


@pytest.mark.parametrize(
    ("places", "files"),
    [
        (("app.py", "core", "ui", "pages"), ("requirements.txt",)),
        (("tests", "tools", "sample_data"), ("requirements.txt", "requirements-test.txt")),
    ],
)
def test_every_imported_package_is_pinned(places: tuple[str, ...], files: tuple[str, ...]) -> None:
    own = {"app", "core", "ui", "pages", "benchmarks", "tests", "tools", "drugs", "products"}
    pinned = {package for name in files for package in pins(name)}
    providers = metadata.packages_distributions()
    for file in python_files(*places):
        for module in imported_modules(file) - own - set(sys.stdlib_module_names):
            offered = {name.lower().replace("_", "-") for name in providers.get(module, [])}
            assert offered & pinned, f"{file} imports {module}, which no requirement file pins"


def options() -> dict[str, Any]:
    return tomllib.loads((PROJECT_ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))


def test_the_server_is_private_quiet_and_takes_a_gigabyte() -> None:
    config = options()
    assert config["server"]["address"] == "127.0.0.1"
    assert config["server"]["maxUploadSize"] == 1024
    assert config["browser"]["gatherUsageStats"] is False
    assert config["client"]["showErrorDetails"] == "none"
    assert config["client"]["showErrorLinks"] is False


def test_streamlit_knows_every_option() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "streamlit", "config", "show"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert "not a valid config option" not in done.stderr + done.stdout
    assert "# Default: true\n# gatherUsageStats = true" not in done.stdout


def contrast(one: str, other: str) -> float:
    """WCAG 2's contrast ratio of two colours written ``#RRGGBB``."""

    def luminance(colour: str) -> float:
        shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_both_modes_are_readable(mode: str) -> None:
    theme = options()["theme"][mode]
    background = theme["backgroundColor"]
    for colour in (theme["textColor"], theme["linkColor"]):
        assert contrast(colour, background) >= 4.5
        assert contrast(colour, theme["secondaryBackgroundColor"]) >= 4.5
    assert contrast(theme["primaryColor"], "#FFFFFF") >= 4.5
    assert contrast(theme["primaryColor"], background) >= 3
    for colour in theme["chartCategoricalColors"]:
        assert contrast(colour, background) >= 4.5
    for palette in ("chartSequentialColors", "chartDivergingColors"):
        assert len(set(theme[palette])) == 10


# The web server stays light ---------------------------------------------------------------------


def test_core_imports_nothing_of_what_is_built_on_it() -> None:
    above = {"streamlit", "app", "pages", "tools", "ui"}
    assert [file for file in python_files("core") if imported_modules(file) & above] == []


def test_what_sets_the_project_up_needs_no_package() -> None:
    """It runs in whatever Python somebody has, before anything is installed."""
    code = (
        "import sys, tools.commands\n"
        "assert not any('site-packages' in path for path in sys.path)\n"
        "print(*(name for name in sys.modules if name.startswith(('core.', 'tools.'))))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=PROJECT_ROOT,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert {"core.server", "tools.environment"} <= set(done.stdout.split())


def test_screens_never_import_the_training_libraries() -> None:
    screens = python_files("app.py", "ui", "pages")
    assert [file for file in screens if imported_modules(file) & HEAVY] == []


@pytest.mark.parametrize("package", ["core", "ui"])
def test_imports_stay_light(package: str) -> None:
    """Heavy libraries are imported inside the functions of the processes that need them."""
    code = (
        "import importlib, pkgutil, sys\n"
        "package = importlib.import_module(sys.argv[1])\n"
        "for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        f"    if module.name in {WORKER_ONLY!r}: continue\n"
        "    if module.name.rpartition('.')[2] in ('__main__', 'main'): continue\n"
        "    importlib.import_module(module.name)\n"
        f"    heavy = {HEAVY!r} & set(sys.modules)\n"
        "    if heavy: sys.exit(f'{module.name} imports {sorted(heavy)}')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, package],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
