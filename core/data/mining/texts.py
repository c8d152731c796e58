"""A dataset's texts as numbers: which are the same, which belong together."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from core.data.shapes import ANCHOR, MATCH_SCORE, POSITIVE, SCORE, is_negative

HUB = 50
"""A text that matches more texts than this is a general one, such as "yes" or the name of a
category: two texts that both match it need not mean the same.  Groups of more texts than this,
linked one through another, need not mean the same throughout either."""

_SOFT = re.compile(r"(?<!\d)[^\w+#%°]|[^\w+#%°](?!\d)")


def plain(text: str) -> str:
    """``text`` without differences of case, width and white space: equal ones are one text."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def bare(text: str) -> str:
    """``text`` without spaces and punctuation too, except between digits, where they matter."""
    return _SOFT.sub("", plain(text))


@dataclass(frozen=True)
class TextTable:
    """The texts of a dataset, each once, and what the dataset says about them.

    Attributes:
        texts: each text as it is first written; its position is its code.
        rows: positions in the frame of the rows that are matches.
        anchors: the code of the anchor of each of ``rows``.
        positives: the code of its positive.
        corpus: ascending codes of the texts that can be negatives: all positives and negatives.
        links: sparse, codes by codes: which texts match one another.
        refused: sparse, codes by codes: the negatives that an anchor has already.
    """

    texts: list[str]
    rows: np.ndarray
    anchors: np.ndarray
    positives: np.ndarray
    corpus: np.ndarray
    links: Any
    refused: Any

    def forbidden(self, codes: np.ndarray) -> Any:
        """What must not become a negative of each of the anchors ``codes``.

        That is the anchor itself; its positives; the texts that are linked with it through others
        (another anchor with the same positive, the positives of that one, and so on), all of them
        in a small group and those through up to two others in a large one; and the negatives that
        it has already.  :data:`HUB` says what is small, and which texts link nothing.

        Returns:
            A sparse matrix in CSR form, ``codes`` by positions in :attr:`corpus`.
        """
        from scipy.sparse import csr_array

        direct = self.links[codes]
        second = direct @ self._passing
        grouped = self._groups[codes] @ self._groups.T
        selves = _relation(np.arange(len(codes)), codes, (len(codes), len(self.texts)))
        near = selves + direct + second + second @ self._passing + grouped
        return csr_array((near + self.refused[codes])[:, self.corpus])

    @cached_property
    def _passing(self) -> Any:
        """The links of the texts that are not too general to pass a meaning on."""
        from scipy.sparse import diags_array

        degrees = np.diff(self.links.indptr)
        return (diags_array(degrees <= HUB, dtype=bool) @ self.links).tocsr()

    @cached_property
    def _groups(self) -> Any:
        """Sparse, codes by groups: which small group of linked texts each text is in."""
        from scipy.sparse.csgraph import connected_components

        # A link counts only if neither of its ends is too general.
        links = self._passing.multiply(self._passing.T)
        _, group = connected_components(links, directed=False)
        small = np.flatnonzero(np.bincount(group)[group] <= HUB)
        return _relation(small, group[small], (len(self.texts), len(self.texts)))


def read_texts(frame: pd.DataFrame) -> TextTable:
    """The texts of a dataset's rows; ``frame`` has an anchor and a positive."""
    from scipy.sparse import csr_array

    negatives = [str(name) for name in frame if is_negative(str(name))]
    columns = [ANCHOR, POSITIVE, *negatives]
    written = pd.concat([frame[name] for name in columns], ignore_index=True)
    # Each writing is looked at once, however often it occurs.
    spellings, distinct = pd.factorize(written)
    forms, _ = pd.factorize(pd.Series([plain(text) for text in distinct], dtype=object))
    _, first = np.unique(forms, return_index=True)
    codes = forms[spellings].reshape(len(columns), len(frame))
    matches = np.ones(len(frame), dtype=bool)
    if SCORE in frame:
        matches = (frame[SCORE] >= MATCH_SCORE).to_numpy()
    anchors, positives = codes[0][matches], codes[1][matches]

    shape = (len(first), len(first))
    links = _relation(anchors, positives, shape)
    return TextTable(
        texts=[distinct[position] for position in first],
        rows=np.flatnonzero(matches),
        anchors=anchors,
        positives=positives,
        corpus=np.unique(codes[1:]),
        links=csr_array(links + links.T),
        refused=_relation(np.tile(codes[0], len(negatives)), codes[2:].ravel(), shape),
    )


def _relation(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> Any:
    """A sparse matrix in CSR form that is true at these places."""
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(rows), dtype=bool), (rows, columns)), shape=shape)
