"""Many questions at once: the job that asks them all, and its result, question by question."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.problems import N_, Message
from core.retrieval.answers import Answers, Column
from core.retrieval.corpora import Corpus, Question, load_corpus
from core.retrieval.metrics import LEAST_FOR_INTERVAL, bootstrap_interval, hit_table
from core.retrieval.question_sets import FOLDER, load_set
from core.retrieval.scoring import ColumnScores, Interval, PerQuestion, measure, summarise

if TYPE_CHECKING:
    from core.jobs.context import JobContext

K = 10
DEPTH = 100
"""How far down a list the right answer is looked for when ranks are compared."""
_ASKING = N_("{column}: {done} of {questions} questions")
_NOTE = b"pairloom"
_METRICS = ("ndcg", "mrr", "recall")
_TELL_EVERY = 50
_EQUAL = 1e-9
"""So near to each other two figures are the same, computed in another order."""


@dataclass(frozen=True)
class QuestionRun:
    """What several columns answered to a list of questions.

    Attributes:
        columns: who was asked.
        frame: one row a question: ``question``, ``right`` (ids), and for the column number ``c``
            ``top_c`` (the first ten ids), ``rank_c`` (of the first right answer; missing when it is
            not among the first 100 or not known) and ``ndcg_c``, ``mrr_c``, ``recall_c`` (NaN
            without a known answer).
        scores: means over the questions with a known answer; none without such questions.
    """

    columns: tuple[Column, ...]
    frame: pd.DataFrame
    scores: tuple[ColumnScores, ...]

    @property
    def answered(self) -> int:
        """How many questions have a known right answer."""
        return int(self.frame["right"].map(len).gt(0).sum())

    def compare(self, before: int, after: int) -> pd.DataFrame:
        """The questions with a known answer, those that gained or lost most first.

        Args:
            before: the number of a column.
            after: the number of the one that is compared with it.

        Returns:
            Columns question, before, after (ranks; missing where the answer is not among the first
            100), change (ranks gained; what is not found counts as rank 101) and gain (by how much
            nDCG@10 rose, 0 where it is the same), sorted by the size of the gain, then by that of
            the change, gains before losses of the same size.  The index holds the questions' places
            in ``frame``.
        """
        known = self.frame[self.frame["right"].map(len).gt(0)]
        table = pd.DataFrame(
            {
                "question": known["question"],
                "before": known[f"rank_{before}"],
                "after": known[f"rank_{after}"],
            }
        )
        far = DEPTH + 1
        table["change"] = table["before"].fillna(far) - table["after"].fillna(far)
        gain = (known[f"ndcg_{after}"] - known[f"ndcg_{before}"]).to_numpy()
        table["gain"] = np.where(np.abs(gain) < _EQUAL, 0.0, gain)
        gains, changes = table["gain"].to_numpy(), table["change"].to_numpy(dtype=np.float64)
        return table.iloc[np.lexsort((-changes, -np.abs(changes), -gains, -np.abs(gains)))]

    def won_and_lost(self, before: int, after: int) -> tuple[int, int]:
        """How many questions have a higher nDCG@10 than before, and how many a lower one.

        A right answer that moves below the tenth place changes neither.
        """
        gain = self.compare(before, after)["gain"]
        return int((gain > 0).sum()), int((gain < 0).sum())

    def differences(self, before: int, after: int) -> pd.DataFrame:
        """All questions, those first whose first ten answers differ most.

        Returns:
            Columns question, before, after (the id of the first answer, "" without one) and shared
            (how many of the first ten both have).
        """
        first, second = self.frame[f"top_{before}"], self.frame[f"top_{after}"]
        table = pd.DataFrame(
            {
                "question": self.frame["question"],
                "before": [one[0] if len(one) else "" for one in first],
                "after": [one[0] if len(one) else "" for one in second],
                "shared": [len(set(a) & set(b)) for a, b in zip(first, second, strict=True)],
            }
        )
        return table.sort_values("shared", kind="stable")

    def gain(self, before: int, after: int) -> tuple[float, Interval | None]:
        """The mean difference of nDCG@10 and its 95% interval over paired questions.

        There is no interval where there are too few questions to tell.

        Raises:
            ValueError: no question has a known answer.
        """
        change = (self.frame[f"ndcg_{after}"] - self.frame[f"ndcg_{before}"]).dropna().to_numpy()
        interval = bootstrap_interval(change)
        return float(change.mean()), interval

    def table(self) -> pd.DataFrame:
        """All of it with the columns' names, for a file: ids joined by ``|``."""
        table = self.frame[["question"]].copy()
        table["right"] = self.frame["right"].map("|".join)
        for number, column in enumerate(self.columns):
            table[f"{column.name} · rank"] = self.frame[f"rank_{number}"]
            for metric in _METRICS:
                table[f"{column.name} · {metric}@{K}"] = self.frame[f"{metric}_{number}"]
            table[f"{column.name} · first {K}"] = self.frame[f"top_{number}"].map("|".join)
        return table


def ask_params(corpus_id: str, set_id: str, columns: Sequence[Column]) -> dict[str, Any]:
    """The parameters of an ``ask_questions`` job; the list of questions must be kept already."""
    return {
        "corpus": corpus_id,
        "set": set_id,
        "columns": [column.to_json() for column in columns],
    }


def ask_questions(job: JobContext) -> None:
    """Ask all questions of a list; parameters as :func:`ask_params` makes them.

    :func:`load_question_run` then has the result, which appears whole or not at all.

    Raises:
        UnknownItem: the corpus has been deleted.
        QuestionsGone: the list has been deleted.
        MissingVectors, MissingWordIndex: a column cannot answer yet.
        Problem: the encoder cannot load a model.
    """
    corpus = load_corpus(job.workspace, job.params["corpus"])
    questions = load_set(corpus, job.params["set"]).questions
    columns = [Column.from_json(one) for one in job.params["columns"]]
    path = _path(corpus, job.params["set"], columns)
    if path.exists():
        return
    answers = Answers.of(job.workspace, corpus)
    texts = [question.question for question in questions]
    ranked = []
    for number, column in enumerate(columns):

        def tell(done: int, number: int = number, column: Column = column) -> None:
            if done % _TELL_EVERY == 0 or column.model is not None:
                job.check_stop()
                facts = {"column": column.name, "done": done, "questions": len(texts)}
                job.progress(Message(_ASKING, facts), (number + done / len(texts)) / len(columns))

        tell(0)
        ranked.append(answers.ranked(column, texts, DEPTH, tell))
    _write(path, _frame(corpus, questions, ranked), columns, job.params["set"])


def load_question_run(corpus: Corpus, set_id: str, columns: Sequence[Column]) -> QuestionRun | None:
    """What these columns answered to a list of questions; None while nobody has asked them."""
    try:
        table = pq.read_table(_path(corpus, set_id, columns))
    except (OSError, pa.ArrowException):
        return None
    frame = table.to_pandas()
    note = json.loads(table.schema.metadata[_NOTE])
    # The names may have changed since: those of now count.
    scores = tuple(
        ColumnScores(column, **_intervals(one))
        for column, one in zip(columns, note["scores"], strict=False)
    )
    result = QuestionRun(tuple(columns), frame, scores)
    if result.answered < LEAST_FOR_INTERVAL:
        # Kept when an interval was still made of any number of questions.
        nothing: dict[str, Any] = dict.fromkeys(f"{metric}_interval" for metric in _METRICS)
        scores = tuple(replace(one, **nothing) for one in scores)
    return replace(result, scores=scores)


def _frame(
    corpus: Corpus, questions: Sequence[Question], ranked: Sequence[NDArray[np.int64]]
) -> pd.DataFrame:
    ids = np.array(corpus.ids(), dtype=object)
    place = {id: position for position, id in enumerate(ids)}
    relevant = [{place[id] for id in question.relevant} for question in questions]
    known = np.array([bool(right) for right in relevant])
    counts = np.array([len(right) for right in relevant if right], dtype=np.int64)
    columns: dict[str, Any] = {
        "question": [question.question for question in questions],
        "right": [list(question.relevant) for question in questions],
    }
    for number, positions in enumerate(ranked):
        hits = hit_table(positions, relevant)
        columns[f"top_{number}"] = [ids[row[row >= 0][:K]].tolist() for row in positions]
        columns[f"rank_{number}"] = pd.array(
            [int(row.argmax()) + 1 if row.any() else None for row in hits], dtype="Int32"
        )
        figures = measure(hits[known], counts, K) if known.any() else None
        for metric in _METRICS:
            values = np.full(len(questions), np.nan)
            if figures is not None:
                values[known] = getattr(figures, metric)
            columns[f"{metric}_{number}"] = values
    return pd.DataFrame(columns)


def _write(path: Path, frame: pd.DataFrame, columns: Sequence[Column], set_id: str) -> None:
    """Write the result in one step."""
    scores = []
    known = frame["right"].map(len).gt(0)
    for number, column in enumerate(columns if known.any() else ()):
        figures = PerQuestion(
            *(frame.loc[known, f"{metric}_{number}"].to_numpy() for metric in _METRICS)
        )
        summary = summarise(column, figures)
        names = (*_METRICS, *(f"{metric}_interval" for metric in _METRICS))
        scores.append({name: getattr(summary, name) for name in names})
    table = pa.Table.from_pandas(frame, preserve_index=False)
    note = json.dumps({"set": set_id, "scores": scores}).encode()
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), _NOTE: note})
    unfinished = path.with_name(f".{path.stem}-{secrets.token_hex(4)}")
    try:
        pq.write_table(table, unfinished)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _intervals(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(one) if isinstance(one, list) else one for name, one in data.items()}


def _path(corpus: Corpus, set_id: str, columns: Sequence[Column]) -> Path:
    keys = "\n".join(column.key for column in columns)
    name = f"{set_id}-{hashlib.sha256(keys.encode()).hexdigest()[:16]}.parquet"
    return corpus.folder / FOLDER / name
