"""How texts are compared where width and capitals are not to count: one way for every screen."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_CASEFOLDED = {"ß": "ss", "ς": "σ"}
"""Where casefolding is more than lower case, of what is still in use after NFKC."""


def fold(text: str) -> str:
    """``text`` normalised (NFKC: ＡＢ１２ is AB12) and casefolded."""
    return unicodedata.normalize("NFKC", text).casefold()


def fold_spaces(text: str) -> str:
    """The same, with every run of white space one space, and none at the ends."""
    return " ".join(fold(text).split())


def fold_column(texts: pa.Array[Any] | pa.ChunkedArray[Any] | Sequence[str]) -> Any:
    """Many texts made ready for :func:`holding`, several times as fast as one by one."""
    if not isinstance(texts, (pa.Array, pa.ChunkedArray)):
        texts = pa.array(texts, pa.large_string())
    # Not in the stubs of pyarrow.
    normalised = pc.utf8_normalize(texts, form="NFKC")  # type: ignore[attr-defined]
    folded = pc.utf8_lower(normalised)
    for letter, instead in _CASEFOLDED.items():
        folded = pc.replace_substring(folded, letter, instead)
    return folded


def holding(folded: Any, words: str) -> NDArray[np.bool_]:
    """Which texts of a folded column have ``words`` in them; every Find of the workbench is this.

    Width and capitals do not count, anything else does.  A missing text holds nothing.
    """
    wanted = fold_column([words])[0].as_py()
    found = pc.fill_null(pc.match_substring(folded, wanted), False)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)
