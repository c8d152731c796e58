"""The confusables test: is the right text ahead of its twin with another strength or attribute?

Twins are found by how texts look, because no table says which they are: the same text but for its
numbers and units, the same name with another continuation, or nearly the same wording.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from core.data.shapes import MATCH_SCORE, SCORE, Shape
from core.problems import N_, Message
from core.retrieval.lexical import LexicalIndex
from core.training.tasks import Task

MOST = 200
FEWEST = 10
POOL = 5_000
"""The most texts among which twins are looked for."""
EXAMPLES = 5
_NEIGHBOURS = 8
_NAME_WIDTH = 6
"""A shared name has at least this many Latin letters; a Chinese character counts as two."""
_NAME_SHARE = 0.5
_COMMON_SHARE = 0.02
_COMMON_TEXTS = 20
_SAME_WORDING = 0.75

_UNITS = "毫克|微克|千克|公斤|毫升|厘米|毫米|克|升|米|片|粒|袋|支|瓶|盒|包|丸|单位|寸|度|元"
_AMOUNT = re.compile(rf"\d+(?:[.,]\d+)*\s*(?:[a-zμ°℃%‰]{{1,4}}(?![a-z])|{_UNITS})?")
_HEAD = re.compile(r"[^:,;。!?()\[\]|/\n]+")

TOO_FEW = N_(
    "The test of easily confused texts was left out: only {found} pairs of texts were found that "
    "differ in a number, a form or an attribute alone (it takes {needed})."
)
NOT_FOR_SHAPE = N_(
    "The test of easily confused texts was left out: it needs questions with right answers, and "
    "this table has none."
)
SWITCHED_OFF = N_("The test of easily confused texts was switched off for this run.")


class Kind(StrEnum):
    """What a right text and its twin differ in."""

    NUMBER = "number"
    NAME = "name"
    WORDING = "wording"

    @property
    def label(self) -> str:
        """The kind's name as a message id."""
        return _LABELS[self]


_LABELS = {
    Kind.NUMBER: N_("same text, other number or unit"),
    Kind.NAME: N_("same name, other form or attribute"),
    Kind.WORDING: N_("nearly the same wording"),
}


@dataclass(frozen=True)
class Twin:
    """A question with its right passage (indices in the task) and a text easily taken for it."""

    question: int
    passage: int
    text: str
    kind: Kind


@dataclass(frozen=True)
class Outcome:
    """How often the right text came first.

    Attributes:
        kind: what the texts differ in; "" for all together.
        count: how many questions.
        before: the share in the base.
        after: the share in the tuned model.
        bm25: the share in the word search; equal scores count as wrong.
    """

    kind: str
    count: int
    before: float
    after: float
    bm25: float


@dataclass(frozen=True)
class Mistake:
    """A question for which the tuned model puts the twin first."""

    question: str
    right: str
    twin: str


@dataclass(frozen=True)
class Confusables:
    """The whole test: all together first, then by kind; a few mistakes that are left."""

    outcomes: tuple[Outcome, ...]
    mistakes: tuple[Mistake, ...]

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Confusables:
        """Read back what :meth:`to_json` wrote."""
        return cls(
            tuple(Outcome(**one) for one in data["outcomes"]),
            tuple(Mistake(**one) for one in data["mistakes"]),
        )


def find_twins(task: Task, frame: pd.DataFrame, seed: int) -> list[Twin]:
    """At most 200 held-out questions whose right answer has a twin.

    Args:
        task: the held-out rows.
        frame: all rows of the dataset: their answers are candidates too, and no right answer to a
            question is ever its twin.
        seed: which rows are taken when there are more, and which texts are looked at.
    """
    if task.shape is Shape.CLASSES:
        return []
    random = np.random.default_rng(seed)
    known = frame if SCORE not in frame else frame[frame[SCORE] >= MATCH_SCORE]
    answers = known.groupby("anchor")["positive"].agg(set).to_dict()
    others = pd.Series(known["positive"].unique())
    others = others[~others.isin(task.passages)]
    room = max(0, POOL - len(task.passages))
    drawn = np.sort(random.permutation(len(others))[:room])
    pool = _Pool([*task.passages, *map(str, others.iloc[drawn])])
    rows = task.matching()
    twins: list[Twin] = []
    for question, passage in rows[random.permutation(len(rows))].tolist():
        if len(twins) == MOST:
            break
        right = {*answers.get(task.questions[question], ()), task.questions[question]}
        found = pool.twin(task.passages[passage], right)
        if found is not None:
            twins.append(Twin(question, passage, *found))
    return twins


def lexical_margins(task: Task, twins: Sequence[Twin]) -> np.ndarray:
    """BM25's score of the right text minus that of the twin, for each twin."""
    texts = list(dict.fromkeys([*task.passages, *(twin.text for twin in twins)]))
    place = {text: number for number, text in enumerate(texts)}
    index = LexicalIndex.build(texts)
    margins = []
    for twin in twins:
        scores = index.scores(task.questions[twin.question])
        margins.append(scores[twin.passage] - scores[place[twin.text]])
    return np.array(margins)


def dense_margins(
    twins: Sequence[Twin], questions: np.ndarray, passages: np.ndarray, texts: np.ndarray
) -> np.ndarray:
    """A model's similarity of the right text minus that of the twin, for each twin.

    Args:
        twins: the twins.
        questions: the task's questions as unit rows.
        passages: the task's passages as unit rows.
        texts: the twins' texts as unit rows, one for each twin.
    """
    asked = questions[[twin.question for twin in twins]]
    right = passages[[twin.passage for twin in twins]]
    margins: np.ndarray = np.einsum("ij,ij->i", asked, right - texts)
    return margins


def judge_twins(
    task: Task, twins: Sequence[Twin], before: np.ndarray, after: np.ndarray, bm25: np.ndarray
) -> Confusables:
    """Count from the margins of right texts over their twins how often the right one is ahead."""
    kinds = np.array([twin.kind.value for twin in twins])
    groups = [("", np.ones(len(twins), dtype=bool))]
    groups += [(kind.value, kinds == kind.value) for kind in Kind if (kinds == kind.value).any()]
    outcomes = [
        Outcome(
            kind,
            int(chosen.sum()),
            *(float((margins[chosen] > 0).mean()) for margins in (before, after, bm25)),
        )
        for kind, chosen in groups
    ]
    worst = [number for number in np.argsort(after, kind="stable") if after[number] <= 0]
    mistakes = [
        Mistake(
            task.questions[twins[number].question],
            task.passages[twins[number].passage],
            twins[number].text,
        )
        for number in worst[:EXAMPLES]
    ]
    return Confusables(tuple(outcomes), tuple(mistakes))


def left_out(task: Task, found: int) -> Message:
    """Why there is no test."""
    if task.shape is Shape.CLASSES:
        return Message(NOT_FOR_SHAPE)
    return Message(TOO_FEW, {"found": found, "needed": FEWEST})


class _Pool:
    """Texts among which twins are found: sorted for names, by skeleton for numbers, by pieces."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = list(dict.fromkeys(texts))
        self._plain = [_plain(text) for text in self._texts]
        self._order = sorted(range(len(self._texts)), key=self._plain.__getitem__)
        self._sorted = [self._plain[number] for number in self._order]
        self._place = {text: number for number, text in enumerate(self._texts)}
        self._bones: dict[str, list[int]] = {}
        for number, plain in enumerate(self._plain):
            self._bones.setdefault(_AMOUNT.sub("#", plain), []).append(number)
        self._pieces: Any = None

    def twin(self, text: str, right: set[str]) -> tuple[str, Kind] | None:
        """The text most easily taken for ``text`` that is not among the ``right`` ones."""
        number = self._place[text]
        for kind, search in (
            (Kind.NUMBER, self._other_numbers),
            (Kind.NAME, self._same_name),
            (Kind.WORDING, self._same_wording),
        ):
            for other in search(number):
                if self._texts[other] not in right and self._plain[other] != self._plain[number]:
                    return self._texts[other], kind
        return None

    def _other_numbers(self, number: int) -> Iterable[int]:
        plain = self._plain[number]
        return self._bones[_AMOUNT.sub("#", plain)] if _AMOUNT.search(plain) else ()

    def _same_name(self, number: int) -> Iterable[int]:
        """Neighbours in the alphabet that share the name, the longest shared part first."""
        plain = self._plain[number]
        head = _HEAD.match(plain)
        needed = max(_NAME_WIDTH, _NAME_SHARE * _width(head.group() if head else plain))
        middle = bisect_left(self._sorted, plain)
        near = range(max(0, middle - _NEIGHBOURS), min(len(self._order), middle + _NEIGHBOURS))
        shared = [(_shared(plain, self._sorted[place]), place) for place in near]
        for length, place in sorted(shared, key=lambda one: (-one[0], one[1])):
            if _width(plain[:length]) >= needed and not self._is_common(plain[:length]):
                yield self._order[place]

    def _is_common(self, prefix: str) -> bool:
        """Whether so many texts begin like this that it is a phrase and no name."""
        first = bisect_left(self._sorted, prefix)
        last = bisect_left(self._sorted, prefix + "\U0010ffff")
        return last - first > max(_COMMON_TEXTS, _COMMON_SHARE * len(self._sorted))

    def _same_wording(self, number: int) -> Iterable[int]:
        """Texts that share most pairs of neighbouring characters (Dice 1945), the closest first."""
        if self._pieces is None:
            from sklearn.feature_extraction.text import CountVectorizer

            vectorizer = CountVectorizer(
                analyzer="char", ngram_range=(2, 2), binary=True, lowercase=False, dtype=np.int32
            )
            try:
                table = vectorizer.fit_transform(self._plain)
            except ValueError:
                # No text has two characters.
                return ()
            self._pieces = table, np.asarray(table.sum(axis=1)).ravel()
        table, sizes = self._pieces
        shared = np.asarray((table @ table[number].T).todense()).ravel()
        dice = 2 * shared / np.maximum(sizes + sizes[number], 1)
        near = np.flatnonzero(dice >= _SAME_WORDING)
        closest: list[int] = near[np.argsort(-dice[near], kind="stable")].tolist()
        return closest


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _shared(one: str, other: str) -> int:
    """How many characters two texts have in common from their beginning on."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
