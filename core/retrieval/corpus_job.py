"""The job that makes a corpus of a large table, or adds one to a corpus, so that no page waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from core.data.staging import StagedTable, read_staged
from core.files import read_json, write_json
from core.problems import N_, Message
from core.retrieval.corpora import create_corpus, load_corpus
from core.retrieval.growth import Added, add_rows

if TYPE_CHECKING:
    from core.jobs.context import JobContext

_RESULT_FILE = "result.json"


def store_params(
    upload_id: str,
    name: str,
    *,
    text_column: str,
    id_column: str | None = None,
    add_to: str | None = None,
) -> dict[str, Any]:
    """The parameters of a ``store_corpus`` job.

    Args:
        upload_id: the table, as :func:`core.data.staging.stage_upload` or ``stage_path`` keep it;
            it is read by the job unless it has been read with the usual options.
        name: what people will call the corpus.
        text_column: the column with the texts.
        id_column: the column with ids; rows are numbered when None.
        add_to: the corpus to which the rows are added; a corpus of their own when None.
    """
    return {
        "upload": upload_id,
        "name": name,
        "text_column": text_column,
        "id_column": id_column,
        "add_to": add_to,
    }


def store_corpus(job: JobContext) -> None:
    """Store a table as a corpus; :func:`stored_corpus` then says what became of it.

    Raises:
        Stopped: the job was asked to stop.
        Problem: see :func:`core.data.staging.read_staged`,
            :func:`core.retrieval.corpora.create_corpus`, :func:`core.retrieval.growth.add_rows`.
    """

    def tell(stage: Message, done: float | None = None) -> None:
        job.check_stop()
        job.progress(stage, done)

    params = job.params
    staged = read_staged(job.workspace, params["upload"], progress=tell)
    columns = {"text_column": params["text_column"], "id_column": params["id_column"]}
    batches = _told(job, staged)
    if params["add_to"] is not None:
        added = add_rows(job.workspace, params["add_to"], batches, name=params["name"], **columns)
    else:
        id = create_corpus(job.workspace, params["name"], batches, **columns)
        info = load_corpus(job.workspace, id).info
        added = Added(id, info.rows, 0, info.left_out)
    write_json(job.folder / _RESULT_FILE, asdict(added))


def stored_corpus(folder: Path) -> Added | None:
    """What a ``store_corpus`` job with this folder made; None when it has not."""
    try:
        return Added(**read_json(folder / _RESULT_FILE))
    except (OSError, ValueError, TypeError):
        return None


def _told(job: JobContext, staged: StagedTable) -> Iterator[pa.RecordBatch]:
    """The table's rows; the job hears how many there were."""
    rows = 0
    for batch in staged.batches():
        job.check_stop()
        job.progress(
            Message(N_("Storing the texts: {rows:,} rows so far"), {"rows": rows}),
            rows / max(1, staged.info.rows),
        )
        yield batch
        rows += batch.num_rows
