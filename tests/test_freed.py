"""Memory that was freed goes back to the system when it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

_KEEPS = """
import sys
import pyarrow as pa
from core.freed import give_back

def held():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon")) / 1024

# Blocks that the C library hands out itself, with a few left between them and at the end.
blocks, left = [], []
for number in range(100_000):
    blocks.append(bytearray(1_000))
    if number % 10_000 == 9_999:
        left.append(bytearray(1_000))
arrays = [pa.array([f"text {number} {turn}" * 5 for number in range(2_000)]) for turn in range(40)]
del blocks, arrays
kept = held()
give_back()
print(kept, held())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc gives memory back on request")
def test_freed_memory_goes_back_to_the_system() -> None:
    said = subprocess.run(
        [sys.executable, "-c", _KEEPS], capture_output=True, text=True, check=True
    ).stdout
    kept, left = map(float, said.split())
    assert left < kept - 50, said


def test_another_system_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    import ctypes

    from core.freed import give_back

    class Other:
        def __init__(self, name: str | None) -> None:
            raise OSError("no such library")

    monkeypatch.setattr(ctypes, "CDLL", Other)
    give_back()
