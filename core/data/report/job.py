"""The job that looks at a stored dataset and keeps its report with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.data.report.bases import bases_for_report
from core.data.report.make import make_report
from core.data.store import load_dataset, save_report
from core.problems import N_, Message

if TYPE_CHECKING:
    from core.jobs.context import JobContext

_READING = N_("Reading the dataset")


def report_dataset(job: JobContext) -> None:
    """Make the data report of a dataset and keep it there.

    Parameters are ``dataset``, its id; ``base``, the base that tokens are counted with, as
    :func:`~core.data.report.bases.bases_for_report` knows it, the bundled one when left out; and
    ``full``, whether nothing is to be left to samples.

    Raises:
        Problem: the dataset cannot be read, or a base's tokenizer.
        Stopped: the job was asked to stop; an earlier report stays.
    """

    def tell(stage: Message, done: float | None = None) -> None:
        job.check_stop()
        job.progress(stage, done)

    tell(Message(_READING))
    dataset = load_dataset(job.workspace, job.params["dataset"])
    report = make_report(
        dataset.frame(),
        dataset.info.names,
        bases=bases_for_report(job.workspace, job.params.get("base")),
        progress=tell,
        full=bool(job.params.get("full", False)),
    )
    job.check_stop()
    save_report(job.workspace, dataset.info.id, report)
