"""Search: filters, links, the quick index: what is asked for, and what cannot be had."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from core.files import read_json, write_json
from core.retrieval import corpora
from core.retrieval.corpora import INFO_FILE, TEXTS_FILE, create_corpus, load_corpus
from core.retrieval.hnsw import HnswIndex, graph_path
from core.retrieval.sample_corpora import add_sample_corpus
from core.retrieval.search import search
from core.workspace import Workspace
from tests.pages.compared import make_compared
from tests.pages.searching import (
    QUESTION,
    ask,
    columns,
    places,
    ready,
    shown_figures,
)
from tests.retrieval.stand_in import CharacterEncoder
from tests.ui.helpers import MAIN, open_screen, shown


@pytest.fixture
def run(workspace: Workspace, encoder: CharacterEncoder) -> str:
    return make_compared(workspace)


@pytest.fixture
def corpus(workspace: Workspace) -> str:
    return add_sample_corpus(workspace, "products")


def another(app: AppTest) -> AppTest:
    """Another session that opens the address of this one."""
    other = AppTest.from_file(MAIN, default_timeout=60)
    other.switch_page("../pages/search.py")
    for name, value in app.query_params.items():
        other.query_params[name] = value
    other.run()
    assert not other.exception, other.exception
    return other


def test_a_run_that_was_deleted_is_left_out_of_a_link(
    workspace: Workspace, run: str, corpus: str
) -> None:
    app = open_screen("search", run=run)
    app.query_params["models"] = f"tuned:gone,tuned:{run}"
    app.run()
    assert "names models that are not here any more (tuned:gone)" in shown(app)
    assert app.multiselect(key="choose_search_models").value == [f"tuned:{run}"]


def test_a_corpus_that_was_deleted_is_a_sentence(
    workspace: Workspace, run: str, corpus: str
) -> None:
    app = open_screen("search", run=run, corpus="gone-1")
    assert "The corpus “gone-1” was deleted. Here is another one." in shown(app)
    assert app.session_state["corpus"] == corpus


def test_a_link_brings_up_the_same_screen_in_another_session(
    workspace: Workspace, run: str, corpus: str
) -> None:
    first = ready(workspace, run)
    first.multiselect(key="choose_search_models").set_value([f"tuned:{run}", "bm25"]).run()
    first.multiselect(key=f"filter_{corpus}_category").set_value(["跑鞋", "耳机"]).run()
    first.segmented_control(key=f"look_{corpus}").set_value("plain").run()
    ask(first, QUESTION)
    second = another(first)
    assert second.text_input(key="question").value == QUESTION
    assert [vars(place) for place in places(second)] == [vars(place) for place in places(first)]
    assert places(second)[0].heads


def test_filters_hold_for_all_columns(workspace: Workspace, run: str, corpus: str) -> None:
    app = ready(workspace, run)
    app.multiselect(key=f"filter_{corpus}_category").set_value(["跑鞋"]).run()
    ask(app, QUESTION)
    shoes = load_corpus(workspace, corpus).frame().query("category == '跑鞋'")
    assert f"The filters leave {len(shoes)} of 161 texts." in shown(app)
    mask = (load_corpus(workspace, corpus).frame()["category"] == "跑鞋").to_numpy()
    found = search(workspace, corpus, QUESTION, columns(workspace, run), mask=mask)
    for place, answers in zip(places(app), found.columns, strict=True):
        assert len(place.texts) == len(answers.hits) > 0
        assert all(text.endswith("跑鞋") for text in place.texts)
    app.text_input(key=f"filter_{corpus}_name").set_value("没有这个").run()
    assert "fits the filters" in shown(app)
    app.button(key="filters_off").click().run()
    assert [len(place.heads) for place in places(app)][:2] == [10, 10]


def test_the_quick_index_says_what_it_misses(
    workspace: Workspace, run: str, corpus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpora, "HNSW_FROM_ROWS", 100)
    app = ask(ready(workspace, run), QUESTION)
    app.toggle(key="quick_index").set_value(True).run()
    stored = load_corpus(workspace, corpus)
    for column in columns(workspace, run)[:2]:
        assert column.model is not None and column.fingerprint is not None
        vectors = np.load(stored.vectors_path(column.fingerprint))
        asked = [one.question for one in stored.info.questions]
        cosines = CharacterEncoder().encode(workspace, column.model, asked) @ vectors.T
        index = stored.index(column.fingerprint)
        assert isinstance(index, HnswIndex)
        found = index.search(CharacterEncoder().encode(workspace, column.model, asked), 100)[0]
        shares = []
        for k in (10, 100):
            worst = np.sort(cosines, axis=1)[:, -k] - 1e-6
            shares.append(np.mean(np.take_along_axis(cosines, found[:, :k], 1) >= worst[:, None]))
        assert (
            f"finds {shares[0]:.1%} of the ten best texts and {shares[1]:.1%} of the best hundred. "
            f"Measured with {len(asked)} of the questions that came with these texts."
        ) in shown(app)
    found = search(workspace, corpus, QUESTION, columns(workspace, run), quick=True)
    for place, answers in zip(places(app), found.columns, strict=True):
        assert [
            text.startswith(hit.fields["name"])
            for text, hit in zip(place.texts, answers.hits, strict=True)
        ] == [True] * 10
    # A link turns it on for somebody else, whom it warns where it finds too little.
    path = graph_path(stored.vectors_path(columns(workspace, run)[1].fingerprint or ""))
    info = path.with_suffix(".hnsw.json")
    write_json(info, read_json(info) | {"recall": 0.91, "own_questions": False})
    other = another(app)
    assert other.toggle(key="quick_index").value
    (warning,) = [one.value for one in other.warning]
    assert "finds 91.0% of the ten best texts" in warning
    assert "of these texts as questions, before it knew them. That is too little" in warning
    other.toggle(key="quick_index").set_value(False).run()
    assert "quick" not in other.query_params
    assert "of the ten best texts" not in shown(other)


def test_what_does_not_fit_into_a_link_is_said(workspace: Workspace, run: str, corpus: str) -> None:
    app = ask(ready(workspace, run), "鞋" * 1_501)
    assert "q" not in app.query_params
    assert "The question is not in the link: it has more than 1,500 characters." in shown(app)
    ask(app, "鞋" * 1_500)
    assert app.query_params["q"] == "鞋" * 1_500
    assert "not in the link" not in shown(app)


def test_filters_of_a_link_that_cannot_be_set_are_said(
    workspace: Workspace, run: str, corpus: str
) -> None:
    app = ready(workspace, run)
    wished = [["brand", ["踏岚"]], ["category", ["跑鞋", "飞机"]], ["name", "跑"]]
    app.query_params["filters"] = json.dumps(wished)
    ask(app, QUESTION)
    (said,) = [one.value for one in app.warning]
    assert "Not, or not wholly, in force: brand: 踏岚; category: 跑鞋, 飞机." in said
    assert app.multiselect(key=f"filter_{corpus}_category").value == ["跑鞋"]
    assert app.text_input(key=f"filter_{corpus}_name").value == "跑"
    # It is said until something else is asked for.
    ask(app, QUESTION + "吗")
    assert len(app.warning) == 1
    app.text_input(key=f"filter_{corpus}_name").set_value("").run()
    assert not app.warning
    app.query_params["filters"] = "[1"
    app.run()
    assert "The filters in the link cannot be read: nothing is filtered." in shown(app)


def test_of_many_fields_those_to_filter_by_are_chosen(workspace: Workspace, run: str) -> None:
    table = {"text": ["红鞋", "蓝鞋", "绿鞋", "白鞋"]}
    table |= {f"f{number}": ["a", "b", "a", "b"] for number in range(15)}
    id = create_corpus(workspace, "鞋", pd.DataFrame(table), text_column="text")
    app = ready(workspace, run)
    chosen = app.multiselect(key=f"filter_fields_{id}")
    assert chosen.options == [f"f{number}" for number in range(15)]
    assert chosen.value == [f"f{number}" for number in range(12)]
    chosen.set_value(["f14", "f0"]).run()
    app.multiselect(key=f"filter_{id}_f14").set_value(["b"]).run()
    ask(app, "鞋")
    assert "The filters leave 2 of 4 texts." in shown(app)
    assert [len(place.heads) for place in places(app)] == [2, 2, 2]
    # A link brings its field along.
    other = another(app)
    assert other.multiselect(key=f"filter_fields_{id}").value[-1] == "f14"
    assert "The filters leave 2 of 4 texts." in shown(other)


def test_a_corpus_of_one_text(workspace: Workspace, run: str) -> None:
    create_corpus(workspace, "一", pd.DataFrame({"text": ["雨靴"]}), text_column="text")
    app = ask(ready(workspace, run), "雨天穿的靴子")
    assert [place.texts for place in places(app)] == [["雨靴"]] * 3
    app.button(key="right_0_1").click().run()
    assert not app.exception, app.exception
    assert shown_figures(app) == [[1, 1, 1]] * 3


def test_a_corpus_without_a_text_is_a_sentence(workspace: Workspace, run: str, corpus: str) -> None:
    app = ready(workspace, run)
    stored = load_corpus(workspace, corpus)
    info = stored.folder / INFO_FILE
    write_json(info, read_json(info) | {"rows": 0, "content_hash": "0" * 64, "questions": []})
    pq.write_table(stored.frame().iloc[:0].pipe(pa.Table.from_pandas), stored.folder / TEXTS_FILE)
    ask(app, QUESTION)
    assert "holds no text. Choose other texts to search in, or add a table of texts." in shown(app)
