"""Questions of the user's own, asked after every run: the first texts before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.retrieval.corpora import load_corpus
from core.retrieval.ranking import top_k
from core.training.config import EvaluationConfig, OwnQuestion
from core.training.question_sets import load_questions
from core.workspace import Workspace

SHOWN = 5
SEARCHED = 1_000
"""The most texts of the table that are searched, the held-out ones among them."""


@dataclass(frozen=True)
class Answers:
    """What one model finds for a question.

    Attributes:
        texts: the five most similar texts, the best first.
        similarities: the cosine of each.
        rank: the rank (from 1) of the first text that holds the expected words; None when no text
            does, or nothing is expected.
    """

    texts: tuple[str, ...]
    similarities: tuple[float, ...]
    rank: int | None


@dataclass(frozen=True)
class Asked:
    """A question with what the base and the tuned model find."""

    question: str
    expected: str | None
    before: Answers
    after: Answers


@dataclass(frozen=True)
class OwnQuestions:
    """All questions of a run.

    Attributes:
        corpus: the name of the corpus that was searched; None for texts of the table itself.
        texts: how many texts were searched.
    """

    corpus: str | None
    texts: int
    asked: tuple[Asked, ...]

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> OwnQuestions:
        """Read back what :meth:`to_json` wrote."""
        asked = [
            Asked(
                one["question"],
                one["expected"],
                *(
                    Answers(
                        tuple(one[side]["texts"]),
                        tuple(one[side]["similarities"]),
                        one[side]["rank"],
                    )
                    for side in ("before", "after")
                ),
            )
            for one in data["asked"]
        ]
        return cls(data["corpus"], data["texts"], tuple(asked))


def own_questions(
    workspace: Workspace, evaluation: EvaluationConfig, family: str
) -> list[OwnQuestion]:
    """The questions that a run asks: those of its configuration, then those kept for its dataset.

    A configuration may name a corpus instead, whose questions are then asked; each is expected to
    find its first right answer.

    Args:
        workspace: where questions and corpora are.
        evaluation: the run's.
        family: of the dataset, see :func:`core.training.question_sets.load_questions`.

    Raises:
        UnknownItem, CorpusDamaged: see :func:`core.retrieval.corpora.load_corpus`.
        QuestionsDamaged: see :func:`core.training.question_sets.load_questions`.
    """
    if isinstance(evaluation.questions, str):
        corpus = load_corpus(workspace, evaluation.questions)
        text = dict(zip(corpus.ids(), corpus.texts(), strict=True))
        named = [
            OwnQuestion(
                question=one.question, expected=text[one.relevant[0]] if one.relevant else None
            )
            for one in corpus.info.questions
        ]
    else:
        named = list(evaluation.questions)
    asked = {one.question for one in named}
    kept = load_questions(workspace, family)
    return [*named, *(one for one in kept if one.question not in asked)]


def more_texts(
    questions: Sequence[OwnQuestion], passages: Sequence[str], others: Sequence[str], seed: int
) -> list[str]:
    """Texts of the training rows in which own questions are searched besides the held-out ones.

    Those that hold an expected text come first, so that it can be found if the table has it; the
    rest is drawn by ``seed``, up to 1,000 texts with the ``passages``.
    """
    here = set(passages)
    pool = [text for text in dict.fromkeys(others) if text not in here]
    wanted = {_plain(one.expected) for one in questions if one.expected}
    drawn = [pool[place] for place in np.random.default_rng(seed).permutation(len(pool))]
    drawn.sort(key=lambda text: not any(part in _plain(text) for part in wanted))
    return drawn[: max(0, SEARCHED - len(passages))]


def ask(
    questions: Sequence[OwnQuestion],
    texts: Sequence[str],
    before: np.ndarray,
    after: np.ndarray,
    corpus: str | None = None,
) -> OwnQuestions:
    """What base and tuned model find.

    Args:
        questions: what is asked.
        texts: what is searched.
        before: the base's cosines, [questions, texts].
        after: the tuned model's.
        corpus: the name of the corpus that the texts are from, if they are from one.
    """
    plain = [_plain(text) for text in texts]
    asked = []
    for number, one in enumerate(questions):
        wanted = _plain(one.expected or "")
        right = np.array([bool(wanted) and wanted in text for text in plain])
        sides = [_answers(table[number], texts, right) for table in (before, after)]
        asked.append(Asked(one.question, one.expected, *sides))
    return OwnQuestions(corpus, len(texts), tuple(asked))


def _answers(scores: np.ndarray, texts: Sequence[str], right: np.ndarray) -> Answers:
    best = top_k(scores, SHOWN)
    rank = None
    if right.any():
        # Texts that are equally similar count as before the right one.
        rank = int(np.count_nonzero(scores[~right] >= scores[right].max())) + 1
    return Answers(
        tuple(texts[place] for place in best), tuple(float(scores[place]) for place in best), rank
    )


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
