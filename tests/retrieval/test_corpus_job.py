"""The job that makes a corpus of an uploaded table."""

from __future__ import annotations

import pytest

from core.data.staging import stage_upload
from core.jobs.context import STOP_FILE, Stopped
from core.retrieval.corpora import list_corpora, load_corpus
from core.retrieval.corpus_job import store_corpus, store_params, stored_corpus
from core.retrieval.judgements import judge, judged_questions
from core.retrieval.passages import NoSuchColumn
from core.workspace import Workspace
from tests.retrieval.stand_in import running_job

SHOES = "sku,说明,price\n" + "\n".join(f"a{number},第{number}双鞋,{number}" for number in range(30))
MORE = SHOES + "\nb1,木屐,7\nb2,,8\n"


def test_a_table_becomes_a_corpus_and_grows(workspace: Workspace) -> None:
    upload = stage_upload(workspace, SHOES.encode(), "鞋.csv")
    columns = {"text_column": "说明", "id_column": "sku"}
    job = running_job(workspace, "store_corpus", store_params(upload, "鞋", **columns))
    assert stored_corpus(job.folder) is None
    store_corpus(job)
    first = stored_corpus(job.folder)
    assert first is not None
    assert (first.rows, first.already, first.left_out) == (30, 0, 0)
    assert load_corpus(workspace, first.corpus).info.fields == ("price",)
    judge(load_corpus(workspace, first.corpus), "凉快的鞋", "a3", "right")
    upload = stage_upload(workspace, MORE.encode(), "more.csv")
    params = store_params(upload, "鞋", **columns, add_to=first.corpus)
    job = running_job(workspace, "store_corpus", params)
    store_corpus(job)
    second = stored_corpus(job.folder)
    assert second is not None
    assert (second.rows, second.already, second.left_out) == (1, 30, 1)
    corpus = load_corpus(workspace, second.corpus)
    assert (corpus.info.rows, corpus.info.parent) == (31, first.corpus)
    assert corpus.rows([30]) == [{"id": "b1", "text": "木屐", "price": "7"}]
    # Also when no page looks: whoever started the job may have closed it.
    assert [one.right for one in judged_questions(corpus)] == [("a3",)]


def test_a_refusal_or_a_stop_leaves_nothing(workspace: Workspace) -> None:
    upload = stage_upload(workspace, SHOES.encode(), "鞋.csv")
    job = running_job(workspace, "store_corpus", store_params(upload, "鞋", text_column="名称"))
    with pytest.raises(NoSuchColumn):
        store_corpus(job)
    job = running_job(workspace, "store_corpus", store_params(upload, "鞋", text_column="说明"))
    (job.folder / STOP_FILE).write_text("{}")
    with pytest.raises(Stopped):
        store_corpus(job)
    assert stored_corpus(job.folder) is None
    assert list_corpora(workspace) == []
    assert list(workspace.corpora.iterdir()) == []
