"""The exam at the end of a run: questions with known answers over a corpus the model never saw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.jobs.context import JobContext
from core.models.bases import ResolvedBase
from core.models.fingerprint import model_fingerprint
from core.retrieval.corpora import load_corpus
from core.retrieval.encode_job import store_vectors
from core.retrieval.search import Column, score_questions
from core.training import artifacts
from core.training.config import RunConfig
from core.training.encoding import encode_texts, load_model
from core.training.report import Exam, ModelScores

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def take_exam(
    job: JobContext, config: RunConfig, reference: ResolvedBase, tuned: SentenceTransformer
) -> Exam:
    """Score the reference, the tuned model and BM25 on the corpus's own questions.

    The vectors are kept with the corpus, so that Search answers at once afterwards.

    Raises:
        UnknownItem: the corpus was deleted.
        NoJudgedQuestions: it has no questions with known answers.
    """
    assert config.evaluation.exam is not None and reference.path is not None
    corpus = load_corpus(job.workspace, config.evaluation.exam)
    loaded = {job.folder / artifacts.MODEL: tuned}

    def encode(model: Path, texts: Sequence[str]) -> np.ndarray:
        if model not in loaded:
            loaded[model] = load_model(model, job.device)
        return encode_texts(job, loaded[model], texts)

    columns = []
    for role, path, name in (
        ("base", reference.path, reference.name),
        ("tuned", job.folder / artifacts.MODEL, config.name),
    ):
        fingerprint = model_fingerprint(path)
        if corpus.dense_index(fingerprint) is None:
            store_vectors(job, corpus, path, fingerprint, encode)
        columns.append((role, Column.dense(name, path, fingerprint)))
    columns.append(("bm25", Column.lexical()))
    table = score_questions(
        job.workspace, corpus.info.id, [column for _, column in columns], encode=encode
    )
    models = []
    for (role, column), scores in zip(columns, table.columns, strict=True):
        if scores.problem is not None:
            raise scores.problem
        assert scores.ndcg is not None and scores.mrr is not None and scores.recall is not None
        metrics = {"ndcg@10": scores.ndcg, "mrr@10": scores.mrr, "recall@10": scores.recall}
        models.append(ModelScores(role, column.name, metrics))
    return Exam(corpus.info.id, corpus.info.name, table.questions, models)
