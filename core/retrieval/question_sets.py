"""Lists of questions for a corpus: from a table, from the corpus itself, or from judgements."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import pandas as pd

from core.files import read_json, write_json
from core.folding import fold
from core.problems import N_, Problem
from core.retrieval.corpora import ID, TEXT, Corpus, Question
from core.retrieval.sample_corpora import ANSWER_SEPARATOR
from core.workspace import UnknownItem, utc_now

FOLDER = "questions"
_ID = re.compile(r"[0-9a-f]{16}")


class NoQuestions(Problem):
    what = N_("Column {column} of {name} holds no question.")
    do = N_("Choose the column with the questions.")


class QuestionsGone(Problem):
    what = N_("This list of questions is no longer there, or its file is damaged.")
    do = N_("Bring the table of questions in again.")


@dataclass(frozen=True)
class QuestionSet:
    """A list of questions that is kept with a corpus and never changes.

    Attributes:
        id: made from the questions; 16 hexadecimal digits.
        name: what people call it.
        created: ISO 8601, UTC.
        questions: each with the ids of its right answers, where these are known.
        unknown: answers in the table that are no text of the corpus; the first few of them.
        unknown_count: how many those are in all.
    """

    id: str
    name: str
    created: str
    questions: tuple[Question, ...]
    unknown: tuple[str, ...] = ()
    unknown_count: int = 0

    @property
    def answered(self) -> int:
        """How many of the questions have a known right answer."""
        return sum(bool(question.relevant) for question in self.questions)


def questions_in(
    corpus: Corpus, name: str, frame: pd.DataFrame, question: str, answers: str | None = None
) -> QuestionSet:
    """The questions in a table; rows without one are left out, repeated ones become one.

    An answer is the id of a text, or the text itself; several stand in one cell with ``|`` or a
    new line between them.

    Args:
        corpus: what they are asked of.
        name: what people will call the list.
        frame: the table, every cell a string.
        question: the column with the questions.
        answers: the column with the right answers; None when they are not known.

    Raises:
        NoQuestions: there is none in that column.
    """
    cells = frame[answers].astype(str).tolist() if answers is not None else [""] * len(frame)
    asked: dict[str, dict[str, None]] = {}
    unknown: dict[str, None] = {}
    find = _Finder(corpus, cells) if answers is not None else None
    for text, cell in zip(frame[question].astype(str), cells, strict=True):
        if not text.strip():
            continue
        right = asked.setdefault(text.strip(), {})
        if find is not None and cell.strip():
            found, lost = find(cell)
            right.update(dict.fromkeys(found))
            unknown.update(dict.fromkeys(lost))
    if not asked:
        raise NoQuestions(column=question, name=name)
    questions = [Question(text, tuple(right)) for text, right in asked.items()]
    return make_set(name, questions, tuple(unknown))


def make_set(name: str, questions: Sequence[Question], unknown: Sequence[str] = ()) -> QuestionSet:
    """A list of these questions, not kept yet."""
    plain = json.dumps([[one.question, one.relevant] for one in questions])
    id = hashlib.sha256(plain.encode()).hexdigest()[:16]
    return QuestionSet(id, name, utc_now(), tuple(questions), tuple(unknown[:20]), len(unknown))


def keep_set(corpus: Corpus, questions: QuestionSet) -> str:
    """Keep a list with its corpus; returns its id.  One that is there already stays as it is."""
    folder = corpus.folder / FOLDER
    folder.mkdir(exist_ok=True)
    path = _path(corpus, questions.id)
    if not path.exists():
        write_json(path, asdict(questions))
    return questions.id


def load_set(corpus: Corpus, id: str) -> QuestionSet:
    """The list ``id`` of a corpus.

    Raises:
        QuestionsGone: there is none, or its file is damaged.
    """
    try:
        data = read_json(_path(corpus, id))
        questions = tuple(
            Question(one["question"], tuple(one["relevant"])) for one in data.pop("questions")
        )
        return QuestionSet(**data | {"questions": questions, "unknown": tuple(data.pop("unknown"))})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise QuestionsGone from error


def list_sets(corpus: Corpus) -> list[QuestionSet]:
    """The lists that are kept with a corpus, the newest first; damaged ones are passed over."""
    found = []
    for path in (corpus.folder / FOLDER).glob("*.json"):
        try:
            found.append(load_set(corpus, path.stem))
        except (QuestionsGone, UnknownItem):
            continue
    return sorted(found, key=lambda one: one.created, reverse=True)


class _Finder:
    """Finds texts of a corpus by their id or by the text itself."""

    def __init__(self, corpus: Corpus, cells: Iterable[str]) -> None:
        asked = {piece.strip() for cell in cells for piece in (cell, *_pieces(cell))} - {""}
        self._ids = asked.intersection(corpus.ids())
        wanted = {_plain(piece) for piece in asked - self._ids}
        self._by_text: dict[str, str] = {}
        for batch in corpus.batches() if wanted else ():
            columns = (batch.column(name).to_pylist() for name in (ID, TEXT))
            for id, text in zip(*cast("Iterable[list[str]]", columns), strict=True):
                plain = _plain(text)
                if plain in wanted:
                    self._by_text.setdefault(plain, id)

    def __call__(self, cell: str) -> tuple[list[str], list[str]]:
        """The ids that a cell names, and what in it names nothing."""
        whole = self._one(cell)
        if whole is not None:
            return [whole], []
        found = [(piece.strip(), self._one(piece)) for piece in _pieces(cell) if piece.strip()]
        return (
            [id for _, id in found if id is not None],
            [piece for piece, id in found if id is None],
        )

    def _one(self, text: str) -> str | None:
        stripped = text.strip()
        return stripped if stripped in self._ids else self._by_text.get(_plain(text))


def _pieces(cell: str) -> Iterable[str]:
    for line in cell.splitlines():
        yield from line.split(ANSWER_SEPARATOR)


def _plain(text: str) -> str:
    """What two copies of a text have in common: width, case and spaces aside."""
    return "".join(fold(text).split())


def _path(corpus: Corpus, id: str) -> Path:
    if not _ID.fullmatch(id):
        raise QuestionsGone
    return corpus.folder / FOLDER / f"{id}.json"
