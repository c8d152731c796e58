"""The file of texts: the same whether rows come as one table or as a stream, and read in parts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.retrieval import passages
from core.retrieval.corpora import (
    Corpus,
    Question,
    create_corpus,
    delete_corpus,
    list_corpora,
    load_corpus,
)
from core.retrieval.passages import CorpusEmpty, IdMissing, IdRepeated, batches_of, write_passages
from core.workspace import Workspace

ROWS = 2_345
TABLE = pd.DataFrame(
    {
        "编号": [f"p{number}" for number in range(ROWS)],
        "名称": ["" if number % 7 == 3 else f"第{number}号商品" for number in range(ROWS)],
        "price": [str(number % 50) for number in range(ROWS)],
    }
)


def _stream(table: pd.DataFrame, rows: int) -> Iterator[pa.RecordBatch]:
    for start in range(0, len(table), rows):
        yield from batches_of(table.iloc[start : start + rows])


def _corpus(workspace: Workspace, rows: int = 100) -> Corpus:
    stream = _stream(TABLE, rows)
    id = create_corpus(workspace, "goods", stream, text_column="名称", id_column="编号")
    return load_corpus(workspace, id)


def test_a_stream_gives_the_same_corpus_as_the_whole_table(workspace: Workspace) -> None:
    corpus = _corpus(workspace, 97)
    for table in (TABLE, _stream(TABLE, 1_000)):
        other = create_corpus(workspace, "again", table, text_column="名称", id_column="编号")
        assert other == corpus.info.id
    kept = TABLE[TABLE["名称"] != ""]
    assert (corpus.info.rows, corpus.info.left_out) == (len(kept), ROWS - len(kept))
    assert corpus.texts() == kept["名称"].tolist()
    assert corpus.ids() == kept["编号"].tolist()
    assert [text for texts in corpus.slices() for text in texts] == kept["名称"].tolist()


def test_the_hash_is_of_the_columns_as_json(workspace: Workspace) -> None:
    # As it always was, so that a table that was added long ago is found again.
    frame = _corpus(workspace).frame()
    digest = hashlib.sha256()
    for column in frame.columns:
        values = json.dumps([column, frame[column].tolist()], ensure_ascii=False)
        digest.update(values.encode())
    digest.update(b"[]")
    assert _corpus(workspace).info.content_hash == digest.hexdigest()


def test_rows_that_lie_apart_are_read_from_small_groups(workspace: Workspace) -> None:
    corpus = _corpus(workspace, 300)
    with pq.ParquetFile(corpus.folder / "texts.parquet") as file:
        sizes = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
    assert sizes == [1_000, 1_000, corpus.info.rows - 2_000]
    frame = corpus.frame()
    positions = [corpus.info.rows - 1, 0, 999, 1_000, 1_500, 0]
    assert corpus.rows(positions) == frame.iloc[positions].to_dict("records")
    assert corpus.rows([]) == []


def test_rows_are_not_remembered_beyond_their_corpus(workspace: Workspace) -> None:
    first = _corpus(workspace)
    assert first.rows([5])[0]["id"] == "p6"
    delete_corpus(workspace, first.info.id)
    stream = _stream(TABLE.iloc[::-1], 500)
    id = create_corpus(workspace, "goods", stream, text_column="名称", id_column="编号")
    assert load_corpus(workspace, id).rows([0])[0]["id"] == f"p{ROWS - 1}"


def test_cells_of_any_simple_type_become_text(workspace: Workspace) -> None:
    batch = pa.RecordBatch.from_pydict(
        {"t": ["x", None, "y"], "n": [1, 2, None], "l": [["a", "b"], None, []]}
    )
    corpus = load_corpus(workspace, create_corpus(workspace, "n", [batch], text_column="t"))
    assert corpus.frame().to_dict("records") == [
        {"id": "1", "text": "x", "n": "1", "l": "['a', 'b']"},
        {"id": "3", "text": "y", "n": "", "l": "[]"},
    ]


def test_repeats_are_found_across_the_stream(tmp_path: Path) -> None:
    table = TABLE.copy()
    table.loc[2_300, "编号"] = " p12"
    with pytest.raises(IdRepeated) as caught:
        write_passages(
            tmp_path / "t", "goods", _stream(table, 100), text_column="名称", id_column="编号"
        )
    assert "The id p12 stands in rows 13 and 2301 of goods." in str(caught.value)


def test_equal_hashes_of_different_ids_are_no_repeat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Short:
        def __init__(self, data: bytes, digest_size: int) -> None:
            self._digest = data[:1] * digest_size

        def digest(self) -> bytes:
            return self._digest

    monkeypatch.setattr(passages.hashlib, "blake2b", Short)
    written = write_passages(
        tmp_path / "t", "goods", _stream(TABLE, 100), text_column="名称", id_column="编号"
    )
    assert written.rows == (TABLE["名称"] != "").sum()


def test_a_missing_id_is_named_by_its_row(tmp_path: Path) -> None:
    table = TABLE.copy()
    table.loc[1_001, "编号"] = "  "
    with pytest.raises(IdMissing) as caught:
        write_passages(
            tmp_path / "t", "goods", _stream(table, 100), text_column="名称", id_column="编号"
        )
    assert "row 1002 of goods is empty" in str(caught.value)


@pytest.mark.parametrize("stream", [[], [pa.RecordBatch.from_pydict({"t": [" ", None]})]])
def test_nothing_to_find_is_refused(workspace: Workspace, stream: list[pa.RecordBatch]) -> None:
    with pytest.raises(CorpusEmpty):
        create_corpus(workspace, "n", stream, text_column="t")
    assert list(workspace.corpora.iterdir()) == []


def test_answers_may_lie_anywhere(workspace: Workspace) -> None:
    questions = [Question("哪个", (f"p{ROWS - 1}", "p0"))]
    stream = _stream(TABLE, 50)
    create_corpus(
        workspace, "goods", stream, text_column="名称", id_column="编号", questions=questions
    )
    assert [info.questions for info in list_corpora(workspace)] == [tuple(questions)]
