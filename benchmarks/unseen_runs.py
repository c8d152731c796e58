"""Runs of the quality bar: through the configuration that the form proposes, and how they score."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.unseen_data import Bar, Questions
from core.data.check import check_mapping
from core.data.read import read_table
from core.data.shapes import Mapping
from core.data.store import DatasetInfo, load_dataset, store_dataset
from core.models.bases import BaseConfig
from core.models.bundled import bundled_path
from core.models.catalogue import describe_bases, recommend
from core.problems import Problem
from core.retrieval.lexical import LexicalIndex
from core.retrieval.metrics import hit_table, ndcg_at_k
from core.training.config import RunConfig
from core.training.defaults import propose
from core.training.runs import Run, load_run
from core.training.start import start_run
from core.workspace import Workspace

_WEIGHTS = tuple(round(0.05 * step, 2) for step in range(21))
_ENCODE_BATCH = 64
_LOOK_SECONDS = 0.5
Table = NDArray[np.float32]


class RunFailed(Problem):
    what = "The run {id} ended as {state}: {reason}"
    do = "Its log.txt is printed above."


@dataclass(frozen=True)
class Outcome:
    """What a way of searching reached: nDCG@10 by set of questions, and what training took."""

    name: str
    scores: dict[str, float]
    seconds: float | None = None
    settings: str = ""


def store(workspace: Workspace, name: str, table: pd.DataFrame, mapping: Mapping) -> DatasetInfo:
    """Add a table as the Data screen does."""
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        table.to_csv(file.name, index=False)
        read = read_table(Path(file.name), "table.csv")
    checked = check_mapping(read.frame, mapping)
    id = store_dataset(workspace, name=name, checked=checked, mapping=mapping, source=read.source)
    return load_dataset(workspace, id).info


def recommended(workspace: Workspace, info: DatasetInfo, seed: int | None = None) -> RunConfig:
    """What the form proposes for a table; ``seed`` in place of its own."""
    base = recommend(describe_bases(workspace, info), info).config
    config = propose(workspace, info, base)
    if seed is None:
        return config
    return config.model_copy(update={"training": config.training.model_copy(update={"seed": seed})})


def for_some_rows(config: RunConfig, rows: int, train_rows: int) -> RunConfig:
    """The same for so many rows only, when that is less than it would see."""
    epochs = min(config.training.epochs, rows / train_rows)
    return config.model_copy(
        update={"training": config.training.model_copy(update={"epochs": epochs})}
    )


def train(workspace: Workspace, config: RunConfig) -> Run:
    """Do a run through queue, supervisor and worker.

    Raises:
        RunFailed: it did not succeed.
    """
    id = start_run(workspace, config)
    while (run := load_run(workspace, id)).status.state.active:
        time.sleep(_LOOK_SECONDS)
    if run.report() is None:
        print(run.log_tail(200), file=sys.stderr)
        reason = " ".join(message.text() for message in run.status.error_messages or ())
        raise RunFailed(id=id, state=run.status.state.value, reason=reason)
    return run


def lexical_tables(passages: Sequence[str], sets: dict[str, Questions]) -> dict[str, Table]:
    """BM25's scores, [questions, passages], by set."""
    index = LexicalIndex.build(list(passages))
    return {
        name: np.stack([index.scores(text) for text in questions.texts])
        for name, questions in sets.items()
    }


def dense_tables(
    folder: Path, passages: Sequence[str], sets: dict[str, Questions]
) -> dict[str, Table]:
    """A model's similarities, [questions, passages], by set."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)

    def encode(texts: Sequence[str], *, questions: bool) -> Table:
        read = model.encode_query if questions else model.encode_document
        vectors = read(
            list(texts),
            batch_size=_ENCODE_BATCH,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors, dtype=np.float32)

    answers = encode(passages, questions=False)
    return {
        name: encode(questions.texts, questions=True) @ answers.T
        for name, questions in sets.items()
    }


def score(table: Table, questions: Questions) -> float:
    """nDCG@10; of equally similar passages the first ones come first."""
    ranked = np.argsort(-table, axis=1, kind="stable")[:, :10].astype(np.int64)
    counts = np.array([len(right) for right in questions.relevant], dtype=np.int64)
    return float(ndcg_at_k(hit_table(ranked, questions.relevant), counts, 10).mean())


def scores(tables: dict[str, Table], sets: dict[str, Questions]) -> dict[str, float]:
    """nDCG@10 of each set."""
    return {name: score(tables[name], questions) for name, questions in sets.items()}


def fused(one: Table, other: Table, weight: float) -> Table:
    """A weighted sum of two tables of scores, each brought to 0 … 1 for every question."""
    return weight * _even(one) + (1 - weight) * _even(other)


def best_weight(one: Table, other: Table, questions: Questions) -> float:
    """The weight of ``one`` with which the fusion scores best on these questions."""
    return max(_WEIGHTS, key=lambda weight: score(fused(one, other, weight), questions))


def measure(bar: Bar, folder: Path, name: str, run: Run | None = None) -> list[Outcome]:
    """A model's scores, and those of its fusion with BM25."""
    dense = dense_tables(folder, bar.passages, bar.sets)
    lexical = lexical_tables(bar.passages, bar.sets)
    known, questions = bar.tuning
    tuning = {"tuning": questions}
    weight = best_weight(
        dense_tables(folder, known, tuning)["tuning"],
        lexical_tables(known, tuning)["tuning"],
        questions,
    )
    both = {key: fused(dense[key], lexical[key], weight) for key in bar.sets}
    seconds = run.seconds() if run is not None else None
    settings = settings_of(run.config) if run is not None else ""
    return [
        Outcome(name, scores(dense, bar.sets), seconds, settings),
        Outcome(f"{name}, fused with BM25 ({weight:g} of it)", scores(both, bar.sets)),
    ]


def baselines(bar: Bar) -> list[Outcome]:
    """BM25, and the bundled base as it is."""
    lexical = lexical_tables(bar.passages, bar.sets)
    bare = dense_tables(bundled_path(), bar.passages, bar.sets)
    return [
        Outcome("BM25, characters and pairs of them", scores(lexical, bar.sets)),
        Outcome("all-MiniLM-L6-v2 as it is", scores(bare, bar.sets)),
    ]


def settings_of(config: RunConfig) -> str:
    """A run's settings in a line."""
    training, base = config.training, config.base
    words = [config.loss.name, f"batch {training.batch_size}", f"lr {training.learning_rate:g}"]
    words.append(f"{training.epochs:.3g} epochs")
    if base.kind == "static":
        words += [f"{base.vocabulary_size:,} pieces of at most {base.max_piece_length} characters"]
        words += [f"{base.dimension} numbers"]
    if training.max_length:
        words.append(f"{training.max_length} tokens read")
    if training.structured_negatives:
        words.append(f"{training.structured_negatives} negatives from structure")
    return ", ".join(words)


def bundled() -> BaseConfig:
    """The base of the cards."""
    return BaseConfig(kind="bundled")


def _even(table: Table) -> Table:
    low = table.min(axis=1, keepdims=True)
    span = table.max(axis=1, keepdims=True) - low
    return np.asarray((table - low) / np.where(span > 0, span, 1), dtype=np.float32)
