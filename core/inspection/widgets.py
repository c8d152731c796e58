"""Widget examples: a source sentence and three others, as on a model card, from held-out rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.data.shapes import LABEL, TEXT, Shape, is_negative

POSITIVE = "positive"
NEGATIVE = "negative"
OTHER = "other"
GROUPS = 5
SENTENCES = 3
RIGHT_FROM = 0.5
"""A scored pair counts as a right answer from this score on."""


@dataclass(frozen=True)
class Example:
    """One group.

    Attributes:
        source: the sentence that the others are compared with.
        sentences: the others, in the order shown.
        roles: what each of them is to the source: ``positive``, ``negative`` or ``other``.
        scores: the score that the table gives each of them with the source; None where it has none.
    """

    source: str
    sentences: tuple[str, ...]
    roles: tuple[str, ...]
    scores: tuple[float | None, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The source and the others: the rows of the group's similarity matrix."""
        return (self.source, *self.sentences)


def example_texts(examples: Iterable[Example]) -> list[str]:
    """All texts of all groups, group after group, each source before its sentences."""
    return [text for example in examples for text in example.texts]


def choose_examples(
    frame: pd.DataFrame,
    shape: Shape,
    held_out_indices: Sequence[int] | NDArray[np.integer],
    seed: int,
    groups: int = GROUPS,
) -> list[Example]:
    """Draw groups from held-out rows: a source, its right answer, its negative if any, and others.

    Sources differ from group to group, texts differ within a group, "other" sentences are never
    right answers to the source, and the order of the sentences is shuffled, so that the right one
    is not always first.  The same arguments draw the same groups.

    Args:
        frame: the rows of a dataset.
        shape: what kind of table it is; in scored pairs a right answer has a score of 0.5 or more,
            among texts with a class another text of the class is one.
        held_out_indices: the positions of the rows that were never trained on.
        seed: makes the draw repeatable.
        groups: how many at most; there are fewer when the rows have too few different texts.
    """
    rows = frame.iloc[np.asarray(held_out_indices, dtype=np.int64)].reset_index(drop=True)
    generator = np.random.default_rng(seed)
    if shape is Shape.CLASSES:
        rows = _class_rows(rows, generator)
    elif shape is Shape.TEXTS:
        return []
    table = _Table(rows, shape)
    pool = table.pool()
    examples: list[Example] = []
    used: set[str] = set()
    for position in generator.permutation(len(rows)).tolist():
        if len(examples) == groups:
            break
        source, answer = table.anchors[position], table.positives[position]
        if not table.right[position] or source in used or source == answer:
            continue
        example = _group(table, pool, position, generator)
        if example is not None:
            examples.append(example)
            used.add(source)
    return examples


def _class_rows(rows: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    """Each text with another one of its class as its answer; texts without one are left out."""
    texts, labels = rows[TEXT].to_numpy(dtype=object), pd.factorize(rows[LABEL])[0]
    members = {label: np.flatnonzero(labels == label) for label in np.unique(labels)}
    pairs = []
    for position, label in enumerate(labels):
        others = [one for one in members[label] if texts[one] != texts[position]]
        if others:
            pairs.append((texts[position], texts[generator.choice(others)], label))
    return pd.DataFrame(pairs, columns=["anchor", "positive", LABEL])


class _Table:
    """The held-out rows as lists, and what the table says about each pair of texts."""

    def __init__(self, rows: pd.DataFrame, shape: Shape) -> None:
        self.anchors: list[str] = rows["anchor"].tolist()
        self.positives: list[str] = rows["positive"].tolist()
        columns = [name for name in map(str, rows.columns) if is_negative(name)]
        self.negatives: list[tuple[str, ...]] = list(
            zip(*(rows[name].tolist() for name in columns), strict=True)
        )
        scored = shape == Shape.SCORED_PAIRS
        self.scores: list[float] = rows["score"].tolist() if scored else []
        self.right = [score >= RIGHT_FROM for score in self.scores] or [True] * len(rows)
        self.answers: dict[str, set[str]] = {}
        self.wrong: dict[str, list[str]] = {}
        for position, anchor in enumerate(self.anchors):
            if self.right[position]:
                self.answers.setdefault(anchor, set()).add(self.positives[position])
            else:
                self.wrong.setdefault(anchor, []).append(self.positives[position])
            if self.negatives:
                self.wrong.setdefault(anchor, []).extend(self.negatives[position])
        if shape is Shape.CLASSES:
            self._take_classes(rows)
        self._score_of = dict(
            zip(zip(self.anchors, self.positives, strict=True), self.scores, strict=False)
        )

    def pool(self) -> list[str]:
        """The texts that can stand beside a source, each once, in the table's order."""
        negatives = [text for row in self.negatives for text in row]
        return list(dict.fromkeys([*self.positives, *negatives]))

    def negative(self, position: int) -> str | None:
        """A text that the table says is wrong for the row's anchor, the row's own one first."""
        anchor = self.anchors[position]
        own = self.negatives[position] if self.negatives else ()
        for text in [*own, *self.wrong.get(anchor, [])]:
            if text not in self.answers[anchor] and text != anchor:
                return text
        return None

    def _take_classes(self, rows: pd.DataFrame) -> None:
        """All texts of a class are right answers to one another."""
        labels = rows[LABEL].tolist()
        members: dict[int, set[str]] = {}
        for anchor, positive, label in zip(self.anchors, self.positives, labels, strict=True):
            members.setdefault(label, set()).update((anchor, positive))
        for anchor, label in zip(self.anchors, labels, strict=True):
            self.answers[anchor] |= members[label]

    def score(self, anchor: str, text: str) -> float | None:
        """The score that the table gives this pair."""
        return self._score_of.get((anchor, text))


def _group(
    table: _Table, pool: list[str], position: int, generator: np.random.Generator
) -> Example | None:
    """The group around one right row; None when the pool has too few other texts."""
    source, answer = table.anchors[position], table.positives[position]
    chosen = [(answer, POSITIVE)]
    negative = table.negative(position)
    if negative is not None:
        chosen.append((negative, NEGATIVE))
    taken = {source, *table.answers[source], *(text for text, _ in chosen)}
    # Known wrong answers are not "others"; they would be a second negative.
    taken.update(table.wrong.get(source, []))
    for candidate in generator.permutation(len(pool)).tolist():
        if len(chosen) == SENTENCES:
            break
        if pool[candidate] not in taken:
            chosen.append((pool[candidate], OTHER))
            taken.add(pool[candidate])
    if len(chosen) < SENTENCES:
        return None
    shown = [chosen[i] for i in generator.permutation(SENTENCES).tolist()]
    return Example(
        source=source,
        sentences=tuple(text for text, _ in shown),
        roles=tuple(role for _, role in shown),
        scores=tuple(table.score(source, text) for text, _ in shown),
    )
