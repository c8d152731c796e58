"""The job that finds texts of one column that are the same or nearly the same."""

from __future__ import annotations

import time
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.matching.blocks import Pairs, near_pairs
from core.matching.params import DuplicateParams
from core.matching.reading import unread_share
from core.matching.results import (
    PAIRS_FILE,
    VECTORS_FILE,
    ResultMeta,
    table_meta,
    write_meta,
    write_scored,
    write_table,
    writing,
)
from core.matching.tables import describe_table, read_rows
from core.matching.vectors import TextVectors, read_texts
from core.problems import N_, Message, Problem
from core.workspace import utc_now

if TYPE_CHECKING:
    from core.jobs.context import JobContext

MOST_PAIRS = 1_000_000
"""How many pairs are kept at most: 20 MB; beyond that only the most alike."""
_READ = N_("Reading the texts: {done:,} of {texts:,} new texts")
_COMPARING = Message(N_("Comparing every text with every other"))


class OneTextOnly(Problem):
    what = N_("The column {column} of {table} has only one text, so nothing can be like it.")
    do = N_("Choose another column or table.")


def plain(text: str) -> str:
    """What makes two texts exact copies: width, kinds of signs and white space do not count."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def find_duplicates(job: JobContext) -> None:
    """Find near-duplicates; parameters are those of :class:`~core.matching.params.DuplicateParams`.

    Exact copies are told by their letters and read by the model once.  Nothing is done when the
    result is there.

    Raises:
        Problem: the table or the model cannot be used.
        Stopped: the job was asked to stop; nothing is left but the vectors.
    """
    params = DuplicateParams.model_validate(job.params)
    if (job.workspace.matches / params.id).is_dir():
        return
    started = time.monotonic()
    params.model.check()
    job.progress(Message(N_("Reading the table")))
    table = read_rows(job.workspace, params.table)
    info = describe_table(job.workspace, params.table.kind, params.table.id)
    title = info.titles[params.table.text]
    if len(table) < 2:
        raise OneTextOnly(column=title, table=table.name)
    keys, firsts = _keys(table.texts)
    vectors = _vectors(job, params, [table.texts[at] for at in firsts])

    def told(share: float) -> None:
        job.check_stop()
        job.progress(_COMPARING, 0.9 + 0.1 * share)

    pairs = near_pairs(vectors, params.floor, MOST_PAIRS, told)
    with writing(job.workspace, params.id) as folder:
        write_table(folder, "table", table, {"key": keys})
        _write_vectors(folder / VECTORS_FILE, vectors, pairs)
        columns = {
            "first": pairs.first.astype(np.int32),
            "second": pairs.second.astype(np.int32),
            "score": pairs.scores,
        }
        write_scored(folder, PAIRS_FILE, columns)
        meta = ResultMeta(
            id=params.id,
            created=utc_now(),
            seconds=time.monotonic() - started,
            duplicates=params,
            tables={"table": table_meta(table, title, params.table.label)},
            floor=pairs.floor,
            distinct=len(firsts),
            unread=unread_share(params.model.folder, table.texts),
        )
        write_meta(folder, meta)


def _keys(texts: list[str]) -> tuple[NDArray[np.int32], list[int]]:
    """The number of each row's text when copies count once, and where each is met first."""
    seen: dict[str, int] = {}
    firsts: list[int] = []
    keys = np.empty(len(texts), dtype=np.int32)
    for at, text in enumerate(texts):
        key = seen.setdefault(plain(text), len(firsts))
        if key == len(firsts):
            firsts.append(at)
        keys[at] = key
    return keys, firsts


def _vectors(job: JobContext, params: DuplicateParams, texts: list[str]) -> TextVectors:
    def told(done: int, texts: int, share: float) -> None:
        job.check_stop()
        job.progress(Message(_READ, {"done": done, "texts": texts}), 0.9 * share)

    model = params.model
    return read_texts(job.workspace, model.folder, model.fingerprint, texts, told)


def _write_vectors(path: Path, vectors: TextVectors, pairs: Pairs) -> None:
    """Keep the vectors of the texts that have a pair: groups are looked at more closely later."""
    used = pairs.used
    width = vectors.store.shape[1]
    if not len(used):
        np.save(path, np.empty((0, width), dtype=np.float32))
        return
    rows = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(len(used), width))
    for start in range(0, len(used), 8_192):
        part = slice(start, start + 8_192)
        rows[part] = vectors.take(used[part])
    rows.flush()
