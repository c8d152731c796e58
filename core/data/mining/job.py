"""The job that mines negatives and leaves a review of them to be gone through."""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from core.data.mining import search
from core.data.mining.doubts import doubts_from_scores, doubts_from_words
from core.data.mining.params import MiningParams, check_mining
from core.data.mining.review import ReviewInfo, write_review
from core.data.mining.texts import TextTable, read_texts
from core.data.reading.rows import ROW
from core.data.shapes import ANCHOR, POSITIVE
from core.problems import N_, Message, Problem
from core.training.encoding import load_model
from core.workspace import utc_now

if TYPE_CHECKING:
    from core.jobs.context import JobContext

_TEMPORARY = ".unfinished-"


class NothingMined(Problem):
    what = N_("No text of this dataset can be a negative under these settings.")
    do = N_(
        "Let the search go further down the list, or loosen the margin and the highest score. "
        "A dataset with very few different positives has no negatives to offer."
    )


def mine_negatives(job: JobContext) -> None:
    """Mine negatives for a dataset and write the review, whose id is the job's.

    Parameters are those of :class:`~core.data.mining.params.MiningParams`.  Nothing is done when
    the review is there already.

    Raises:
        Problem: the dataset or the model cannot be used, or nothing was found.
        Stopped: the job was asked to stop; nothing is left of it.
    """
    # The model is on this machine; a hub out of reach must not delay it.
    os.environ["HF_HUB_OFFLINE"] = "1"
    final = job.workspace.reviews / job.folder.name
    if final.exists():
        return
    params = MiningParams.parse(job.params)
    job.progress(Message(N_("Reading the dataset")))
    dataset, base = check_mining(job.workspace, params)
    assert base.path is not None
    frame = dataset.frame()
    table = read_texts(frame)
    job.check_stop()
    job.progress(Message(N_("Loading PyTorch and the model {model}"), {"model": base.name}))
    model = load_model(base.path, job.device)
    anchors = np.unique(table.anchors)
    work = _Work(job, len(table.corpus), len(anchors))
    encoded = search.encode_corpus(model, base.name, table, work.encoded)
    pieces = [
        search.mine_piece(
            encoded, table, anchors[start : start + search.PIECE], params, work.searched
        )
        for start in range(0, len(anchors), search.PIECE)
    ]
    job.progress(Message(N_("Looking for likely right answers among them")), 1.0)
    proposals = pd.concat(pieces, ignore_index=True)
    if proposals.empty:
        raise NothingMined
    candidates = describe(proposals, table, frame)
    job.check_stop()
    info = ReviewInfo(
        id=final.name,
        dataset=dataset.info.id,
        dataset_name=dataset.info.name,
        content_hash=dataset.info.content_hash,
        model=base.name,
        params=params,
        created=utc_now(),
        candidates=len(candidates),
        likely_false=int(candidates["likely_false"].sum()),
        anchors=len(anchors),
        anchors_without=len(anchors) - proposals["anchor"].nunique(),
        corpus=len(table.corpus),
    )
    for leftover in job.workspace.reviews.glob(f"{_TEMPORARY}{final.name}-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    draft = final.with_name(f"{_TEMPORARY}{final.name}-{secrets.token_hex(4)}")
    draft.mkdir()
    write_review(draft, info, candidates)
    draft.rename(final)


@dataclass
class _Work:
    """Says how far the job is and obeys stop requests; its units are texts encoded."""

    job: JobContext
    corpus: int
    anchors: int
    corpus_done: int = 0
    anchors_done: int = 0

    def encoded(self, texts: int) -> None:
        """So many texts of the corpus are encoded."""
        self.corpus_done = texts
        facts = {"done": self.corpus_done, "texts": self.corpus}
        self._tell(Message(N_("Reading the texts: {done:,} of {texts:,}"), facts))

    def searched(self, anchors: int) -> None:
        """So many more anchors are done."""
        self.anchors_done += anchors
        facts = {"done": self.anchors_done, "anchors": self.anchors}
        self._tell(Message(N_("Searching negatives: {done:,} of {anchors:,} anchors"), facts))

    def _tell(self, stage: Message) -> None:
        self.job.check_stop()
        done = self.corpus_done + self.anchors_done
        self.job.progress(stage, done / (self.corpus + self.anchors))


def describe(proposals: pd.DataFrame, table: TextTable, frame: pd.DataFrame) -> pd.DataFrame:
    """The candidates as a review shows them, the likely right answers first.

    Args:
        proposals: as :func:`core.data.mining.search.mine_piece` gives them.
        table: the texts of ``frame``.
        frame: the rows of the dataset.
    """
    texts = np.array(table.texts, dtype=object)
    positives = pd.Series(texts[table.positives]).groupby(table.anchors).agg(set).to_dict()
    candidate = texts[proposals["candidate"]]
    words = [
        doubts_from_words(positives[anchor], text)
        for anchor, text in zip(proposals["anchor"], candidate, strict=True)
    ]
    scores = proposals["score_positive"].to_numpy(), proposals["score_candidate"].to_numpy()
    doubts = doubts_from_scores(*scores) | np.array(words, dtype=np.uint8)
    shown = frame.iloc[table.rows[proposals["match"]]]
    candidates = pd.DataFrame(
        {
            "row": shown[ROW].to_numpy(np.int32),
            "anchor": shown[ANCHOR].to_numpy(object),
            "positive": shown[POSITIVE].to_numpy(object),
            "candidate": candidate,
            "score_positive": scores[0],
            "score_candidate": scores[1],
            "rank": proposals["rank"].to_numpy(np.int32),
            "margin": scores[0] - scores[1],
            "likely_false": doubts > 0,
            "doubts": doubts,
        }
    )
    order = np.lexsort(
        (candidates["rank"], candidates["row"], candidates["margin"], ~candidates["likely_false"])
    )
    return candidates.iloc[order].reset_index(drop=True)
