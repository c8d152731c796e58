"""Background jobs that a command needs: put into the queue, and followed to their end."""

from __future__ import annotations

from typing import Any

from core.cli.output import follow, say_failure
from core.jobs import queue
from core.jobs.status import JobState
from core.jobs.supervisor import ensure_supervisor
from core.workspace import Workspace


def work(workspace: Workspace, kind: str, params: dict[str, Any], name: str, *, json: bool) -> bool:
    """Have a job done, or join the one that does it already; Ctrl-C stops it.

    Args:
        workspace: where the job is kept.
        kind: one of :data:`core.jobs.kinds.KINDS`.
        params: what it is to do.
        name: goes into the job's id.
        json: whether a program is to read why there is no result.

    Returns:
        Whether it succeeded; if not, its reason has been printed.
    """
    id = queue.submit_once(workspace, kind, params, name=name)
    ensure_supervisor(workspace)
    try:
        status = follow(workspace.job(id))
    except KeyboardInterrupt:
        queue.request_stop(workspace, id)
        raise
    if status.state is JobState.SUCCEEDED:
        return True
    say_failure(status, json=json)
    return False
