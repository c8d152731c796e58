"""What the tests of Search share: asking, and reading what the screen shows."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import ndcg_score
from streamlit.testing.v1 import AppTest

from core.inspection.comparison import load_comparison
from core.retrieval.answers import Column
from core.retrieval.corpora import Question, load_corpus
from core.retrieval.search import search
from core.training.runs import load_run
from core.workspace import Workspace
from tests.pages.compared import do_jobs
from tests.retrieval.stand_in import CharacterEncoder
from tests.ui.helpers import open_screen

QUESTION = "下雨天跑步，不想鞋子湿透"


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


@dataclass
class Place:
    """One column of answers as the screen shows it."""

    heads: list[str]
    texts: list[str]
    badges: list[str]


def places(app: AppTest) -> list[Place]:
    """The columns of answers."""
    found = []
    for column in app.columns:
        lines = [element.value for element in column.markdown]
        if lines and re.match(r"\*\*(Base:|Tuned:|BM25|.* with BM25|基座|微调后)", lines[0]):
            heads = [line for line in lines if re.match(r"\*\*\d+\*\* &nbsp;", line)]
            badges = [line for line in lines if "badge[" in line]
            texts = [words(element.proto.body) for element in column.get("html")]
            found.append(Place(heads, texts, badges))
    return found


def words(markup: str) -> str:
    """What somebody reads of HTML."""
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


def independent_figures(
    workspace: Workspace, corpus: str, column: Column, questions: Sequence[Question]
) -> list[float]:
    """Mean nDCG@10 by scikit-learn, MRR@10 and Recall@10 by hand; of the words only the order is
    the app's own, which tests/retrieval/test_lexical.py computes."""
    stored = load_corpus(workspace, corpus)
    ids, texts = stored.ids(), stored.texts()
    figures = []
    for one in questions:
        if column.model is None:
            (words,) = search(workspace, corpus, one.question, [column]).columns
            order = [ids.index(hit.id) for hit in words.hits]
        else:
            vectors = CharacterEncoder().encode(workspace, column.model, [*texts, one.question])
            # Of equal cosines, which differ in the last digits, the earlier text comes first.
            order = np.argsort(-np.round(vectors[:-1] @ vectors[-1], 6), kind="stable").tolist()
        # Ten more that are wrong stand before what was not found at all.
        truth = np.zeros(len(ids) + 10)
        truth[[ids.index(id) for id in one.relevant]] = 1
        scores = np.append(np.zeros(len(ids)), np.full(10, 0.5))
        scores[order] = np.arange(len(order), 0, -1)
        ranks = [rank for rank, place in enumerate(order[:10], start=1) if truth[place]]
        figures.append(
            [
                ndcg_score([truth], [scores], k=10),
                1 / ranks[0] if ranks else 0.0,
                len(ranks) / len(one.relevant),
            ]
        )
    return np.mean(figures, axis=0).tolist()


def shown_figures(app: AppTest) -> list[list[float]]:
    """The rows of the table of figures: nDCG, MRR, recall."""
    table = next(one.value for one in app.dataframe if "MRR@10" in one.value.columns)
    return table[["nDCG@10", "MRR@10", "Recall@10"]].to_numpy().tolist()


def view(app: AppTest, name: str) -> AppTest:
    app.segmented_control(key="search_view").set_value(name).run()
    assert not app.exception, app.exception
    return app
