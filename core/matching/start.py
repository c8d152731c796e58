"""From what somebody chose to the parameters of a job, refused at once where it cannot work."""

from __future__ import annotations

from core.jobs import queue
from core.jobs.kinds import KINDS
from core.matching.models import OfferedModel, UsedModel, suggested_threshold, use
from core.matching.params import (
    DUPLICATES_KIND,
    MATCH_KIND,
    DuplicateParams,
    MatchParams,
    Method,
)
from core.matching.tables import TableChoice, describe_table
from core.workspace import Workspace

START_THRESHOLD = 0.7
"""Where the threshold stands at first for a model that no run has measured one for."""
START_DUPLICATES = 0.9


def match_params(
    workspace: Workspace,
    left: TableChoice,
    right: TableChoice,
    *,
    method: Method = "model",
    offer: OfferedModel | None = None,
    same: tuple[str, str] | None = None,
) -> MatchParams:
    """The parameters of a ``match`` job, with the threshold that the model's run measured.

    Args:
        workspace: where the tables are.
        left: the table whose rows look for partners.
        right: the table in which they look.
        method: by what.
        offer: the model; not needed for words alone.
        same: a column of each table that must be equal in a pair.

    Raises:
        SameTable: every row would find itself.
        ModelGone, ModelChanged: the model's folder was deleted, or holds another one now.
        Problem: a table cannot be read.
    """
    first, second = (
        describe_table(workspace, choice.kind, choice.id).content for choice in (left, right)
    )
    model: UsedModel | None = None
    threshold, origin = 0.0, None
    if method != "words":
        assert offer is not None
        model = use(offer)
        suggestion = suggested_threshold(workspace, offer)
        threshold = suggestion.threshold if suggestion else START_THRESHOLD
        origin = suggestion.run if suggestion else None
    params = MatchParams(
        left=left,
        right=right,
        contents=(first, second),
        method=method,
        model=model,
        same=same,
        threshold=threshold,
        threshold_from=origin,
    )
    params.check()
    return params


def duplicate_params(
    workspace: Workspace, table: TableChoice, offer: OfferedModel, floor: float = START_DUPLICATES
) -> DuplicateParams:
    """The parameters of a ``find_duplicates`` job.

    Raises:
        ModelGone, ModelChanged: the model's folder was deleted, or holds another one now.
        Problem: the table cannot be read.
    """
    content = describe_table(workspace, table.kind, table.id).content
    return DuplicateParams(table=table, content=content, model=use(offer), floor=floor)


def active_job(workspace: Workspace, id: str) -> tuple[str, MatchParams | DuplicateParams] | None:
    """The job that waits or works for the result ``id``, and what it does; None without one."""
    placed = [job for jobs in queue.placed_jobs(workspace).values() for job in jobs]
    for job in [*placed, *queue.waiting_jobs(workspace)]:
        if job.kind not in (MATCH_KIND, DUPLICATES_KIND) or queue.stop_requested(job.folder):
            continue
        try:
            params = parse(job.kind, queue.read_spec(job.folder).params)
        except (OSError, ValueError):
            # Deleted or damaged meanwhile: nobody works on it.
            continue
        if params.id == id:
            return job.id, params
    return None


def parse(kind: str, params: dict[str, object]) -> MatchParams | DuplicateParams:
    """The parameters of a job of one of the two kinds.

    Raises:
        ValueError: they are not that.
    """
    assert kind in KINDS
    if kind == MATCH_KIND:
        return MatchParams.model_validate(params)
    return DuplicateParams.model_validate(params)
