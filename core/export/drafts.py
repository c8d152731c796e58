"""Where an export is made: a hidden folder that nobody takes for an export, and how it ends.

While it is made, a draft also holds the held-out texts that the check reads, so that nothing of the
table stays elsewhere when the process is killed.
"""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from filelock import FileLock, Timeout

EXPORT_FOLDER = "export"
"""The folder of a run that holds its exports."""
_DRAFT = ".draft-"


def draft_folder(exports: Path, format: str) -> Path:
    """Where a form is made, in a run's export folder."""
    return exports / f"{_DRAFT}{format}"


def draft_lock(exports: Path, format: str) -> FileLock:
    """Held by whoever makes a form: the screen and the command line may do so at the same time."""
    return FileLock(exports / f".{format}.lock")


def clean_drafts(exports: Path) -> None:
    """Delete what killed exports left in a run's export folder; what is being made stays."""
    for draft in exports.glob(f"{_DRAFT}*"):
        lock = draft_lock(exports, draft.name.removeprefix(_DRAFT))
        with contextlib.suppress(Timeout, OSError), lock.acquire(timeout=0):
            shutil.rmtree(draft, ignore_errors=True)
