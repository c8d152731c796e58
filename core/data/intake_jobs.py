"""The jobs that check and store a large table, so that a page need not wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.data.intake import Draft, Progress, check_draft, store_draft
from core.data.steps import Step
from core.data.store import derive_dataset
from core.problems import N_, Message

if TYPE_CHECKING:
    from core.jobs.context import JobContext

_MAKING = Message(N_("Making the new version"))


def check_table(job: JobContext) -> None:
    """Check a draft; parameters ``draft``: :meth:`core.data.intake.Draft.to_json`.

    :func:`core.data.intake.load_draft_report` then has the result.

    Raises:
        Problem: see :func:`core.data.intake.check_draft`.
    """
    check_draft(job.workspace, Draft.from_json(job.params["draft"]), _progress_of(job))


def store_table(job: JobContext) -> None:
    """Store a draft, or a dataset with other steps.

    Parameters are ``draft``, ``name``, and ``sample`` if it is a bundled sample, and
    :func:`core.data.intake.stored_dataset` then has the dataset's id; or ``derive``, a dataset's
    id, and ``steps``, the whole list, and the version is the dataset that is made by these.

    Raises:
        Problem: see :func:`core.data.intake.store_draft`, :func:`core.data.store.derive_dataset`.
    """
    params = job.params
    if "derive" in params:
        job.progress(_MAKING)
        steps = [Step.from_json(step) for step in params["steps"]]
        derive_dataset(job.workspace, params["derive"], steps)
        return
    store_draft(
        job.workspace,
        Draft.from_json(params["draft"]),
        params["name"],
        _progress_of(job),
        params.get("sample"),
    )


def _progress_of(job: JobContext) -> Progress:
    """Tells the job's folder how far it is, and ends the work when somebody asked for that."""

    def tell(stage: Message, done: float | None = None) -> None:
        job.check_stop()
        job.progress(stage, done)

    return tell
