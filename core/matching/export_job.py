"""The job that writes a large match or many near-duplicates as a file to take away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.matching.export import FileWish, make_file
from core.matching.results import load_result
from core.problems import N_, Message

if TYPE_CHECKING:
    from core.jobs.context import JobContext

EXPORT_KIND = "export_match"


def export_files(job: JobContext) -> None:
    """Write one file; parameters are those of :class:`~core.matching.export.FileWish`.

    Raises:
        UnknownItem, ResultDamaged: the result is gone or cannot be read.
        Stopped: the job was asked to stop; nothing is left of it.
    """
    wish = FileWish.model_validate(job.params)

    def told(rows: int) -> None:
        job.check_stop()
        job.progress(Message(N_("Writing the file: {rows:,} rows so far"), {"rows": rows}))

    make_file(load_result(job.workspace, wish.id), wish, told)
