"""Processes that can be told apart from a later process with the same number."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import psutil

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class ProcessIdentity:
    """A process id together with the moment its process began.

    ``start`` is an opaque string.  On Linux it is the boot's id and the kernel's start tick,
    neither of which moves when the clock is set or the computer sleeps; elsewhere it is the
    creation time.
    """

    pid: int
    start: str

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity | None:
        """The identity of the living process ``pid``; None without one (a zombie is none)."""
        start = _start_of(pid)
        return cls(pid, start) if start else None

    def alive(self) -> bool:
        """Whether this very process still runs."""
        return _start_of(self.pid) == self.start

    def signal_group(self, number: signal.Signals) -> bool:
        """Send a signal to the process group that this process leads; False when it has ended."""
        if not self.alive():
            return False
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True


def restarted_since(start: str) -> bool:
    """Whether the computer was started again after a process's ``start``; False where unknown."""
    boot, colon, _tick = start.partition(":")
    return bool(colon) and _BOOT_ID.exists() and boot != _BOOT_ID.read_text().strip()


def _start_of(pid: int) -> str | None:
    stat = Path(f"/proc/{pid}/stat")
    if not _BOOT_ID.exists():
        return _portable_start_of(pid)
    try:
        # The command's name is in parentheses and may hold anything: count from the last one.
        fields = stat.read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    state, start_tick = fields[0], fields[19]
    if state in "ZX":
        return None
    return f"{_BOOT_ID.read_text().strip()}:{start_tick}"


def _portable_start_of(pid: int) -> str | None:
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return f"{process.create_time():.3f}"
    except psutil.Error:
        return None
