"""Memory that was freed goes back to the system when it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

_BLOCKS = """
# Blocks that the C library hands out itself, with a few left between them and at the end.
freed, left = [], []
for number in range(100_000):
    freed.append(bytearray(1_000))
    if number % 10_000 == 9_999:
        left.append(bytearray(1_000))
"""
_ARROW = """
import pyarrow as pa
freed = [pa.array([f"{turn} {number}" * 9 for number in range(5_000)]) for turn in range(200)]
"""
_KEEPS = """
from core.freed import give_back

def held():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon")) / 1024

{work}
before = held()
del freed
kept = held()
give_back()
print(before, kept, held())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc gives memory back on request")
@pytest.mark.parametrize("work", [_BLOCKS, _ARROW], ids=["C library", "Arrow"])
def test_freed_memory_goes_back_to_the_system(work: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _KEEPS.format(work=work)], capture_output=True, text=True, check=True
    )
    before, kept, left = map(float, done.stdout.split())
    # Nothing is learnt where nothing was kept.
    assert kept > before - 40 and left < kept - 40, done.stdout


def test_another_system_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    import ctypes

    from core.freed import give_back

    class Other:
        def __init__(self, name: str | None) -> None:
            raise OSError("no such library")

    monkeypatch.setattr(ctypes, "CDLL", Other)
    give_back()
