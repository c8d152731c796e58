"""What people say about texts that were found: right or wrong for a question; their own test set.

Judgements are lines of a file beside the corpus.  A line is added for everything that is said, and
nothing is ever changed, so that the last word counts, all of it can be taken back, and two people
may judge at the same time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.files import append_json
from core.folding import fold_spaces
from core.retrieval.corpora import Corpus, Question
from core.workspace import utc_now

JUDGEMENTS_FILE = "judgements.jsonl"
FEW_QUESTIONS = 30
"""With fewer questions a figure is a hint: one question more or less changes it visibly."""


class Mark(StrEnum):
    """What a text is for a question."""

    RIGHT = "right"
    WRONG = "wrong"


@dataclass(frozen=True)
class JudgedQuestion:
    """A question and what people said about texts.

    Attributes:
        question: as it was first typed.
        right, wrong: ids of texts, in the order in which they were judged.
        missing: those of the right ones that no column had shown.
        known: the right answers that came with the corpus, if the question did.
    """

    question: str
    right: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    known: tuple[str, ...] = ()

    @property
    def relevant(self) -> tuple[str, ...]:
        """What counts as right: what was known and what was judged so, without the wrong ones."""
        both = dict.fromkeys((*self.known, *self.right))
        return tuple(id for id in both if id not in self.wrong)

    def mark(self, id: str) -> Mark | None:
        """What was said about a text."""
        if id in self.right:
            return Mark.RIGHT
        return Mark.WRONG if id in self.wrong else None


@dataclass(frozen=True)
class _Line:
    number: int
    question: str
    id: str
    mark: Mark | None
    missing: bool
    by: str


def same_question(question: str) -> str:
    """What two ways of typing the same question have in common: spaces, width and case aside."""
    return fold_spaces(question)


def judge(
    corpus: Corpus,
    question: str,
    id: str,
    mark: Mark | str | None,
    *,
    missing: bool = False,
    by: str = "",
) -> None:
    """Say what a text is for a question; None takes back what was said.

    Args:
        corpus: where the text is.
        question: what was asked.
        id: the text's id.
        mark: right or wrong.
        missing: it is a right answer that no column had shown.
        by: who says it, a browser session for example; only for :func:`undo`.

    Raises:
        OSError: the disk is full or not writable.
    """
    word = None if mark is None else Mark(mark).value
    line: dict[str, Any] = {"question": question.strip(), "id": id, "mark": word}
    line |= {"time": utc_now()} | ({"missing": True} if missing else {})
    append_json(corpus.folder / JUDGEMENTS_FILE, line | ({"by": by} if by else {}))


def undo(corpus: Corpus, by: str = "") -> bool:
    """Take back what ``by`` said last and has not taken back; whether there was anything.

    Others may have judged since: what they said stays.
    """
    lines = [line for line in _lines(corpus.folder) if line.by == by]
    if not lines:
        return False
    append_json(corpus.folder / JUDGEMENTS_FILE, {"undo": lines[-1].number, "time": utc_now()})
    return True


def has_judged(corpus: Corpus, by: str) -> bool:
    """Whether there is anything that :func:`undo` can take back."""
    return any(line.by == by for line in _lines(corpus.folder))


def judged_questions(corpus: Corpus) -> list[JudgedQuestion]:
    """Every question about which something is said, in the order of the first word about it."""
    known = {same_question(one.question): one.relevant for one in corpus.info.judged}
    found: dict[str, JudgedQuestion] = {}
    for line in _lines(corpus.folder):
        key = same_question(line.question)
        one = found.get(key) or JudgedQuestion(line.question, known=known.get(key, ()))
        found[key] = _said(one, line)
    return [one for one in found.values() if one.right or one.wrong]


def judged_question(corpus: Corpus, question: str) -> JudgedQuestion:
    """What is known and was said about one question."""
    key = same_question(question)
    for one in judged_questions(corpus):
        if same_question(one.question) == key:
            return one
    known = next(
        (one.relevant for one in corpus.info.judged if same_question(one.question) == key), ()
    )
    return JudgedQuestion(question.strip(), known=known)


def scorable(questions: Iterable[JudgedQuestion]) -> list[Question]:
    """The questions that have a right answer, as :mod:`core.retrieval.scoring` takes them."""
    return [Question(one.question, one.relevant) for one in questions if one.relevant]


def carry_over(old: Corpus, new: Corpus) -> int:
    """Copy what was said about texts of ``old`` that ``new`` has too; returns how many marks.

    For a corpus that was made from another by adding rows.  What was said about the same text in
    ``new`` counts more.
    """
    there = set(new.ids())
    said = {
        (same_question(one.question), id)
        for one in judged_questions(new)
        for id in (*one.right, *one.wrong)
    }
    copied = 0
    for one in judged_questions(old):
        for mark, ids in ((Mark.RIGHT, one.right), (Mark.WRONG, one.wrong)):
            for id in ids:
                if id in there and (same_question(one.question), id) not in said:
                    judge(new, one.question, id, mark, missing=id in one.missing)
                    copied += 1
    return copied


def _said(one: JudgedQuestion, line: _Line) -> JudgedQuestion:
    def without(ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(id for id in ids if id != line.id)

    right, wrong, missing = without(one.right), without(one.wrong), without(one.missing)
    if line.mark is Mark.RIGHT:
        right = (*right, line.id)
        missing = (*missing, line.id) if line.missing else missing
    elif line.mark is Mark.WRONG:
        wrong = (*wrong, line.id)
    return replace(one, right=right, wrong=wrong, missing=missing)


def _lines(folder: Path) -> list[_Line]:
    """What was said and not taken back, in order; a line cut short by a crash is passed over."""
    try:
        data = (folder / JUDGEMENTS_FILE).read_bytes()
    except FileNotFoundError:
        return []
    lines: dict[int, _Line] = {}
    for number, raw in enumerate(data.split(b"\n")):
        try:
            said = json.loads(raw)
            if "undo" in said:
                lines.pop(said["undo"], None)
                continue
            mark = None if said["mark"] is None else Mark(said["mark"])
            question, id = str(said["question"]), str(said["id"])
        except (ValueError, TypeError, KeyError):
            continue
        lines[number] = _Line(
            number, question, id, mark, bool(said.get("missing")), str(said.get("by", ""))
        )
    return list(lines.values())
