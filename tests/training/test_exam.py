"""The exam: a corpus with questions of its own, scored as an independent computation scores it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from core.data.store import load_dataset
from core.models.bases import BaseConfig
from core.retrieval.corpora import Question, create_corpus, load_corpus
from core.retrieval.lexical import LexicalIndex
from core.training.config import OwnQuestion
from core.training.question_sets import save_questions
from core.training.report import Report
from core.workspace import Workspace
from tests.training.conftest import MakeConfig, run_here, sample_frame


@pytest.fixture
def shelf(workspace: Workspace) -> str:
    """A corpus of products that stand in no training row, with a question for each of twenty."""
    frame = sample_frame(400)[200:].drop_duplicates("positive").reset_index(drop=True)
    frame["id"] = [f"p{number}" for number in range(len(frame))]
    questions = [Question(row["anchor"], (row["id"],)) for _, row in frame[:20].iterrows()]
    table = frame[["id", "positive"]].rename(columns={"positive": "text"})
    return create_corpus(
        workspace, "Shelf", table, text_column="text", id_column="id", questions=questions
    )


def test_the_exam_equals_scikit_learns_figures_and_a_fusion_by_hand(
    workspace: Workspace, triplets: str, shelf: str, make_config: MakeConfig, tiny_base: Path
) -> None:
    from sentence_transformers import SentenceTransformer

    family = load_dataset(workspace, triplets).info.family
    save_questions(workspace, family, [OwnQuestion(question="夜里照明")])
    config = make_config(
        triplets,
        BaseConfig(kind="folder", path=str(tiny_base)),
        learning_rate=1e-3,
        epochs=1,
        query_prompt="问",
        document_prompt="答",
    )
    exam = config.evaluation.model_copy(update={"exam": shelf})
    folder = run_here(workspace, config.model_copy(update={"evaluation": exam}))
    report = Report.load(folder)
    assert report is not None and report.exam is not None and report.own_questions is not None
    # With an exam, own questions are asked of its corpus.
    corpus = load_corpus(workspace, shelf)
    texts = corpus.texts()
    assert (report.own_questions.corpus, report.own_questions.texts) == ("Shelf", len(texts))
    model = SentenceTransformer(str(folder / "model"), device="cpu")
    asked = [one.question for one in corpus.info.judged]
    dense = (
        model.encode_query(asked, normalize_embeddings=True)
        @ model.encode_document(texts, normalize_embeddings=True).T
    )
    index = LexicalIndex.build(texts)
    words = np.stack([index.scores(question) for question in asked])
    relevant = np.eye(len(asked), len(texts))
    reached = {one.role: one.metrics for one in report.exam.models}
    assert list(reached) == ["base", "tuned", "bm25", "fused"]
    expected = np.mean(
        [ndcg_score([right], [row], k=10) for right, row in zip(relevant, dense, strict=True)]
    )
    assert reached["tuned"]["ndcg@10"] == pytest.approx(expected, abs=1e-6)
    firsts = []
    for vector, word, right in zip(dense, words, relevant, strict=True):
        total = np.zeros(len(texts))
        for scores, found in ((vector, np.arange(len(texts))), (word, np.flatnonzero(word > 0))):
            ranked = found[np.argsort(-scores[found], kind="stable")]
            total[ranked] += 1 / (61 + np.arange(len(ranked)))
        place = int(np.argmax(right))
        order = np.argsort(-total, kind="stable").tolist()
        firsts.append(1 + order.index(place))
    gains = [1 / np.log2(rank + 1) if rank <= 10 else 0 for rank in firsts]
    assert reached["fused"]["ndcg@10"] == pytest.approx(np.mean(gains), abs=1e-6)
    kinds = {alarm.kind for alarm in report.alarms}
    behind = reached["tuned"]["ndcg@10"] < reached["bm25"]["ndcg@10"]
    assert ("exam_worse_than_bm25" in kinds) is behind
