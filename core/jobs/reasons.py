"""Why a job's process ended without a word, as far as its exit tells."""

from __future__ import annotations

import signal

from core.jobs.processes import restarted_since
from core.problems import N_, Message, Problem

_RESUME = N_("What was saved is kept. Resume the run to go on from the last checkpoint.")
_NOT_SAVED = N_(
    "It did not come to a point where it could save, so its process was ended: a later Resume goes "
    "on from the checkpoint before."
)
_CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)


class NotStarted(Problem):
    what = N_("The process for this could not be started: {reason}.")
    do = N_("Close other programs if memory is short, then start it again.")


class ComputerRestarted(Problem):
    what = N_("The computer was switched off or started again while this was at work.")
    do = _RESUME


class ProcessVanished(Problem):
    what = N_(
        "The process of this run ended without a word: memory ran out, perhaps, or somebody ended "
        "it from outside."
    )
    do = _RESUME


class ProcessKilled(Problem):
    what = N_("The process of this run was ended from outside by signal {signal}.")
    do = _RESUME


class KilledForMemory(Problem):
    what = N_(
        "The process of this run was killed, most likely by the system because memory ran out."
    )
    do = N_("Choose a smaller batch size or a shorter maximum length, then resume or start again.")


class ProcessCrashed(Problem):
    what = N_("The process of this run crashed (signal {signal}).")
    do = N_(
        "What was saved is kept, and the run can be resumed. If it happens again, please report it "
        "with the log attached."
    )


class ProcessFailed(Problem):
    what = N_("The process of this run could not go on (exit code {code}).")
    do = N_("The log has the details.")


def reason_of(exit_code: int | None, process_start: str | None = None) -> Problem:
    """Why a process ended that did not say so itself.

    A process that Pairloom killed is not among them: that one was asked to stop, see
    :func:`not_saved`.

    Args:
        exit_code: as :class:`subprocess.Popen` gives it: negative for a signal; None when unknown.
        process_start: when the process began, as :class:`ProcessIdentity` has it; None when it
            never said so.
    """
    if exit_code is None or exit_code == 0:
        restarted = process_start is not None and restarted_since(process_start)
        return ComputerRestarted() if restarted else ProcessVanished()
    if exit_code > 0:
        return ProcessFailed(code=exit_code)
    number = signal.Signals(-exit_code)
    if number is signal.SIGKILL:
        # On Linux nobody but a person with a terminal and the kernel out of memory sends this one.
        return KilledForMemory()
    if number in _CRASHES:
        return ProcessCrashed(signal=number.name)
    return ProcessKilled(signal=number.name)


def not_saved() -> Message:
    """What to know about a job that was asked to stop and whose process had to be ended."""
    return Message(_NOT_SAVED)
