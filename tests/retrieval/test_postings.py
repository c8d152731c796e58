"""The table of words made from a stream against the library's own, made from everything at once."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from bm25s import BM25

from core.retrieval import postings
from core.retrieval.lexical import K1, B, LexicalIndex
from core.retrieval.postings import Postings, build_postings
from core.retrieval.tokens import lexical_tokens

TEXTS = [
    f"第{number % 17}种阿莫西林 {number % 5 * 0.25}g " + "胶囊" * (number % 4)
    for number in range(90)
]
TEXTS[40] = "……"


def _library() -> BM25:
    bm25 = BM25(k1=K1, b=B, method="lucene")
    bm25.index([lexical_tokens(text) for text in TEXTS], show_progress=False)
    return bm25


@pytest.mark.parametrize("block", [7, 45, 1_000])
@pytest.mark.parametrize("on_disk", [True, False])
def test_the_same_as_the_librarys(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, block: int, on_disk: bool
) -> None:
    monkeypatch.setattr(postings, "BLOCK_TEXTS", block)
    table = build_postings(iter(TEXTS), k1=K1, b=B, scratch=tmp_path if on_disk else None)
    assert isinstance(table.scores, np.memmap) == on_disk
    library = _library()
    starts, scores = library.scores["indptr"], library.scores["data"]
    assert table.passages == len(TEXTS)
    assert set(table.vocabulary) == set(library.vocab_dict) - {""}
    for word, number in table.vocabulary.items():
        own = slice(table.starts[number], table.starts[number + 1])
        other = library.vocab_dict[word]
        theirs = slice(starts[other], starts[other + 1])
        np.testing.assert_array_equal(table.rows[own], library.scores["indices"][theirs])
        np.testing.assert_array_equal(table.scores[own], scores[theirs])


def test_what_was_built_on_disk_is_saved_whole(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    index = LexicalIndex.build(chain(TEXTS), scratch=scratch)
    index.save(tmp_path / "lexical")
    answers = index.scores("阿莫西林 0.25g")
    for path in scratch.iterdir():
        path.unlink()
    np.testing.assert_array_equal(
        LexicalIndex.load(tmp_path / "lexical").scores("阿莫西林 0.25g"), answers
    )


def test_blocks_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postings, "BLOCK_TEXTS", 2)
    table: Postings = build_postings(["!", "?", "a", "!"], k1=K1, b=B)
    assert table.vocabulary == {"a": 0}
    assert table.rows.tolist() == [2]
