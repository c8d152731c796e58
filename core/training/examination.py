"""What a run is examined on: the same texts for the base before and the tuned model after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from core.data.shapes import POSITIVE, TEXT, Shape
from core.problems import N_, Message, Problem
from core.training import confusables
from core.training.baseline import Vectors
from core.training.config import OwnQuestion
from core.training.confusables import Confusables, Twin
from core.training.evaluation import dense_table, lexical_table
from core.training.questions import OwnQuestions, ask, more_texts
from core.training.tasks import Task, make_task


class NothingToScore(Problem):
    what = N_(
        "None of the held-out texts shares its class with another one: nothing can be scored."
    )
    do = N_("Hold out more rows, or join small classes.")


@dataclass(frozen=True)
class Examination:
    """The held-out rows with all that is asked besides.

    Attributes:
        task: the held-out rows.
        twins: questions whose right answer is easily confused; empty when the test is left out.
        no_twins: why it is left out.
        own: the user's own questions, where they are asked of the table's texts.
        more: texts of training rows in which they are searched besides the held-out ones.
    """

    task: Task
    twins: tuple[Twin, ...] = ()
    no_twins: Message | None = None
    own: tuple[OwnQuestion, ...] = ()
    more: tuple[str, ...] = ()

    @property
    def questions(self) -> list[str]:
        """Everything that is asked: the held-out questions, then the own ones."""
        return [*self.task.questions, *(one.question for one in self.own)]

    @property
    def passages(self) -> list[str]:
        """Everything else that is read: the task's passages, then what is not among them."""
        return list(self._places)

    @cached_property
    def lexical(self) -> np.ndarray:
        """BM25's scores [questions, passages] of the task."""
        return lexical_table(self.task)

    def table(self, vectors: Vectors) -> np.ndarray:
        """A model's similarities [questions, passages] of the task.

        Args:
            vectors: of :attr:`questions` and :attr:`passages`.
        """
        questions = vectors.questions[: len(self.task.questions)]
        return dense_table(self.task, questions, vectors.passages[: len(self.task.passages)])

    def compare_twins(self, before: Vectors, after: Vectors) -> Confusables | None:
        """The confusables test; None when it is left out."""
        if not self.twins:
            return None
        places = [self._places[twin.text] for twin in self.twins]
        old, new = (
            confusables.dense_margins(self.twins, one.questions, one.passages, one.passages[places])
            for one in (before, after)
        )
        lexical = confusables.lexical_margins(self.task, self.twins)
        return confusables.judge_twins(self.task, self.twins, old, new, lexical)

    def ask_own(self, before: Vectors, after: Vectors) -> OwnQuestions | None:
        """The own questions, asked of the table's texts; None without any."""
        if not self.own:
            return None
        first = len(self.task.questions)
        texts = [*self.task.passages, *self.more]
        places = [self._places[text] for text in texts]
        tables = [one.questions[first:] @ one.passages[places].T for one in (before, after)]
        return ask(self.own, texts, *tables)

    @cached_property
    def _places(self) -> dict[str, int]:
        twins = [twin.text for twin in self.twins]
        texts = dict.fromkeys([*self.task.passages, *twins, *self.more])
        return {text: place for place, text in enumerate(texts)}


def prepare(
    held_out: pd.DataFrame,
    train: pd.DataFrame,
    shape: Shape,
    seed: int,
    *,
    test_twins: bool = True,
    own: Sequence[OwnQuestion] = (),
) -> Examination:
    """Make an examination of held-out rows.

    The training rows lend distractors, candidates for twins, and texts for own questions.

    Raises:
        NothingToScore: no held-out text has another one of its class.
    """
    task = make_task(held_out, shape, train, seed)
    if not task.size:
        raise NothingToScore
    twins: list[Twin] = []
    reason: Message | None = Message(confusables.SWITCHED_OFF)
    if test_twins:
        twins = confusables.find_twins(task, pd.concat([held_out, train]), seed)
        reason = None
        if len(twins) < confusables.FEWEST:
            twins, reason = [], confusables.left_out(task, len(twins))
    more: list[str] = []
    if own:
        answers = train[TEXT if shape is Shape.CLASSES else POSITIVE]
        more = more_texts(own, task.passages, answers.astype(str).tolist(), seed)
    return Examination(task, tuple(twins), reason, tuple(own), tuple(more))
