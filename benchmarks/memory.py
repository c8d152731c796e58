"""The most memory that a process held; imports next to nothing, so that it measures only others."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path


def peak_bytes() -> int:
    """Bytes that this process held at most, since it was started or :func:`forget_peak`."""
    peak = _bytes_of("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 if peak is None else peak


def process_peak_bytes(pid: int) -> int:
    """Bytes that another process held at most so far (Linux); 0 elsewhere, and once it is gone."""
    return _bytes_of("VmHWM", str(pid)) or 0


def mapped_bytes() -> int:
    """Bytes of this process's memory that are pages of files (Linux), which it need not keep."""
    return _bytes_of("RssFile") or 0


def forget_peak() -> None:
    """Let the peak begin anew at what is held now, where the system can do that (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _bytes_of(field: str, process: str = "self") -> int | None:
    """A figure of what Linux says of a process; None elsewhere."""
    with contextlib.suppress(OSError):
        for line in Path("/proc", process, "status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == field:
                return int(value.split()[0]) * 1024
    return None
