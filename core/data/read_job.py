"""The job that reads a large table onto the disk."""

from __future__ import annotations

from core.data.reading.rows import ReadOptions
from core.data.staging import read_staged
from core.jobs.context import JobContext
from core.problems import Message


def read_table_job(job: JobContext) -> None:
    """Read the upload ``staged`` with ``options`` (:class:`ReadOptions` as JSON), both parameters.

    The page then finds it with :func:`core.data.staging.load_staged`.
    """

    def progress(stage: Message, done: float | None) -> None:
        job.check_stop()
        job.progress(stage, done)

    options = ReadOptions(**job.params.get("options", {}))
    read_staged(job.workspace, job.params["staged"], options, progress)
