"""A corpus that grew takes the place of its earlier state, in lists and on the disk."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from core.retrieval.corpora import create_corpus, list_corpora, load_corpus
from core.retrieval.encode_job import encode_corpus, encode_params
from core.retrieval.growth import add_rows
from core.retrieval.hnsw import graph_path
from core.retrieval.judgements import carry_over, judge, judged_questions
from core.retrieval.succession import current_corpora, delete_with_earlier, earlier_states
from core.workspace import Workspace
from tests.retrieval.stand_in import CharacterEncoder, running_job

MODEL = Path("/models/tuned")
SHOES = pd.DataFrame({"sku": ["a1", "a2"], "text": ["红色跑鞋", "黑色雨靴"]})


def _shoes(workspace: Workspace) -> str:
    return create_corpus(workspace, "shoes", SHOES, text_column="text", id_column="sku")


def _grow(workspace: Workspace, id: str, sku: str, name: str | None = None) -> str:
    table = pd.DataFrame({"sku": [sku], "text": [f"新鞋{sku}"]})
    return add_rows(workspace, id, table, id_column="sku", name=name).corpus


def _read(workspace: Workspace, id: str) -> None:
    encode_corpus(running_job(workspace, "encode_corpus", encode_params(id, MODEL, "ab12")))


def test_only_the_latest_state_is_listed(workspace: Workspace) -> None:
    first = _shoes(workspace)
    second = _grow(workspace, first, "b1")
    third = _grow(workspace, second, "b2")
    assert [info.id for info in current_corpora(workspace)] == [third]
    earlier = earlier_states(workspace, load_corpus(workspace, third).info)
    assert [one.info.id for one in earlier] == [second, first]
    assert {info.id for info in list_corpora(workspace)} == {first, second, third}
    # Of another name it is another corpus, and the one that it was made from stays.
    summer = _grow(workspace, third, "b3", name="summer")
    assert {info.id for info in current_corpora(workspace)} == {third, summer}


def test_what_the_new_state_has_read_is_not_kept_twice(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    first = _shoes(workspace)
    _read(workspace, first)
    old = load_corpus(workspace, first)
    graph_path(old.vectors_path("ab12")).write_bytes(b"graph")
    second = _grow(workspace, first, "b1")
    # Until the new one has it, it is what that is made from.
    assert old.dense_index("ab12") is not None and old.lexical_folder.is_dir()
    encoder.asked.clear()
    _read(workspace, second)
    assert encoder.texts == ["新鞋b1"]
    assert not old.vectors_path("ab12").exists()
    assert not graph_path(old.vectors_path("ab12")).exists()
    assert not old.lexical_folder.exists()
    # By a link it can be asked again: what it needs is copied back.
    encoder.asked.clear()
    _read(workspace, first)
    assert encoder.asked == [] and old.dense_index("ab12") is not None


def test_the_earlier_states_go_with_it(workspace: Workspace) -> None:
    first = _shoes(workspace)
    second = _grow(workspace, first, "b1")
    delete_with_earlier(workspace, second)
    assert list_corpora(workspace) == []
    first = _shoes(workspace)
    second, other = _grow(workspace, first, "b1"), _grow(workspace, first, "c1", name="other")
    delete_with_earlier(workspace, second)
    assert {info.id for info in list_corpora(workspace)} == {first, other}


def test_what_is_said_about_the_new_state_counts_more(workspace: Workspace) -> None:
    first = _shoes(workspace)
    old = load_corpus(workspace, first)
    judge(old, "下雨", "a2", "right")
    judge(old, "下雨", "a1", "wrong")
    new = load_corpus(workspace, _grow(workspace, first, "b1"))
    judge(new, "下雨", "a2", "wrong")
    assert carry_over(old, new) == 0
    (one,) = judged_questions(new)
    assert (one.right, set(one.wrong)) == ((), {"a1", "a2"})
