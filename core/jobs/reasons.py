"""Why a job's process ended without a word, as far as its exit tells."""

from __future__ import annotations

import signal
from typing import Any

from core.jobs.kinds import KINDS, JobKind
from core.jobs.processes import restarted_since
from core.problems import N_, Message, Problem, Term

_NOT_SAVED = N_(
    "It did not come to a point where it could save, so its process was ended: a later Resume goes "
    "on from the checkpoint before."
)
_CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)


class NotStarted(Problem):
    what = N_("The process for this could not be started: {reason}.")
    do = N_("Close other programs if memory is short, then start it again.")


class _Ended(Problem):
    """A process ended; what to do depends on the kind of job that it worked on."""

    what = ""
    do = ""

    def __init__(self, job: str = "train", **params: Any) -> None:
        kind = KINDS.get(job, JobKind(""))
        super().__init__(work=Term(kind.called), **params)
        self._afterwards = self.do if self.do and kind.trains else kind.afterwards

    def advice(self) -> Message:
        return Message(self._afterwards)


class ComputerRestarted(_Ended):
    what = N_("The computer was switched off or started again while this was at work.")


class ProcessVanished(_Ended):
    what = N_(
        "The process of {work} ended without a word: memory ran out, perhaps, or somebody ended "
        "it from outside."
    )


class ProcessKilled(_Ended):
    what = N_("The process of {work} was ended from outside by signal {signal}.")


class KilledForMemory(_Ended):
    what = N_("The process of {work} was killed, most likely by the system because memory ran out.")
    do = N_("Choose a smaller batch size or a shorter maximum length, then resume or start again.")


class ProcessCrashed(_Ended):
    what = N_("The process of {work} crashed (signal {signal}).")
    do = N_(
        "What was saved is kept, and the run can be resumed. If it happens again, please report it "
        "with the log attached."
    )


class ProcessFailed(_Ended):
    what = N_("The process of {work} could not go on (exit code {code}).")
    do = N_("The log has the details.")


def reason_of(job: str, exit_code: int | None, process_start: str | None = None) -> Problem:
    """Why a process ended that did not say so itself.

    A process that Pairloom killed is not among them: that one was asked to stop, see
    :func:`not_saved`.

    Args:
        job: the kind of job that it worked on.
        exit_code: as :class:`subprocess.Popen` gives it: negative for a signal; None when unknown.
        process_start: when the process began, as :class:`ProcessIdentity` has it; None when it
            never said so.
    """
    if exit_code is None or exit_code == 0:
        restarted = process_start is not None and restarted_since(process_start)
        return ComputerRestarted(job) if restarted else ProcessVanished(job)
    if exit_code > 0:
        return ProcessFailed(job, code=exit_code)
    number = signal.Signals(-exit_code)
    if number is signal.SIGKILL:
        # On Linux nobody but a person with a terminal and the kernel out of memory sends this one.
        return KilledForMemory(job)
    if number in _CRASHES:
        return ProcessCrashed(job, signal=number.name)
    return ProcessKilled(job, signal=number.name)


def not_saved() -> Message:
    """What to know about a job that was asked to stop and whose process had to be ended."""
    return Message(_NOT_SAVED)
