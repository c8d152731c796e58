"""Corpora that grow, and corpora of a dataset's texts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.check import check_mapping
from core.data.read import read_table
from core.data.shapes import Mapping
from core.data.store import store_dataset
from core.retrieval.corpora import Question, create_corpus, load_corpus
from core.retrieval.encode_job import encode_corpus, encode_params
from core.retrieval.growth import Added, IdTaken, add_rows, corpus_from_dataset
from core.retrieval.passages import CorpusEmpty, IdRepeated, NoSuchColumn
from core.workspace import Workspace
from tests.retrieval.stand_in import CharacterEncoder, running_job

MODEL = Path("/models/tuned")
SHOES = pd.DataFrame(
    {
        "sku": ["a1", "a2", "a3"],
        "说明": ["红色跑鞋", "黑色雨靴", "白色凉鞋"],
        "price": ["10", "20", "30"],
    }
)
NEW = pd.DataFrame({"sku": ["b1", "b2"], "说明": ["蓝色拖鞋", "黑色雨靴"], "brand": ["甲", "乙"]})


def _shoes(workspace: Workspace, table: pd.DataFrame = SHOES, id_column: str | None = "sku") -> str:
    return create_corpus(
        workspace,
        "shoes",
        table,
        text_column="说明",
        id_column=id_column,
        questions=[Question("下雨穿什么", ("a2",) if id_column else ())],
    )


def _encode(workspace: Workspace, id: str) -> str:
    """Encode a corpus; the last that the job said."""
    job = running_job(workspace, "encode_corpus", encode_params(id, MODEL, "ab12"))
    encode_corpus(job)
    return job._status.stage_message.text()  # type: ignore[union-attr]


def test_rows_are_added_to_a_new_corpus(workspace: Workspace) -> None:
    old = _shoes(workspace)
    added = add_rows(workspace, old, NEW, id_column="sku")
    assert (added.rows, added.already, added.left_out) == (2, 0, 0)
    corpus = load_corpus(workspace, added.corpus)
    assert corpus.frame().to_dict("records") == [
        {"id": "a1", "text": "红色跑鞋", "price": "10", "brand": ""},
        {"id": "a2", "text": "黑色雨靴", "price": "20", "brand": ""},
        {"id": "a3", "text": "白色凉鞋", "price": "30", "brand": ""},
        {"id": "b1", "text": "蓝色拖鞋", "price": "", "brand": "甲"},
        {"id": "b2", "text": "黑色雨靴", "price": "", "brand": "乙"},
    ]
    info = corpus.info
    assert (info.name, info.text_column, info.id_column, info.parent) == (
        "shoes",
        "说明",
        "sku",
        old,
    )
    assert info.questions == (Question("下雨穿什么", ("a2",)),)
    assert load_corpus(workspace, old).info.rows == 3


def test_the_whole_new_table_adds_what_is_new(workspace: Workspace) -> None:
    old = _shoes(workspace)
    table = pd.concat(
        [SHOES, pd.DataFrame({"sku": ["a4", "a5"], "说明": ["雪地靴", " "], "price": ["9", "1"]})]
    )
    added = add_rows(workspace, old, table, id_column="sku")
    assert (added.rows, added.already, added.left_out) == (1, 3, 1)
    assert load_corpus(workspace, added.corpus).ids() == ["a1", "a2", "a3", "a4"]
    assert add_rows(workspace, old, SHOES, id_column="sku") == Added(old, 0, 3, 0)


def test_rows_without_ids_are_numbered_on(workspace: Workspace) -> None:
    old = _shoes(workspace, SHOES.drop(columns="sku"), None)
    more = pd.DataFrame(
        {"说明": ["木屐", "黑色雨靴", "木屐", "黑色雨靴"], "price": ["1", "20", "1", "21"]}
    )
    added = add_rows(workspace, old, more)
    corpus = load_corpus(workspace, added.corpus)
    # A boot at another price is another row; the same row twice is one.
    assert (added.rows, added.already) == (2, 2)
    assert corpus.texts() == ["红色跑鞋", "黑色雨靴", "白色凉鞋", "木屐", "黑色雨靴"]
    assert len(set(corpus.ids())) == 5
    again = add_rows(workspace, added.corpus, pd.DataFrame({"说明": ["马靴"], "price": [""]}))
    assert len(set(load_corpus(workspace, again.corpus).ids())) == 6


def test_an_id_with_another_text_is_refused(workspace: Workspace) -> None:
    old = _shoes(workspace)
    with pytest.raises(IdTaken) as caught:
        add_rows(workspace, old, SHOES.assign(price="99"), id_column="sku")
    assert "The id a1 is in shoes already, with another text or other values." in str(caught.value)
    for table, problem in (
        (pd.concat([NEW, NEW]), IdRepeated),
        (NEW.assign(说明=""), CorpusEmpty),
        (NEW.drop(columns="说明"), NoSuchColumn),
    ):
        with pytest.raises(problem):
            add_rows(workspace, old, table, id_column="sku")
    assert [path.name for path in workspace.corpora.iterdir()] == [old]


def test_only_new_texts_are_encoded(workspace: Workspace, encoder: CharacterEncoder) -> None:
    old = _shoes(workspace)
    assert _encode(workspace, old) == "Encoding the corpus: 0 of 3 texts"
    encoder.asked.clear()
    new = add_rows(workspace, old, NEW, id_column="sku").corpus
    assert _encode(workspace, new) == "Encoding new texts: 0 of 1; 3 were encoded before"
    assert encoder.texts == ["蓝色拖鞋"]
    corpus = load_corpus(workspace, new)
    index = corpus.dense_index("ab12")
    assert index is not None
    expected = CharacterEncoder().encode(workspace, MODEL, corpus.texts())
    np.testing.assert_array_equal(np.asarray(index.vectors), expected)


def test_another_model_encodes_everything(workspace: Workspace, encoder: CharacterEncoder) -> None:
    old = _shoes(workspace)
    _encode(workspace, old)
    encoder.asked.clear()
    new = add_rows(workspace, old, NEW, id_column="sku").corpus
    encode_corpus(running_job(workspace, "encode_corpus", encode_params(new, MODEL, "cd34")))
    # Five rows, two of them with the same text.
    assert sorted(encoder.texts) == sorted(["红色跑鞋", "黑色雨靴", "白色凉鞋", "蓝色拖鞋"])


def test_a_corpus_of_known_texts_asks_nobody(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    _encode(workspace, _shoes(workspace))
    encoder.asked.clear()
    mixed = create_corpus(workspace, "m", SHOES.iloc[::-1].assign(x="1"), text_column="说明")
    _encode(workspace, mixed)
    assert encoder.asked == []
    corpus = load_corpus(workspace, mixed)
    index = corpus.dense_index("ab12")
    assert index is not None
    expected = CharacterEncoder().encode(workspace, MODEL, corpus.texts())
    np.testing.assert_array_equal(np.asarray(index.vectors), expected)
    # What other corpora hold may be damaged: then there is nothing to copy.
    (corpus.folder / "hashes.npy").write_bytes(b"broken")
    third = create_corpus(workspace, "t", SHOES.assign(y="2"), text_column="说明")
    _encode(workspace, third)
    assert load_corpus(workspace, third).dense_index("ab12") is not None


PAIRS = [
    ("红鞋", "红色跑鞋", "train"),
    ("跑步", "红色跑鞋", "held out"),
    ("雨天", "黑色雨靴", "train"),
    ("雨天", "白色凉鞋", "train"),
    *((f"第{number}问", f"第{number}双鞋", "train") for number in range(8)),
]
ANSWERS = ["红色跑鞋", "黑色雨靴", "白色凉鞋", *(f"第{number}双鞋" for number in range(8))]
QUESTIONS = ["红鞋", "跑步", "雨天", *(f"第{number}问" for number in range(8))]


@pytest.fixture
def dataset(workspace: Workspace) -> str:
    lines = ["question,answer,split", *map(",".join, PAIRS)]
    table = read_table("\n".join(lines).encode(), "pairs.csv")
    mapping = Mapping(anchor="question", positive="answer", split="split")
    checked = check_mapping(table.frame, mapping)
    return store_dataset(
        workspace, name="鞋 pairs", checked=checked, mapping=mapping, source=table.source
    )


def test_a_datasets_texts_become_a_corpus(workspace: Workspace, dataset: str) -> None:
    corpus = load_corpus(workspace, corpus_from_dataset(workspace, dataset, ["positive"]))
    # The running shoe has two questions and is in both parts: neither says one thing about it.
    assert corpus.texts() == ANSWERS
    assert corpus.info.name == "鞋 pairs"
    assert corpus.info.text_column == "answer"
    assert corpus.info.fields == ()
    anchors = load_corpus(
        workspace, corpus_from_dataset(workspace, dataset, ["anchor"], "Questions")
    )
    # A rainy day has two answers, but every question is in one part.
    assert anchors.texts() == QUESTIONS
    assert anchors.info.fields == ("split",)


def test_texts_of_several_columns_say_where_they_stand(workspace: Workspace, dataset: str) -> None:
    id = corpus_from_dataset(workspace, dataset, ["anchor", "positive"])
    frame = load_corpus(workspace, id).frame()
    assert frame["text"].tolist() == [*QUESTIONS, *ANSWERS]
    assert frame["column"].tolist() == ["question"] * 11 + ["answer"] * 11
    with pytest.raises(NoSuchColumn):
        corpus_from_dataset(workspace, dataset, ["brand"])
