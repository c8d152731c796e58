"""Why a job's process ended without a word, as far as its exit tells."""

from __future__ import annotations

import signal

from core.problems import N_, Problem


class ProcessVanished(Problem):
    what = N_(
        "The process of this run ended without a word (the computer was switched off, perhaps)."
    )
    do = N_("What was saved is kept. Resume the run to go on from the last checkpoint.")


class ProcessKilled(Problem):
    what = N_("The process of this run was ended from outside by signal {signal}.")
    do = N_("What was saved is kept. Resume the run to go on from the last checkpoint.")


class KilledForMemory(Problem):
    what = N_(
        "The process of this run was killed, most likely by the system because memory ran out."
    )
    do = N_("Choose a smaller batch size or a shorter maximum length, then resume or start again.")


class ProcessFailed(Problem):
    what = N_("The process of this run could not go on (exit code {code}).")
    do = N_("The log has the details.")


def reason_of(exit_code: int | None) -> Problem:
    """Why a process ended that did not say so itself.

    Args:
        exit_code: as :class:`subprocess.Popen` gives it: negative for a signal; None when unknown.
    """
    if exit_code is None or exit_code == 0:
        return ProcessVanished()
    if exit_code == -signal.SIGKILL:
        # On Linux nobody but a person with a terminal and the kernel out of memory sends this one.
        return KilledForMemory()
    if exit_code < 0:
        return ProcessKilled(signal=signal.Signals(-exit_code).name)
    return ProcessFailed(code=exit_code)
