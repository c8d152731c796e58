"""The exam at the end of a run: questions with known answers over a corpus the model never saw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.jobs.context import JobContext
from core.models.bases import ResolvedBase
from core.models.encoding import encode as encode_with
from core.models.fingerprint import model_fingerprint
from core.models.roles import Role
from core.retrieval.answers import Column
from core.retrieval.corpora import load_corpus
from core.retrieval.encode_job import store_vectors
from core.retrieval.fusion import FUSED
from core.retrieval.scoring import score_questions
from core.training import artifacts
from core.training.config import OwnQuestion, RunConfig
from core.training.encoding import load_model
from core.training.questions import OwnQuestions, ask
from core.training.report import Exam, ModelScores

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_K = 10


def take_exam(
    job: JobContext,
    config: RunConfig,
    reference: ResolvedBase,
    tuned: SentenceTransformer,
    own: Sequence[OwnQuestion] = (),
) -> tuple[Exam, OwnQuestions | None]:
    """Score the reference, the tuned model, BM25 and the fusion on the corpus's own questions.

    The vectors are kept with the corpus, so that Search answers at once afterwards.

    Args:
        job: hears of the progress.
        config: names the corpus.
        reference: what the analyst had before.
        tuned: the tuned model; its folder is whole already.
        own: the user's own questions, which are asked of the same corpus.

    Returns:
        The scores, and what was found for the own questions, if there are any.

    Raises:
        UnknownItem: the corpus was deleted.
        NoJudgedQuestions: it has no questions with known answers.
    """
    assert config.evaluation.exam is not None and reference.path is not None
    corpus = load_corpus(job.workspace, config.evaluation.exam)
    loaded = {job.folder / artifacts.MODEL: tuned}

    def encode(model: Path, texts: Sequence[str], role: Role | None) -> np.ndarray:
        if model not in loaded:
            loaded[model] = load_model(model, job.device)
        return encode_with(loaded[model], texts, role, check=job.check_stop)

    columns, indexes = [], []
    for role, path, name in (
        ("base", reference.path, reference.name),
        ("tuned", job.folder / artifacts.MODEL, config.name),
    ):
        fingerprint = model_fingerprint(path)
        column = Column.dense(name, path, fingerprint)
        assert column.vectors is not None
        index = corpus.dense_index(column.vectors)
        if index is None:
            store_vectors(job, corpus, path, fingerprint, encode)
            index = corpus.dense_index(column.vectors)
        assert index is not None
        indexes.append((path, index))
        columns.append((role, column))
    columns.append(("bm25", Column.lexical()))
    columns.append(("fused", Column.fused(FUSED, path, fingerprint)))
    table = score_questions(
        job.workspace, corpus.info.id, [column for _, column in columns], k=_K, encode=encode
    )
    models = []
    for (role, column), scores in zip(columns, table.columns, strict=True):
        if scores.problem is not None:
            raise scores.problem
        assert scores.ndcg is not None and scores.mrr is not None and scores.recall is not None
        metrics = {"ndcg@10": scores.ndcg, "mrr@10": scores.mrr, "recall@10": scores.recall}
        models.append(ModelScores(role, column.name, metrics))
    exam = Exam(corpus.info.id, corpus.info.name, table.questions, models)
    if not own:
        return exam, None
    asked = [one.question for one in own]
    before, after = (
        np.stack([index.scores(vector) for vector in encode(path, asked, "query")])
        for path, index in indexes
    )
    return exam, ask(own, corpus.texts(), before, after, corpus.info.name)
