"""Takes away what nobody needs any more, now and then.

That is folders of old background jobs, uploads left behind, runs that were deleted, and what killed
exports left.  Other training runs and datasets are never touched.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.export.drafts import EXPORT_FOLDER, clean_drafts
from core.jobs.status import JobStatus, StatusUnreadable
from core.workspace import Workspace

KEEP_DAYS = 7
"""How long an ended job's folder is kept, so that its log can still be read."""
GRAVE = ".deleted-"
"""How the name of a folder begins that was deleted, and whose files are yet to go."""
_log = logging.getLogger("pairloom.cleaning")


def clean_up(workspace: Workspace) -> None:
    """Delete everything that nobody needs any more.

    That is :func:`clean_jobs`, :func:`clear_graves`, the drafts of killed exports
    (:func:`core.export.drafts.clean_drafts`) and uploads (:func:`core.data.staging.tidy_uploads`).
    """
    clean_jobs(workspace)
    clear_graves(workspace)
    for exports in workspace.runs.glob(f"*/{EXPORT_FOLDER}"):
        clean_drafts(exports)
    if any(workspace.uploads.iterdir()):
        # It brings pandas along, which a process that only waits can do without.
        from core.data.staging import tidy_uploads

        tidy_uploads(workspace)


def clean_jobs(workspace: Workspace, now: datetime | None = None) -> list[str]:
    """Delete what is left of jobs that ended more than :data:`KEEP_DAYS` days ago.

    Results do not lie in ``jobs/``, only parameters, state, events and log.  A job that waits or
    runs is kept however old it is, and so is a folder whose state cannot be read.

    Args:
        workspace: whose ``jobs/`` folder.
        now: the time that ages are counted from (UTC).

    Returns:
        The names of the folders that are gone.
    """
    limit = (now or datetime.now(UTC)) - timedelta(days=KEEP_DAYS)
    gone = []
    for folder in list(workspace.jobs.iterdir()):
        # A folder may get its name or be deleted by somebody else in the same moment.
        with contextlib.suppress(OSError):
            if _is_old(folder, limit):
                grave = folder.with_name(GRAVE + folder.name.removeprefix(GRAVE))
                folder.rename(grave)
                shutil.rmtree(grave, ignore_errors=True)
                gone.append(folder.name)
    if gone:
        _log.info("cleaned up %s old jobs", len(gone))
    return gone


def clear_graves(workspace: Workspace) -> None:
    """Delete the files of runs that were deleted."""
    for grave in workspace.runs.glob(f"{GRAVE}*"):
        shutil.rmtree(grave, ignore_errors=True)


def _is_old(folder: Path, limit: datetime) -> bool:
    if not folder.is_dir():
        return False
    if folder.name.startswith("."):
        # Half made or half deleted by a process that died meanwhile.
        return datetime.fromtimestamp(folder.stat().st_mtime, UTC) < limit
    try:
        status = JobStatus.load(folder)
    except StatusUnreadable:
        return False
    if status.state.active:
        return False
    return datetime.fromisoformat(status.finished or status.created) < limit
