"""Mining with sentence-transformers' own function, fed so that its traps are closed.

What ``sentence_transformers.util.mine_hard_negatives`` (6.2.0, read in its source) does by itself,
and what is done about it here:

- It excludes an anchor's positives only, so that an anchor which is also somebody's positive is
  mined as its own negative, as are positives of texts that mean the same.  All of these get a
  similarity of minus infinity before it ranks (:meth:`TextTable.forbidden`); it drops such texts.
- Texts that differ in case, width or spaces only count as different.  Here each is one text.
- It keeps as many places for each anchor as the anchor with the most positives has; one anchor with
  100,000 positives is the end of memory.  Each anchor is handed over once, with its hardest
  positive (the one that the function itself would take for its margins).
- It holds anchors times corpus similarities in pieces of 16,384 anchors; the pieces here shrink as
  the corpus grows.  It can neither be stopped nor say how far it is; the pieces can.
- Its embedding cache is keyed by a name that a tuned model shares with its base.  It is not used.
- It compares with the model's own similarity, under which a margin means something else for each
  model, and texts that a model gives no direction (NaN) rank anywhere.  Here it is always the
  cosine, and a model that gives no numbers is refused.
- "random" draws from Python's one generator; it is seeded for each piece.
- It encodes all anchors in every call and prints; here texts are encoded once, outside.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core.data.mining.params import MiningParams
from core.data.mining.texts import TextTable
from core.models.encoding import encode
from core.models.roles import Role
from core.problems import N_, Problem

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

PIECE = 4096
"""Anchors between two calls of the library's function."""
BLOCK_CELLS = 2**25
"""Similarities that are held at once: 128 MiB."""

Step = Callable[[int], None]
"""Called with a number of texts; may raise to stop."""


class ModelGivesNoNumbers(Problem):
    what = N_("The model {model} gives no usable vector for the text “{text}”.")
    do = N_("Choose another model; this one is damaged, or its training failed.")


@dataclass(frozen=True)
class Encoded:
    """A model, and the vectors of the corpus under it: unit rows, float32, on the job's device."""

    model: SentenceTransformer
    name: str
    corpus: torch.Tensor


def encode_corpus(
    model: SentenceTransformer, name: str, table: TextTable, progress: Step
) -> Encoded:
    """Encode every text that can be a negative, once.

    Args:
        model: the model.
        name: what people call it.
        table: the dataset's texts.
        progress: told how many texts are done.

    Raises:
        ModelGivesNoNumbers: a vector is not finite.
    """
    import torch

    texts = [table.texts[code] for code in table.corpus]
    vectors = _encode(model, name, texts, "document", progress)
    return Encoded(model, name, torch.as_tensor(vectors).to(model.device))


def mine_piece(
    encoded: Encoded, table: TextTable, codes: np.ndarray, params: MiningParams, step: Step
) -> pd.DataFrame:
    """The nearest texts of the anchors ``codes`` that may be negatives.

    Args:
        encoded: from :func:`encode_corpus`.
        table: the dataset's texts.
        codes: at most :data:`PIECE` different anchors of ``table``.
        params: what to look for.
        step: told how many more anchors are done.

    Returns:
        A row for each proposal: anchor (its code), match (the position in ``table.rows`` of the row
        with its hardest positive), candidate (a code), score_positive, score_candidate, rank (from
        1, the nearest one that was taken).

    Raises:
        ModelGivesNoNumbers: a vector is not finite.
    """
    from datasets import Dataset
    from sentence_transformers.util import mine_hard_negatives

    anchors = [table.texts[code] for code in codes]
    queries = _encode(encoded.model, encoded.name, anchors, "query", lambda _: step(0))
    stand_in = _Answers(encoded.corpus, queries, table.forbidden(codes), step)
    hardest = _hardest_positives(table, codes, stand_in)
    corpus = [table.texts[code] for code in table.corpus]
    pairs = {"anchor": anchors, "positive": [table.texts[c] for c in table.positives[hardest]]}
    random.seed(f"{params.seed}-{codes[0]}")
    mined = mine_hard_negatives(
        Dataset.from_dict(pairs),
        stand_in,
        corpus=corpus,
        range_min=params.range_min,
        range_max=params.depth,
        max_score=params.max_score,
        absolute_margin=params.margin,
        relative_margin=params.relative_margin,
        num_negatives=params.how_many,
        sampling_strategy=params.sampling,
        output_format="triplet",
        output_scores=True,
        faiss_batch_size=max(1, BLOCK_CELLS // len(corpus)),
        verbose=False,
    )
    place = {text: position for position, text in enumerate(anchors)}
    code_of = dict(zip(corpus, table.corpus.tolist(), strict=True))
    found = np.array([place[text] for text in mined["anchor"]], dtype=np.int64)
    scores = np.array(mined["scores"], dtype=np.float32).reshape(-1, 2)
    proposals = pd.DataFrame(
        {
            "anchor": codes[found],
            "match": hardest[found],
            "candidate": np.array([code_of[text] for text in mined["negative"]], dtype=np.int64),
            "score_positive": scores[:, 0],
            "score_candidate": scores[:, 1],
        }
    )
    proposals["rank"] = proposals.groupby("anchor").cumcount() + 1
    return proposals


class _Answers:
    """Answers the library's function in a model's place, from vectors that are there already."""

    def __init__(
        self, corpus: torch.Tensor, queries: np.ndarray, forbidden: Any, step: Step
    ) -> None:
        import torch

        self.device = corpus.device
        self.corpus = corpus
        self.queries = torch.as_tensor(queries).to(corpus.device)
        self._forbidden = forbidden
        self._step = step
        self._answered = 0

    def encode_document(self, texts: Sequence[str], **_: Any) -> torch.Tensor:
        """The corpus in its own order: the function must not have added or moved a text."""
        if len(texts) != len(self.corpus):
            raise ValueError(f"asked for {len(texts)} texts of a corpus of {len(self.corpus)}")
        return self.corpus

    def encode_query(self, texts: Sequence[str], **_: Any) -> torch.Tensor:
        """The anchors in their own order."""
        if len(texts) != len(self.queries):
            raise ValueError(f"asked for {len(texts)} anchors of {len(self.queries)}")
        return self.queries

    def similarity(self, queries: torch.Tensor, corpus: torch.Tensor) -> torch.Tensor:
        """Cosines of the next anchors with the corpus; what is forbidden is infinitely far away."""
        import torch

        begin, end = self._answered, self._answered + len(queries)
        self._answered = end
        scores = queries @ corpus.T
        banned = self._forbidden[begin:end].tocoo()
        rows, columns = (torch.as_tensor(x.astype(np.int64)) for x in (banned.row, banned.col))
        scores[rows.to(self.device), columns.to(self.device)] = -torch.inf
        self._step(len(queries))
        return scores

    def similarity_pairwise(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """The cosine of each row of ``left`` with the same row of ``right``."""
        return (left * right).sum(dim=1)


def _hardest_positives(table: TextTable, codes: np.ndarray, answers: _Answers) -> np.ndarray:
    """For each anchor the position in ``table.rows`` of the row whose positive is farthest."""
    place = np.full(len(table.texts), -1)
    place[codes] = np.arange(len(codes))
    rows = np.flatnonzero(place[table.anchors] >= 0)
    queries = place[table.anchors[rows]]
    positives = np.searchsorted(table.corpus, table.positives[rows])
    scores = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), PIECE):
        part = slice(start, start + PIECE)
        pairwise = answers.similarity_pairwise(
            answers.queries[queries[part]], answers.corpus[positives[part]]
        )
        scores[part] = pairwise.cpu().numpy()
    order = np.lexsort((rows, scores, queries))
    _, first = np.unique(queries[order], return_index=True)
    return np.asarray(rows[order[first]])


def _encode(
    model: SentenceTransformer, name: str, texts: Sequence[str], role: Role, progress: Step
) -> np.ndarray:
    """Unit rows, float32 [n, dimension], of texts encoded as questions or as documents."""
    vectors = encode(model, texts, role, progress=progress)
    # A sum is finite where every number of the row is: rows of length 1 do not overflow.
    broken = np.flatnonzero(~np.isfinite(vectors.sum(axis=1)))
    if len(broken):
        raise ModelGivesNoNumbers(model=name, text=texts[broken[0]][:60])
    return vectors
