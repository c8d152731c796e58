"""Takes away the folders of background jobs that ended long ago, never those of training runs."""

from __future__ import annotations

import logging
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.jobs.status import JobStatus, StatusUnreadable
from core.workspace import Workspace

KEEP_DAYS = 7
"""How long an ended job's folder is kept, so that its log can still be read."""
_GRAVE = ".deleted-"
_log = logging.getLogger("pairloom.cleaning")


def clean_jobs(workspace: Workspace, now: datetime | None = None) -> list[str]:
    """Delete what is left of jobs that ended more than :data:`KEEP_DAYS` days ago.

    Results do not lie in ``jobs/``, only parameters, state, events and log.  A job that waits or
    runs is kept however old it is, and so is a folder whose state cannot be read.

    Args:
        workspace: whose ``jobs/`` folder.
        now: the time that ages are counted from (UTC).

    Returns:
        The ids of the jobs that are gone.
    """
    limit = (now or datetime.now(UTC)) - timedelta(days=KEEP_DAYS)
    gone = []
    for folder in list(workspace.jobs.iterdir()):
        if not folder.is_dir():
            continue
        if folder.name.startswith("."):
            # Half-made or half-deleted by a process that died meanwhile.
            if datetime.fromtimestamp(folder.stat().st_mtime, UTC) < limit:
                shutil.rmtree(folder, ignore_errors=True)
        elif _ended_before(folder, limit):
            grave = folder.with_name(_GRAVE + folder.name)
            folder.rename(grave)
            shutil.rmtree(grave, ignore_errors=True)
            gone.append(folder.name)
    if gone:
        _log.info("cleaned up %s old jobs", len(gone))
    return gone


def _ended_before(folder: Path, limit: datetime) -> bool:
    try:
        status = JobStatus.load(folder)
    except StatusUnreadable:
        return False
    if status.state.active:
        return False
    return datetime.fromisoformat(status.finished or status.created) < limit
