"""How long reading a corpus takes, reckoned before it begins."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.files import write_json
from core.models.bundled import bundled_path
from core.models.folder import NoSuchFolder, read_folder
from core.models.vocabulary import token_lengths
from core.retrieval import reading_time
from core.retrieval.corpora import Corpus, create_corpus, load_corpus
from core.retrieval.draft import draft_of
from core.retrieval.growth import add_rows
from core.retrieval.reading_time import begin_at_once, reading_seconds
from core.training.cost import forward_flops
from core.training.speed import GUESS, SPEED_FILE
from core.workspace import Workspace
from tests.models.made import save_static

ROWS = 400


@pytest.fixture
def corpus(workspace: Workspace) -> Corpus:
    write_json(workspace.cache / SPEED_FILE, asdict(replace(GUESS, encode_flops=1e9)))
    table = pd.DataFrame({"t": [f"a red running shoe of size {i}" for i in range(ROWS)]})
    found = load_corpus(workspace, create_corpus(workspace, "shoes", table, text_column="t"))
    found.lexical_folder.mkdir()
    return found


def test_a_transformer_takes_its_operations(workspace: Workspace, corpus: Corpus) -> None:
    base = read_folder(bundled_path())
    assert base.tokenizer is not None
    lengths = token_lengths(base.tokenizer, corpus.texts(), base.max_length)
    expected = forward_flops(base, ROWS, round(float(lengths.mean()))) / 1e9
    assert expected > 20
    got = reading_seconds(workspace, corpus, bundled_path(), "f00d")
    assert got == pytest.approx(expected, rel=0.1)


def test_what_was_read_is_not_counted(workspace: Workspace, corpus: Corpus) -> None:
    whole = reading_seconds(workspace, corpus, bundled_path(), "f00d")
    with draft_of(corpus.vectors_path("f00d"), ROWS, lambda: None) as draft:
        draft.put(np.arange(100), np.ones((100, 4), dtype=np.float32))
    left = reading_seconds(workspace, corpus, bundled_path(), "f00d")
    assert left == pytest.approx(whole * 3 / 4)
    np.save(corpus.vectors_path("f00d"), np.ones((ROWS, 4), dtype=np.float32))
    assert reading_seconds(workspace, corpus, bundled_path(), "f00d") == 0
    # Of a corpus that grew only the new texts are read.
    more = pd.DataFrame({"t": [f"a blue running shoe of size {i}" for i in range(ROWS // 10)]})
    grown = load_corpus(
        workspace, add_rows(workspace, corpus.info.id, more, text_column="t").corpus
    )
    grown.lexical_folder.mkdir()
    new = reading_seconds(workspace, grown, bundled_path(), "f00d")
    assert new == pytest.approx(whole / 10, rel=0.1)


def test_static_models_words_and_the_quick_index(
    workspace: Workspace, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    static = save_static(tmp_path / "static")
    assert reading_seconds(workspace, corpus, static, "f00d") == pytest.approx(ROWS * 1e-4)
    monkeypatch.setattr(reading_time, "HNSW_FROM_ROWS", 100)
    graph = ROWS * (1e-4 + 2.6e-4)
    assert reading_seconds(workspace, corpus, static, "f00d") == pytest.approx(graph)
    corpus.lexical_folder.rmdir()
    assert reading_seconds(workspace, corpus, None, None) == pytest.approx(ROWS * 1.2e-4)
    with pytest.raises(NoSuchFolder):
        reading_seconds(workspace, corpus, tmp_path / "gone", "f00d")


def test_the_quickest_begin_at_once_while_all_of_them_are_quick() -> None:
    assert begin_at_once([]) == []
    assert begin_at_once([19.0, 0.5]) == [True, True]
    assert begin_at_once([15.0, 1.0, 10.0, 300.0]) == [False, True, True, False]
