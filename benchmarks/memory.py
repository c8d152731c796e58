"""The most memory that a process held; imports next to nothing, so that it measures only others."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path


def peak_bytes() -> int:
    """Bytes that this process held at most, since it was started or :func:`forget_peak`."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def mapped_bytes() -> int:
    """Bytes of this process's memory that are pages of files (Linux), which it need not keep."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("RssFile:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def forget_peak() -> None:
    """Let the peak begin anew at what is held now, where the system can do that (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
