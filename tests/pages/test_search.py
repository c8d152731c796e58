"""Search: three columns for one question, corpora, and refusals."""

from __future__ import annotations

import re
import shutil
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from core.data.store import load_dataset
from core.files import write_json
from core.inspection.comparison import load_comparison
from core.jobs import queue
from core.jobs.reasons import ProcessVanished
from core.retrieval.answers import Column
from core.retrieval.corpora import create_corpus, list_corpora, load_corpus
from core.retrieval.judgements import judge, judged_questions
from core.retrieval.sample_corpora import add_sample_corpus
from core.retrieval.search import search
from core.training.runs import load_run
from core.training.speed import GUESS, SPEED_FILE
from core.workspace import Workspace
from tests.pages.compared import do_jobs, fail_jobs, make_compared
from tests.pages.searching import (
    QUESTION,
    ask,
    columns,
    places,
    ready,
    view,
)
from tests.retrieval.stand_in import WIDTH, CharacterEncoder
from tests.ui.helpers import open_screen, shown
from ui import staged


@pytest.fixture
def run(workspace: Workspace, encoder: CharacterEncoder) -> str:
    return make_compared(workspace)


@pytest.fixture
def corpus(workspace: Workspace) -> str:
    return add_sample_corpus(workspace, "products")


def test_without_a_trained_model_minilm_and_words_can_be_asked(
    workspace: Workspace, encoder: CharacterEncoder, corpus: str
) -> None:
    app = open_screen("search")
    assert "There is no trained model yet." in shown(app)
    assert app.multiselect(key="choose_search_models").value == ["minilm", "bm25"]
    do_jobs(workspace)
    ask(app, QUESTION)
    assert [len(place.heads) for place in places(app)] == [10, 10]


def test_a_sample_is_one_click_away_and_read_once_by_each_model(
    workspace: Workspace, run: str
) -> None:
    app = open_screen("search", run=run)
    assert not app.text_input
    app.button(key="corpus_products").click().run()
    (info,) = list_corpora(workspace)
    assert app.session_state["corpus"] == info.id
    app.run()
    jobs = queue.waiting_jobs(workspace)
    assert [job.kind for job in jobs] == ["encode_corpus"] * 2
    models = {queue.read_spec(job.folder).params["fingerprint"] for job in jobs}
    assert models == {column.fingerprint for column in columns(workspace, run)[:2]}
    other_session = open_screen("search", run=run)
    assert len(queue.waiting_jobs(workspace)) == 2
    assert len(other_session.get("progress")) == 2
    assert not any(button.key == "corpus_products" for button in other_session.button)


def test_bm25_answers_while_the_models_read(workspace: Workspace, run: str, corpus: str) -> None:
    app = ask(open_screen("search", run=run), QUESTION)
    assert [len(place.heads) for place in places(app)] == [0, 0, 10]
    assert shown(app).count("Answers as soon as it has read the corpus.") == 2
    assert view(app, "many").button(key="ask_all").disabled


def test_three_columns_with_scores_ranks_and_changes(
    workspace: Workspace, run: str, corpus: str
) -> None:
    app = ask(ready(workspace, run), QUESTION)
    found = search(workspace, corpus, QUESTION, columns(workspace, run))
    for number, (place, answers) in enumerate(zip(places(app), found.columns, strict=True)):
        digits = 3 if number < 2 else 2
        for head, text, hit in zip(place.heads, place.texts, answers.hits, strict=True):
            assert head.startswith(f"**{hit.rank}** &nbsp; :gray[{hit.score:.{digits}f}]")
            # A card: the name, the rest of the text, the category.
            assert text.startswith(hit.fields["name"]) and text.endswith(hit.fields["category"])
            body = text.removeprefix(hit.fields["name"]).removesuffix(hit.fields["category"])
            assert body.strip() and body.strip() in hit.text
            if number == 0:
                assert "▲" not in head and "new" not in head
            elif hit.base_rank is not None and hit.base_rank > 10:
                assert f"new, was {hit.base_rank}" in head
            elif hit.change and hit.change > 0:
                assert f"▲{hit.change}" in head
            elif hit.change:
                assert f"▼{-hit.change}" in head


def unfolded(text: str) -> str:
    """A text without the mark where it is folded."""
    return text.replace("……", "")


def test_drug_labels_are_shown_as_sections(workspace: Workspace, run: str) -> None:
    labels = add_sample_corpus(workspace, "drugs")
    app = ask(ready(workspace, run), "清脑降压胶囊里有什么成份")
    assert app.segmented_control(key=f"look_{labels}").value == "sections"
    found = search(workspace, labels, "清脑降压胶囊里有什么成份", columns(workspace, run))
    for place, answers in zip(places(app), found.columns, strict=True):
        assert len(place.texts) == 10
        for text, hit in zip(place.texts, answers.hits, strict=True):
            drug, section = hit.fields["drug"], hit.fields["attribute"]
            body = hit.text.removeprefix(f"{drug}的{section}：")
            assert body != hit.text
            # The drug, its section, and what stands there, of which a long one is folded.
            heading = f"{drug}{section}"
            assert text.startswith(heading)
            assert unfolded(text.removeprefix(heading)) == unfolded(body)
    app.segmented_control(key=f"look_{labels}").set_value("plain").run()
    for place, answers in zip(places(app), found.columns, strict=True):
        assert list(map(unfolded, place.texts)) == [unfolded(hit.text) for hit in answers.hits]


def test_right_answers_are_marked(workspace: Workspace, run: str, corpus: str) -> None:
    app = ask(ready(workspace, run), QUESTION)
    judged = load_corpus(workspace, corpus).info.judged
    right = next(one.relevant for one in judged if one.question == QUESTION)
    found = search(workspace, corpus, QUESTION, columns(workspace, run))
    for place, answers in zip(places(app), found.columns, strict=True):
        assert len(place.badges) == sum(hit.id in right for hit in answers.hits)
    assert "right answer at rank 1" in shown(app)
    ask(app, QUESTION + "吗")
    assert "right answer" not in shown(app)


def test_an_example_question_is_one_click(workspace: Workspace, run: str, corpus: str) -> None:
    app = ready(workspace, run)
    questions = [one.question for one in load_corpus(workspace, corpus).info.questions]
    assert app.pills(key="example").options == questions[:5]
    app.pills(key="example").set_value(questions[2]).run()
    assert app.text_input(key="question").value == questions[2]
    assert [len(place.heads) for place in places(app)][:2] == [10, 10]
    app.button(key="other_examples").click().run()
    assert app.pills(key="example").options == questions[5:10]
    assert app.text_input(key="question").value == questions[2]


def test_nothing_typed_is_a_hint_and_only_spaces_a_sentence(
    workspace: Workspace, run: str, corpus: str
) -> None:
    app = ready(workspace, run)
    assert "Type a question, or choose one of the examples." in shown(app)
    assert "The question is empty." not in shown(app)
    ask(app, "   ")
    assert "The question is empty." in shown(app)
    assert not places(app)


def test_ten_thousand_characters_are_answered_with_a_word(
    workspace: Workspace, run: str, corpus: str
) -> None:
    app = ask(ready(workspace, run), "鞋" * 10_000)
    assert "This question has 10,000 characters." in shown(app)
    assert [len(place.heads) for place in places(app)][:2] == [10, 10]
    assert len(app.query_params.get("q", "")) == 0


def test_a_failed_reading_says_why_and_the_others_answer(
    workspace: Workspace, run: str, corpus: str
) -> None:
    app = open_screen("search", run=run)
    fail_jobs(workspace, ProcessVanished())
    ask(app, QUESTION)
    assert shown(app).count("ended without a word") == 2
    assert len(places(app)[2].heads) == 10
    assert not queue.waiting_jobs(workspace)
    next(button for button in app.button if button.label == "Try again").click().run()
    assert len(queue.waiting_jobs(workspace)) == 1


def test_a_table_of_ones_own(workspace: Workspace, run: str) -> None:
    app = open_screen("search", run=run)
    table = "\n".join(
        [
            "编号,标题,正文",
            "a1,退货,七天无理由退货，吊牌保持完整。",
            "a2,发票,电子发票当天开出，请查收邮件。",
        ]
    )
    app.file_uploader[0].upload("客服.csv", table.encode("gb18030")).run()
    assert "2 rows, 3 columns, encoding GB18030" in shown(app)
    assert app.selectbox(key="corpus_text").value == "正文"
    assert app.selectbox(key="corpus_id").value == "编号"
    app.button(key="corpus_add").click().run()
    assert not app.exception
    (info,) = list_corpora(workspace)
    assert (info.name, info.rows, info.fields) == ("客服", 2, ("标题",))
    assert load_corpus(workspace, info.id).ids() == ["a1", "a2"]
    do_jobs(workspace)
    view(app, "ask")
    ask(app, "想退货")
    assert [len(place.heads) for place in places(app)] == [2, 2, 1]
    assert "七天无理由退货" in places(app)[2].texts[0]


def test_further_rows_take_the_judgements_along(
    workspace: Workspace, run: str, corpus: str
) -> None:
    judge(load_corpus(workspace, corpus), "跑鞋", "p001", "right")
    app = view(open_screen("search", run=run), "texts")
    old = load_corpus(workspace, corpus).frame()
    table = "id,text,name,category\np900,全新的登山鞋，防滑,登山鞋,跑鞋\n" + ",".join(
        old.iloc[0][["id", "text", "name", "category"]].tolist()
    )
    app.file_uploader[0].upload("新.csv", table.encode()).run()
    app.checkbox(key="corpus_add_to").check().run()
    assert app.selectbox(key="corpus_id_added").value == "id"
    assert app.selectbox(key="corpus_text_added").value == "text"
    app.button(key="corpus_add").click().run()
    assert not app.exception, app.exception
    assert "1 row was added. 1 was there already." in shown(app)
    new = load_corpus(workspace, app.session_state["corpus"])
    assert new.ids() == [*old["id"], "p900"]
    (one,) = judged_questions(new)
    assert one.right == ("p001",)
    # The larger one is listed alone; a link still opens the other one, which says so.
    (title,) = app.selectbox(key="choose_corpus").options
    assert title == f"Product catalogue (sample) · {len(old) + 1} texts"
    app = open_screen("search", run=run, corpus=corpus)
    assert app.session_state["corpus"] == corpus
    said = f"has grown since: {len(old)} texts then, {len(old) + 1} texts now."
    assert said in shown(app)
    assert len(set(app.selectbox(key="choose_corpus").options)) == 2
    app.button(key="corpus_later").click().run()
    assert app.session_state["corpus"] == new.info.id
    assert said not in shown(app)


def test_corpora_of_one_name_can_be_told_apart(workspace: Workspace, run: str) -> None:
    for text in ("一", "二"):
        table = pd.DataFrame({"text": [text]})
        create_corpus(workspace, "shoes", table, text_column="text")
    options = open_screen("search", run=run).selectbox(key="choose_corpus").options
    assert all(re.fullmatch(r"shoes · 1 text · .*20\d\d.*", one) for one in options), options


def test_the_texts_of_a_dataset(workspace: Workspace, run: str) -> None:
    app = open_screen("search", run=run)
    dataset = load_dataset(workspace, load_run(workspace, run).config.dataset.id)
    assert app.multiselect(key=f"corpus_roles_{dataset.info.id}").value == ["positive", "negative"]
    app.multiselect(key=f"corpus_roles_{dataset.info.id}").set_value(["positive"]).run()
    app.button(key="corpus_from_dataset").click().run()
    assert not app.exception, app.exception
    texts = load_corpus(workspace, app.session_state["corpus"]).texts()
    assert texts == dataset.frame()["positive"].drop_duplicates().tolist()


def test_a_large_table_is_stored_by_a_job(
    workspace: Workspace, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staged, "INLINE_BYTES", 100)
    app = open_screen("search", run=run)
    rows = "\n".join(f"a{n},第{n}条很长的说明文字" for n in range(300))
    app.file_uploader[0].upload("大表.csv", f"编号,正文\n{rows}\n".encode()).run()
    assert app.selectbox(key="corpus_text").value == "正文"
    app.selectbox(key="corpus_id").set_value("编号").run()
    app.button(key="corpus_add").click().run()
    assert not app.exception, app.exception
    assert [job.kind for job in queue.waiting_jobs(workspace)] == ["store_corpus"]
    do_jobs(workspace)
    app.run()
    assert not app.exception, app.exception
    corpus = load_corpus(workspace, app.session_state["corpus"])
    assert (corpus.info.name, corpus.info.rows) == ("大表", 300)
    assert corpus.ids()[:2] == ["a0", "a1"]


def test_a_table_that_cannot_be_searched_is_refused(workspace: Workspace, run: str) -> None:
    app = open_screen("search", run=run)
    app.file_uploader[0].upload("a.csv", b"id,text\n1,one\n1,another\n").run()
    assert app.selectbox(key="corpus_id").value is None
    app.selectbox(key="corpus_id").set_value("id")
    app.button(key="corpus_add").click().run()
    assert "The id 1 stands in rows 1 and 2 of a." in shown(app)
    assert not list_corpora(workspace)


def test_an_empty_file_is_refused(workspace: Workspace, run: str) -> None:
    app = open_screen("search", run=run)
    app.file_uploader[0].upload("empty.csv", b"").run()
    assert not app.exception
    assert len(app.error) == 1


def test_a_model_that_is_deleted_meanwhile_is_a_sentence(
    workspace: Workspace, run: str, corpus: str
) -> None:
    app = ready(workspace, run)
    shutil.rmtree(load_comparison(load_run(workspace, run)).base.folder)
    ask(app, QUESTION)
    assert "is no longer in" in shown(app)


def test_the_corpus_of_the_runs_own_sample_comes_first(workspace: Workspace, run: str) -> None:
    products = add_sample_corpus(workspace, "products")
    add_sample_corpus(workspace, "drugs")
    config = workspace.run(run) / "config.yaml"
    text = config.read_text(encoding="utf-8")
    assert "exam: null" in text
    config.write_text(text.replace("exam: null", f"exam: {products}"), encoding="utf-8")
    open_screen("search", run=run)
    assert open_screen("search", run=run).session_state["corpus"] == products


def test_models_are_chosen_and_the_first_is_what_the_others_are_compared_with(
    workspace: Workspace, run: str, corpus: str
) -> None:
    app = ready(workspace, run)
    chosen = [f"tuned:{run}", f"fused:tuned:{run}", f"base:{run}"]
    app.multiselect(key="choose_search_models").set_value(chosen).run()
    assert app.query_params["models"] == ",".join(chosen)
    ask(app, QUESTION)
    base, tuned, _lexical = columns(workspace, run)
    assert tuned.model is not None and tuned.fingerprint is not None
    fused = Column.fused("both", tuned.model, tuned.fingerprint)
    found = search(workspace, corpus, QUESTION, [tuned, fused, base])
    for place, answers in zip(places(app), found.columns, strict=True):
        assert len(place.heads) == 10
        for text, hit in zip(place.texts, answers.hits, strict=True):
            assert text.startswith(hit.fields["name"])
        if answers is not found.columns[0]:
            assert f"{answers.shared} of them in the first column too" in shown(app)
    lost = [one for one in app.expander if "of the first column" in one.label]
    assert [len(one.markdown) for one in lost] == [
        len(answers.lost) for answers in found.columns if answers.lost
    ]


def test_search_in_chinese(workspace: Workspace, run: str, corpus: str) -> None:
    app = open_screen("search", locale="zh-CN", run=run)
    do_jobs(workspace)
    ask(app, QUESTION)
    said = shown(app)
    for name in ("test", "many", "texts"):
        said += shown(view(app, name))
    for english in ("right answer", "scores", "new,", "Base", "Tuned", "question"):
        assert english not in said
    assert "正确答案" in said


def test_what_takes_long_is_begun_by_a_button_can_be_stopped_and_goes_on(
    workspace: Workspace, encoder: CharacterEncoder, corpus: str
) -> None:
    slow = replace(GUESS, encode_flops=1e9, measured=True)
    write_json(workspace.cache / SPEED_FILE, asdict(slow))
    app = open_screen("search")
    assert app.multiselect(key="choose_search_models").value == ["minilm", "bm25"]
    assert not queue.waiting_jobs(workspace)
    assert "A model has to read all 161 texts once" in shown(app)
    assert re.search(r"^- .*MiniLM.*: about \d+ (s|min)", shown(app), re.MULTILINE)
    app.button(key="begin_reading").click().run()
    assert not app.exception, app.exception
    assert [job.kind for job in queue.waiting_jobs(workspace)] == ["encode_corpus"]
    # Another session shows the same work and asks nothing.
    for one in (app, open_screen("search")):
        assert not [button for button in one.button if button.key == "begin_reading"]
        assert len(one.get("progress")) == 1

    button(app, "Stop").click().run()
    assert not queue.waiting_jobs(workspace)
    assert "stopped. What was read is kept, and reading goes on there." in shown(app)
    assert "The models are reading the corpus" not in shown(app)
    button(app, "Go on").click().run()
    assert not app.exception, app.exception
    assert len(queue.waiting_jobs(workspace)) == 1
    assert "The models are reading the corpus" in shown(app)
    do_jobs(workspace)
    app.run()
    assert not app.get("progress") and not app.warning


def test_a_column_without_a_hit_says_why(workspace: Workspace, run: str, corpus: str) -> None:
    base, _tuned, _words = columns(workspace, run)
    rows = load_corpus(workspace, corpus).info.rows
    path = load_corpus(workspace, corpus).vectors_path(base.vectors or "")
    path.parent.mkdir()
    # As an earlier version kept them.
    np.save(path, np.full((rows, WIDTH), np.nan, dtype=np.float32))
    app = ask(ready(workspace, run), "zzzz")
    assert [len(place.heads) for place in places(app)] == [0, 10, 0]
    assert shown(app).count("No text has a word in common with the question.") == 1
    assert shown(app).count("The model has no usable numbers for these texts") == 1


def button(app: AppTest, label: str) -> Button:
    """The only button that says so."""
    (found,) = [one for one in app.button if one.label == label]
    return found
