"""Search: three columns for one question, corpora, figures over all questions, and refusals."""

from __future__ import annotations

import json
import shutil

import pytest
from streamlit.testing.v1 import AppTest

from core.inspection.comparison import load_comparison
from core.jobs import queue
from core.jobs.reasons import ProcessVanished
from core.retrieval.corpora import list_corpora, load_corpus
from core.retrieval.sample_corpora import add_sample_corpus
from core.retrieval.search import Column, score_questions, search
from core.training.runs import load_run
from core.workspace import Workspace
from tests.pages.compared import do_jobs, fail_jobs, make_compared
from tests.retrieval.stand_in import CharacterEncoder
from tests.ui.helpers import open_screen, shown

QUESTION = "下雨天跑步，不想鞋子湿透"


@pytest.fixture
def run(workspace: Workspace, encoder: CharacterEncoder) -> str:
    return make_compared(workspace)


@pytest.fixture
def corpus(workspace: Workspace) -> str:
    return add_sample_corpus(workspace, "products")


def ready(workspace: Workspace, run: str) -> AppTest:
    """The screen once both models have read the corpus."""
    app = open_screen("search", run=run)
    do_jobs(workspace)
    app.run()
    assert not app.exception, app.exception
    return app


def ask(app: AppTest, question: str) -> AppTest:
    app.text_input(key="question").set_value(question).run()
    assert not app.exception, app.exception
    return app


def columns(workspace: Workspace, run: str) -> list[Column]:
    comparison = load_comparison(load_run(workspace, run))
    return [
        Column.dense("base", comparison.base.folder, comparison.base.fingerprint),
        Column.dense("tuned", comparison.tuned.folder, comparison.tuned.fingerprint),
        Column.lexical(),
    ]


def places(app: AppTest) -> list[list[str]]:
    """The Markdown of each of the three columns of answers."""
    heads = ("**Base:", "**Tuned:", "**BM25")
    found: list[list[str]] = []
    for element in app.markdown:
        if element.value.startswith(heads):
            found.append([])
        elif found:
            found[-1].append(element.value)
    return found


def test_without_a_model_it_says_where_models_come_from(workspace: Workspace) -> None:
    assert "There is no trained model yet." in shown(open_screen("search"))


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
    base, tuned, lexical = places(app)
    assert base == tuned == []
    assert len(lexical) == 20
    assert shown(app).count("Answers as soon as it has read the corpus.") == 2
    assert app.button(key="score_all").disabled


def test_three_columns_with_scores_ranks_and_changes(
    workspace: Workspace, run: str, corpus: str
) -> None:
    app = ask(ready(workspace, run), QUESTION)
    found = search(workspace, corpus, QUESTION, columns(workspace, run))
    for number, (place, answers) in enumerate(zip(places(app), found.columns, strict=True)):
        heads, texts = place[::2], place[1::2]
        digits = 3 if number < 2 else 2
        for head, text, hit in zip(heads, texts, answers.hits, strict=True):
            assert head.startswith(f"**{hit.rank}** &nbsp; :gray[{hit.score:.{digits}f}]")
            assert text[:8] in hit.text
            if number == 0:
                assert "▲" not in head and "new" not in head
            elif hit.base_rank is not None and hit.base_rank > 10:
                assert f"new, was {hit.base_rank}" in head
            elif hit.change and hit.change > 0:
                assert f"▲{hit.change}" in head
            elif hit.change:
                assert f"▼{-hit.change}" in head


def test_right_answers_are_marked(workspace: Workspace, run: str, corpus: str) -> None:
    app = ask(ready(workspace, run), QUESTION)
    judged = load_corpus(workspace, corpus).info.judged
    right = next(one.relevant for one in judged if one.question == QUESTION)
    found = search(workspace, corpus, QUESTION, columns(workspace, run))
    for place, answers in zip(places(app), found.columns, strict=True):
        marked = [number for number, head in enumerate(place[::2]) if "right answer" in head]
        assert marked == [n for n, hit in enumerate(answers.hits) if hit.id in right]
    assert "right answer at rank 1" in shown(app)
    ask(app, QUESTION + "吗")
    assert "right answer" not in shown(app)


def test_an_example_question_is_one_click(workspace: Workspace, run: str, corpus: str) -> None:
    app = ready(workspace, run)
    questions = [one.question for one in load_corpus(workspace, corpus).info.questions]
    assert app.pills(key="example").options == questions[:5]
    app.pills(key="example").set_value(questions[2]).run()
    assert app.text_input(key="question").value == questions[2]
    assert len(places(app)) == 3
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
    assert [len(place) for place in places(app)][:2] == [20, 20]


def test_all_questions_are_scored(workspace: Workspace, run: str, corpus: str) -> None:
    app = ready(workspace, run)
    app.button(key="score_all").click().run()
    assert not app.exception
    wanted = score_questions(workspace, corpus, columns(workspace, run))
    table = app.dataframe[0].value
    assert list(table.columns[1:4]) == ["nDCG@10", "MRR@10", "Recall@10"]
    for row, column in zip(table.itertuples(), wanted.columns, strict=True):
        assert tuple(row)[2:5] == pytest.approx((column.ndcg, column.mrr, column.recall))
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert figure["layout"]["title"]["text"] == "60 questions with known answers, higher is better"
    assert [bar["name"] for bar in figure["data"]] == list(table["Column"])
    ask(app, QUESTION)
    assert app.dataframe


def test_a_failed_reading_says_why_and_the_others_answer(
    workspace: Workspace, run: str, corpus: str
) -> None:
    app = open_screen("search", run=run)
    fail_jobs(workspace, ProcessVanished())
    ask(app, QUESTION)
    assert shown(app).count("ended without a word") == 2
    assert len(places(app)[2]) == 20
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
    app.selectbox(key="corpus_id").set_value("编号")
    app.button(key="corpus_add").click().run()
    assert not app.exception
    (info,) = list_corpora(workspace)
    assert (info.name, info.rows, info.fields) == ("客服", 2, ("标题",))
    assert load_corpus(workspace, info.id).ids() == ["a1", "a2"]
    do_jobs(workspace)
    ask(app, "想退货")
    assert [len(place) for place in places(app)] == [4, 4, 2]
    assert "退货" in places(app)[2][1]


def test_a_table_that_cannot_be_searched_is_refused(workspace: Workspace, run: str) -> None:
    app = open_screen("search", run=run)
    app.file_uploader[0].upload("a.csv", b"id,text\n1,one\n1,another\n").run()
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


def test_search_in_chinese(workspace: Workspace, run: str, corpus: str) -> None:
    app = open_screen("search", locale="zh-CN", run=run)
    do_jobs(workspace)
    ask(app, QUESTION)
    app.button(key="score_all").click().run()
    words = shown(app)
    for english in ("right answer", "scores", "new,", "Base", "Tuned", "question"):
        assert english not in words
    assert "正确答案" in words
