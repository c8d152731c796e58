"""Corpora on disk: what goes in comes out, what cannot be used is refused in words."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.problems import Problem
from core.retrieval.corpora import (
    AnswerUnknown,
    CorpusDamaged,
    CorpusEmpty,
    IdMissing,
    IdRepeated,
    NoSuchColumn,
    Question,
    create_corpus,
    delete_corpus,
    list_corpora,
    load_corpus,
)
from core.workspace import UnknownItem, Workspace

TABLE = pd.DataFrame(
    {
        "sku": ["a1", "a2", "a3", "a4"],
        "说明": ["红色跑鞋", "  ", "黑色雨靴", "白色凉鞋"],
        "price": ["10", "20", "", "40"],
    }
)
QUESTIONS = [Question("下雨穿什么", ("a3",)), Question("夏天")]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "w")


def _create(workspace: Workspace, table: pd.DataFrame = TABLE, **changes: object) -> str:
    arguments = {"text_column": "说明", "id_column": "sku", "questions": QUESTIONS, **changes}
    return create_corpus(workspace, "鞋 Shoes", table, **arguments)  # type: ignore[arg-type]


def test_what_goes_in_comes_out(workspace: Workspace) -> None:
    id = _create(workspace)
    corpus = load_corpus(workspace, id)
    assert corpus.ids() == ["a1", "a3", "a4"]
    assert corpus.texts() == ["红色跑鞋", "黑色雨靴", "白色凉鞋"]
    frame = corpus.frame()
    assert list(frame.columns) == ["id", "text", "price"]
    assert frame["price"].tolist() == ["10", "", "40"]
    assert corpus.rows([2, 0]) == [
        {"id": "a4", "text": "白色凉鞋", "price": "40"},
        {"id": "a1", "text": "红色跑鞋", "price": "10"},
    ]
    info = corpus.info
    assert (info.name, info.rows, info.left_out, info.text_column) == ("鞋 Shoes", 3, 1, "说明")
    assert info.fields == ("price",)
    assert info.sample is None
    assert info.questions == tuple(QUESTIONS)
    assert info.judged == (QUESTIONS[0],)
    assert id.startswith("shoes-")
    assert [path.name for path in workspace.corpora.iterdir()] == [id]


def test_the_same_content_is_stored_once(workspace: Workspace) -> None:
    id = _create(workspace)
    assert _create(workspace) == id
    assert (
        create_corpus(
            workspace,
            "another name",
            TABLE,
            text_column="说明",
            id_column="sku",
            questions=QUESTIONS,
        )
        == id
    )
    assert _create(workspace, questions=[]) != id
    assert _create(workspace, TABLE.assign(price="1")) != id
    assert len(list_corpora(workspace)) == 3


def test_rows_are_numbered_without_an_id_column(workspace: Workspace) -> None:
    corpus = load_corpus(workspace, _create(workspace, id_column=None, questions=[]))
    assert corpus.ids() == ["1", "3", "4"]
    assert corpus.info.fields == ("sku", "price")


def test_columns_called_id_and_text_do_not_get_lost(workspace: Workspace) -> None:
    table = pd.DataFrame({"text": ["t"], "id": ["i"], "body": ["b"], "text_": ["u"]})
    corpus = load_corpus(workspace, create_corpus(workspace, "n", table, text_column="body"))
    assert corpus.rows([0]) == [{"id": "1", "text": "b", "text_": "t", "id_": "i", "text__": "u"}]


def test_missing_cells_count_as_blank(workspace: Workspace) -> None:
    table = pd.DataFrame({"t": ["x", None, float("nan")], "f": [None, "1", "2"]})
    corpus = load_corpus(workspace, create_corpus(workspace, "n", table, text_column="t"))
    assert corpus.rows([0]) == [{"id": "1", "text": "x", "f": ""}]
    assert corpus.info.left_out == 2


@pytest.mark.parametrize(
    ("table", "changes", "problem", "words"),
    [
        (
            TABLE,
            {"text_column": "name"},
            NoSuchColumn,
            "The table for 鞋 Shoes has no column named name; it has: sku, 说明, price. "
            "Choose one of its columns.",
        ),
        (
            TABLE.iloc[1:2],
            {},
            CorpusEmpty,
            "The table for 鞋 Shoes has no row with a text in column 说明. "
            "Choose the column that holds the texts to search in, or another file.",
        ),
        (TABLE.iloc[:0], {}, CorpusEmpty, "no row with a text"),
        (
            TABLE.assign(sku=["a1", "", " ", "a4"]),
            {},
            IdMissing,
            "Column sku should name every text, but row 3 of 鞋 Shoes is empty there. "
            "Fill it in, or choose no id column: the rows are then numbered.",
        ),
        (
            TABLE.assign(sku=["a1", "a1", "a3", "a3 "]),
            {},
            IdRepeated,
            "The id a3 stands in rows 3 and 4 of 鞋 Shoes. "
            "Make the ids in column sku different, or choose no id column.",
        ),
        (
            TABLE,
            {"questions": [Question("哪双", ("a1", "a2"))]},
            AnswerUnknown,
            "The question “哪双” names a2 as a right answer; 鞋 Shoes has no such id. "
            "Correct the id, or leave out the question.",
        ),
    ],
)
def test_refusals(
    workspace: Workspace,
    table: pd.DataFrame,
    changes: dict[str, object],
    problem: type[Problem],
    words: str,
) -> None:
    with pytest.raises(problem) as caught:
        _create(workspace, table, **changes)
    assert words in str(caught.value)
    assert list(workspace.corpora.iterdir()) == []


def test_the_newest_comes_first_and_damage_hides_nothing(workspace: Workspace) -> None:
    first = _create(workspace)
    second = _create(workspace, questions=[])
    broken = _create(workspace, id_column=None, questions=[])
    (workspace.corpora / broken / "corpus.json").write_text("{")
    (workspace.corpora / "stray").mkdir()
    assert [info.id for info in list_corpora(workspace)] == [second, first]
    with pytest.raises(CorpusDamaged) as caught:
        load_corpus(workspace, broken)
    assert f"The files of corpus {broken} are missing or damaged." in str(caught.value)


def test_lost_texts_are_said_to_be_lost(workspace: Workspace) -> None:
    corpus = load_corpus(workspace, _create(workspace))
    (corpus.folder / "texts.parquet").write_bytes(b"not parquet")
    with pytest.raises(CorpusDamaged):
        corpus.texts()
    (corpus.folder / "texts.parquet").unlink()
    with pytest.raises(CorpusDamaged):
        corpus.rows([0])


def test_deleted_is_gone_and_can_be_added_again(workspace: Workspace) -> None:
    id = _create(workspace)
    delete_corpus(workspace, id)
    assert list(workspace.corpora.iterdir()) == []
    with pytest.raises(UnknownItem):
        load_corpus(workspace, id)
    with pytest.raises(UnknownItem):
        delete_corpus(workspace, id)
    assert _create(workspace) == id
    assert load_corpus(workspace, id).texts()[0] == "红色跑鞋"


@pytest.mark.parametrize("id", ["../w", ".", "", "a/b"])
def test_no_path_is_an_id(workspace: Workspace, id: str) -> None:
    with pytest.raises(UnknownItem):
        load_corpus(workspace, id)


def test_vectors_count_only_when_whole(workspace: Workspace) -> None:
    corpus = load_corpus(workspace, _create(workspace))
    assert corpus.dense_index("f00d") is None
    path = corpus.vectors_path("f00d")
    path.parent.mkdir()
    np.save(path, np.ones((2, 4), dtype=np.float32))
    assert corpus.dense_index("f00d") is None
    for damaged in (b"half", b""):
        path.write_bytes(damaged)
        assert corpus.dense_index("f00d") is None
    np.save(path, np.ones((3, 4), dtype=np.float32))
    index = corpus.dense_index("f00d")
    assert index is not None
    assert (len(index), index.dimension) == (3, 4)


def test_the_description_is_plain_json(workspace: Workspace) -> None:
    id = _create(workspace)
    data = json.loads((workspace.corpora / id / "corpus.json").read_text(encoding="utf-8"))
    assert data["questions"][0] == {"question": "下雨穿什么", "relevant": ["a3"]}
    assert len(data["content_hash"]) == 64
