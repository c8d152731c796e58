"""Search: judging, the test set, many questions, and figures that are counted here."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from core.data.shapes import Shape
from core.data.store import load_dataset
from core.retrieval.corpora import load_corpus
from core.retrieval.dense import DenseIndex
from core.retrieval.judgements import judge, judged_questions, scorable
from core.retrieval.lexical import LexicalIndex
from core.retrieval.sample_corpora import add_sample_corpus
from core.retrieval.search import search
from core.workspace import Workspace
from tests.pages.compared import do_jobs, make_compared
from tests.pages.searching import (
    ask,
    columns,
    independent_figures,
    places,
    ready,
    shown_figures,
    view,
)
from tests.retrieval.stand_in import CharacterEncoder
from tests.ui.helpers import open_screen, shown


@pytest.fixture
def run(workspace: Workspace, encoder: CharacterEncoder) -> str:
    return make_compared(workspace)


@pytest.fixture
def corpus(workspace: Workspace) -> str:
    return add_sample_corpus(workspace, "products")


def test_all_questions_are_scored(workspace: Workspace, run: str, corpus: str) -> None:
    app = view(ready(workspace, run), "many")
    app.button(key="ask_all").click().run()
    do_jobs(workspace)
    app.run()
    assert not app.exception
    judged = load_corpus(workspace, corpus).info.judged
    for found, column in zip(shown_figures(app), columns(workspace, run), strict=True):
        wanted = independent_figures(workspace, corpus, column, judged)
        assert found == pytest.approx(wanted, abs=1e-6)
    table = next(one.value for one in app.dataframe if "MRR@10" in one.value.columns)
    for row in table.to_dict("records"):
        low, high = map(float, row["95% interval of nDCG"].split(" – "))
        assert low < row["nDCG@10"] < high
        assert 0.02 < high - low < 0.3
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert figure["layout"]["title"]["text"] == "60 questions with known answers, higher is better"
    assert [bar["name"] for bar in figure["data"]] == list(table["Searched with"])
    for bar, row in zip(figure["data"], table.to_dict("records"), strict=True):
        assert bar["error_y"]["array"]
        assert bar["text"] == [f"{row[f'{name}@10']:.3f}" for name in ("nDCG", "MRR", "Recall")]
    (pair,) = [one.value for one in app.dataframe if "Ranks gained" in one.value.columns]
    gains = pair["nDCG@10 gained"]
    assert (
        f"Questions won: {(gains > 0).sum()} (their nDCG@10 rose), lost: {(gains < 0).sum()} "
        f"(it fell), as before: {(gains == 0).sum()}."
    ) in shown(app)
    base, tuned, _words = shown_figures(app)
    assert gains.mean() == pytest.approx(tuned[0] - base[0])


def test_judging_with_one_click_gives_figures_that_are_counted_by_hand(
    workspace: Workspace, run: str, corpus: str
) -> None:
    app = ask(ready(workspace, run), "想要一双跑鞋")
    found = search(workspace, corpus, "想要一双跑鞋", columns(workspace, run))
    app.button(key="right_0_2").click().run()
    app.button(key="wrong_0_1").click().run()
    right = found.columns[0].hits[1].id
    assert "1 question judged." in shown(app)
    assert ":red-badge" in places(app)[0].badges[0]

    def by_hand(*ids: str) -> list[list[float]]:
        """Where the right answers stand in each column, and what that is worth."""
        rows = []
        for column in found.columns:
            ranks = [hit.rank for hit in column.hits if hit.id in ids]
            gained = sum(1 / math.log2(rank + 1) for rank in ranks)
            ideal = sum(1 / math.log2(rank + 1) for rank in range(1, len(ids) + 1))
            rows.append([gained / ideal, 1 / min(ranks, default=math.inf), len(ranks) / len(ids)])
        return rows

    assert np.allclose(shown_figures(app), by_hand(right))
    further = found.columns[1].hits[4].id
    app.button(key="right_1_5").click().run()
    assert np.allclose(shown_figures(app), by_hand(right, further))
    app.button(key="undo_judgement").click().run()
    # Another session sees them; a click on what was said takes it back, and so does "Undo".
    other = ask(open_screen("search", run=run), "想要一双跑鞋")
    assert ":red-badge" in places(other)[0].badges[0]
    # "Undo" there has nothing to take back, and what was marked there stays when "Undo" is here.
    assert other.button(key="undo_judgement").disabled
    other.button(key="wrong_0_3").click().run()
    app.button(key="right_0_2").click().run()
    assert "1 of them has no right answer yet" in shown(app)
    app.button(key="undo_judgement").click().run()
    assert np.allclose(shown_figures(app), by_hand(right))
    (one,) = judged_questions(load_corpus(workspace, corpus))
    assert one.wrong == (found.columns[0].hits[0].id, found.columns[0].hits[2].id)


def test_a_further_mark_ranks_nothing_anew(
    workspace: Workspace, run: str, corpus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranked: list[int] = []
    for index in (DenseIndex, LexicalIndex):
        real = index.search

        def counted(self: Any, asked: Any, *others: Any, real: Any = real) -> Any:
            ranked.append(1 if isinstance(asked, str) else len(asked))
            return real(self, asked, *others)

        monkeypatch.setattr(index, "search", counted)
    stored = load_corpus(workspace, corpus)
    for number, id in enumerate(stored.ids()[:20]):
        judge(stored, f"问题{number}", id, "right")
    app = ask(ready(workspace, run), "想要一双跑鞋")
    # Twenty questions by each of three columns, and none of them a second time.
    assert sum(ranked) == 60
    before = shown_figures(app)
    app.button(key="right_0_2").click().run()
    assert sum(ranked) == 63
    app.button(key="wrong_0_1").click().run()
    app.button(key="right_1_3").click().run()
    app.button(key="undo_judgement").click().run()
    ask(app, "问题3")
    app.button(key="right_0_1").click().run()
    assert sum(ranked) == 63
    assert shown_figures(app) != before
    questions = scorable(judged_questions(stored))
    assert len(questions) == 21
    for found, column in zip(shown_figures(app), columns(workspace, run), strict=True):
        wanted = independent_figures(workspace, corpus, column, questions)
        assert found == pytest.approx(wanted, abs=1e-6)


def test_a_missing_answer_is_found_and_counts(workspace: Workspace, run: str, corpus: str) -> None:
    app = ask(ready(workspace, run), "想要一双跑鞋")
    app.text_input(key="missing_part").set_value("室内云台").run()
    app.button(key="missing_0").click().run()
    (one,) = judged_questions(load_corpus(workspace, corpus))
    frame = load_corpus(workspace, corpus).frame()
    (id,) = frame[frame["text"].str.contains("室内云台")]["id"]
    assert (one.right, one.missing) == ((id,), (id,))
    assert app.button(key="missing_0").disabled


def test_judgements_become_a_dataset(workspace: Workspace, run: str, corpus: str) -> None:
    stored = load_corpus(workspace, corpus)
    ids = stored.ids()
    for number in range(12):
        judge(stored, f"问题{number}", ids[number], "right")
        judge(stored, f"问题{number}", ids[number + 20], "wrong")
    app = view(ready(workspace, run), "test")
    assert "12 questions judged." in shown(app)
    app.radio(key="judged_with_wrong").set_value(True).run()
    app.button(key="judged_store").click().run()
    assert not app.exception
    info = load_dataset(workspace, app.session_state["dataset"]).info
    assert info.shape is Shape.TRIPLETS
    texts = stored.texts()
    frame = load_dataset(workspace, info.id).frame()
    assert frame["anchor"].tolist() == [f"问题{number}" for number in range(12)]
    assert frame["positive"].tolist() == texts[:12]
    assert frame["negative"].tolist() == texts[20:32]


def test_a_table_of_questions_with_their_answers(
    workspace: Workspace, run: str, corpus: str
) -> None:
    app = view(ready(workspace, run), "many")
    frame = load_corpus(workspace, corpus).frame()
    table = f"问题,答案\n防水跑鞋,p001|p007\n摄像头,{frame['text'][40].replace(',', '')}\n灯,nope\n"
    app.file_uploader[0].upload("我的问题.csv", table.encode()).run()
    assert app.selectbox(key="questions_column").value == "问题"
    assert app.selectbox(key="answers_column").value == "答案"
    app.button(key="questions_add").click().run()
    assert not app.exception, app.exception
    assert "The right answers of 2 questions are known." in shown(app)
    assert "1 answer in the table is not among these texts" in shown(app)
    app.button(key="ask_all").click().run()
    do_jobs(workspace)
    app.run()
    assert not app.exception, app.exception
    won = next(one.value for one in app.dataframe if "Ranks gained" in one.value.columns)
    assert set(won["Question"]) == {"防水跑鞋", "摄像头"}
    sizes = won[["nDCG@10 gained", "Ranks gained"]].abs().to_numpy().tolist()
    assert sizes == sorted(sizes, reverse=True)
    # Of two questions nothing can be said, and no bar has an interval.
    assert "cannot be told from fewer than 10 questions" in shown(app)
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert all("array" not in bar.get("error_y", {}) for bar in figure["data"])
