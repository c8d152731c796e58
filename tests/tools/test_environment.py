"""The environment: installed when requirements change and only then, and refusals in sentences."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from core.server import free_port
from tools.environment import DiskNearlyFull, check_disk, diagnose


def set_up(checkout: Path, *requirements: str, **environment: str) -> subprocess.CompletedProcess:
    """Run the set-up in a process of its own; it prints how long it took, in milliseconds."""
    code = (
        "import sys, time; from pathlib import Path; from core.problems import Problem\n"
        "from tools.environment import ensure_environment\n"
        "begin = time.perf_counter()\n"
        "try: ensure_environment(Path.cwd(), *sys.argv[1:])\n"
        "except Problem as problem: sys.exit(str(problem))\n"
        "print('took', round(1000 * (time.perf_counter() - begin)))"
    )
    # Without what the machine of the tests tells pip.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return subprocess.run(
        [sys.executable, "-c", code, *(requirements or ["requirements.txt"])],
        cwd=checkout,
        env={**kept, "PIP_CONFIG_FILE": os.devnull, **environment},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def bare_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with nothing but pip; making one takes seconds, copying it does not."""
    folder = tmp_path_factory.mktemp("bare") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


@pytest.fixture
def prepared(checkout: Path, bare_environment: Path) -> Path:
    """The checkout with an environment in which nothing is installed."""
    shutil.copytree(bare_environment, checkout / ".venv", symlinks=True)
    return checkout


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder with versions 1.0 and 2.0 of a package ``pebble`` that holds only its version."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for version in ("1.0", "2.0"):
        info = f"pebble-{version}.dist-info"
        files = {
            "pebble.py": f"version = {version!r}\n",
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: pebble\nVersion: {version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
        with zipfile.ZipFile(folder / f"pebble-{version}-py3-none-any.whl", "w") as wheel:
            for name, text in files.items():
                wheel.writestr(name, text)
    return folder


def pebble_version(checkout: Path) -> str:
    python = checkout / ".venv" / "bin" / "python"
    code = "import pebble; print(pebble.version)"
    return subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.strip()


@pytest.mark.slow
def test_only_changed_requirements_are_installed(checkout: Path, wheels: Path) -> None:
    local = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    requirements = checkout / "requirements.txt"
    log = checkout / ".venv" / "pairloom-setup.log"

    requirements.write_text("pebble==1.0\n")
    first = set_up(checkout, **local)
    assert first.returncode == 0, first.stderr
    assert "pebble-1.0-py3-none-any.whl" in first.stdout
    assert pebble_version(checkout) == "1.0"

    log.unlink()
    second = set_up(checkout)
    assert re.fullmatch(r"took \d+\n", second.stdout), second.stderr
    assert int(second.stdout.split()[1]) < 50
    assert not log.exists(), "the second start ran pip"

    requirements.write_text("pebble==2.0\n")
    assert set_up(checkout, **local).returncode == 0
    assert pebble_version(checkout) == "2.0"

    (checkout / "requirements-test.txt").write_text("pebble==2.0\n")
    added = set_up(checkout, "requirements.txt", "requirements-test.txt", **local)
    assert added.returncode == 0, added.stderr
    assert "requirements-test.txt" in log.read_text()
    assert "requirements.txt" not in log.read_text()


def test_a_failed_installation_does_not_pass_for_the_one_before(
    prepared: Path, wheels: Path
) -> None:
    local = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    requirements = prepared / "requirements.txt"
    requirements.write_text("pebble==1.0\n")
    assert set_up(prepared, **local).returncode == 0

    requirements.write_text("pebble==3.0\n")
    failed = set_up(prepared, **local)
    assert failed.returncode == 1
    assert "The package index has no pebble==3.0 for this machine" in failed.stderr

    requirements.write_text("pebble==1.0\n")
    again = set_up(prepared, **local)
    assert again.returncode == 0
    assert "Setting up Pairloom" in again.stdout


@pytest.mark.slow
def test_an_environment_of_a_python_that_is_gone_is_made_anew(prepared: Path, wheels: Path) -> None:
    local = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    (prepared / "requirements.txt").write_text("pebble==1.0\n")
    assert set_up(prepared, **local).returncode == 0
    for link in (prepared / ".venv" / "bin").glob("python*"):
        link.unlink()
    (prepared / ".venv" / "bin" / "python").symlink_to("/no/such/python3")
    assert set_up(prepared, **local).returncode == 0
    assert pebble_version(prepared) == "1.0"


def test_no_network_is_a_sentence(prepared: Path) -> None:
    done = set_up(prepared, PIP_INDEX_URL=f"http://127.0.0.1:{free_port()}/simple", PIP_RETRIES="1")
    assert done.returncode == 1
    assert done.stderr.startswith("The package index could not be reached. Check the network")
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize("step", ["metadata", "wheel"])
def test_a_package_that_cannot_be_built_asks_for_a_compiler(
    prepared: Path, tmp_path: Path, step: str
) -> None:
    package = tmp_path / "granite"
    package.mkdir()
    (package / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "builder"\nbackend-path = ["."]\n'
    )
    (package / "builder.py").write_text(
        "import pathlib, subprocess\n"
        "def build_wheel(*arguments, **options):\n"
        "    subprocess.run(['no-such-compiler', 'granite.c'], check=True)\n"
        "def prepare_metadata_for_build_wheel(folder, settings=None):\n"
        f"    if {step!r} == 'metadata': build_wheel()\n"
        "    info = pathlib.Path(folder, 'granite-1.0.dist-info')\n"
        "    info.mkdir()\n"
        "    text = 'Metadata-Version: 2.1\\nName: granite\\nVersion: 1.0\\n'\n"
        "    (info / 'METADATA').write_text(text)\n"
        "    return info.name\n"
    )
    (prepared / "requirements.txt").write_text(f"granite @ {package.as_uri()}\n")
    done = set_up(prepared, PIP_NO_INDEX="1")
    assert done.returncode == 1
    assert "There is no ready-made granite for this machine" in done.stderr
    assert "build-essential" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_a_python_without_venv_says_what_to_install(checkout: Path) -> None:
    # Debian leaves ensurepip out of its python3 package.
    (checkout / "sitecustomize.py").write_text("import sys; sys.modules['ensurepip'] = None\n")
    done = set_up(checkout, PYTHONPATH=str(checkout))
    assert done.returncode == 1
    assert "cannot make virtual environments" in done.stderr
    assert re.search(r"sudo apt-get install python3\.\d+-venv", done.stderr)


def test_a_place_that_cannot_be_written_is_a_sentence(checkout: Path) -> None:
    (checkout / ".venv").write_text("a file is in the way")
    done = set_up(checkout)
    assert done.returncode == 1
    assert "could not be made" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_disk_with_too_little_space_is_refused_with_both_figures(tmp_path: Path) -> None:
    check_disk(tmp_path, 1)
    with pytest.raises(DiskNearlyFull) as caught:
        check_disk(tmp_path, 10**18)
    words = re.search(r"needs ([\d.]+) GB .* has ([\d.]+) GB", str(caught.value))
    assert words
    assert float(words[1]) == 1e9
    assert float(words[2]) == pytest.approx(shutil.disk_usage(tmp_path).free / 1e9, abs=1)


def test_a_disk_that_fills_up_is_told_from_other_failures(tmp_path: Path) -> None:
    output = "Collecting torch\nERROR: OSError: [Errno 28] No space left on device\n"
    assert "The disk filled up" in str(diagnose(output, tmp_path, tmp_path / "log"))


def test_any_other_failure_gives_pips_own_words_and_the_log(tmp_path: Path) -> None:
    problem = diagnose("ERROR: Cannot do it.\n", tmp_path, tmp_path / "the.log")
    assert "Cannot do it." in str(problem) and "the.log" in str(problem)
