"""How similar right and wrong pairs are to a model, and from which similarity on to say "match"."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.data.shapes import MATCH_SCORE
from core.training.metrics import Cut, at_threshold, best_f1
from core.training.tasks import Task

BINS = 40
LOW, HIGH = -1.0, 1.0


@dataclass(frozen=True)
class Distribution:
    """One model's similarities, counted in 40 equal bins from -1 to 1.

    Attributes:
        right: counts of the right pairs.
        wrong: counts of the wrong pairs.
        right_median: the similarity that half of the right pairs reach.
        wrong_median: the same for the wrong pairs.
        cut: the threshold with the best F1 and what it reaches on these very pairs.
    """

    right: tuple[int, ...]
    wrong: tuple[int, ...]
    right_median: float
    wrong_median: float
    cut: Cut


@dataclass(frozen=True)
class Search:
    """What a threshold does when every question takes the best answer of all held-out ones.

    Each question looks twice: with its right answers among the others, and without them, as a row
    does that has no partner.  This is what matching two tables does, among fewer rows.

    Attributes:
        questions: how many looked.
        answers: among how many.
        before: the threshold with the best F1 for the model before training, which share of the
            best answers that reach it are right, and which share of the questions find one.
        after: the same after training.
    """

    questions: int
    answers: int
    before: Cut
    after: Cut


@dataclass(frozen=True)
class Calibration:
    """The similarities of the same pairs before and after training.

    Attributes:
        from_others: the wrong pairs are answers of other rows, because the table names none.
        rights: how many right pairs there are.
        wrongs: how many wrong pairs there are.
        old_cut_after: what the base's threshold would do to the tuned model: a program that still
            uses it must be changed when this is bad.
        search: the same question asked of the best among all answers; None in reports that were
            made before this was measured.
    """

    from_others: bool
    rights: int
    wrongs: int
    before: Distribution
    after: Distribution
    old_cut_after: Cut
    search: Search | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Calibration:
        """Read back what :meth:`to_json` wrote."""
        parts = {name: _distribution(data[name]) for name in ("before", "after")}
        found = data.get("search")
        search = found and Search(
            **{**found, **{name: Cut(**found[name]) for name in ("before", "after")}}
        )
        cut = Cut(**data["old_cut_after"])
        return cls(**{**data, **parts, "old_cut_after": cut, "search": search})


def calibrate(task: Task, before: np.ndarray, after: np.ndarray, seed: int) -> Calibration | None:
    """Compare two tables of similarities [questions, passages] on right and on wrong pairs.

    Returns:
        None when there are no right pairs or no wrong ones.
    """
    right = task.matching()
    wrong, from_others = _wrong_pairs(task, right, seed)
    if not len(right) or not len(wrong):
        return None
    pairs = np.concatenate([right, wrong])
    matches = np.arange(len(pairs)) < len(right)
    old, new = (table[pairs[:, 0], pairs[:, 1]].astype(np.float64) for table in (before, after))
    first = _describe(old, matches)
    return Calibration(
        from_others=from_others,
        rights=len(right),
        wrongs=len(wrong),
        before=first,
        after=_describe(new, matches),
        old_cut_after=at_threshold(new, matches, first.cut.threshold),
        search=_search(task, right, before, after),
    )


def _search(task: Task, right: np.ndarray, before: np.ndarray, after: np.ndarray) -> Search | None:
    """The threshold for the best of all answers; None when no question has a wrong answer."""
    asked = np.unique(right[:, 0])
    is_right = np.zeros(before.shape, dtype=bool)
    is_right[right[:, 0], right[:, 1]] = True
    places = {text: at for at, text in enumerate(task.passages)}
    itself = [places.get(text, -1) for text in task.questions]
    is_wrong = ~is_right
    for question, place in enumerate(itself):
        # The question itself is no answer that anybody looks for.
        is_wrong[question, place] &= place < 0
    if task.own is not None:
        is_wrong[np.arange(len(is_wrong)), task.own] = False
    asked = asked[is_wrong[asked].any(axis=1)]
    if not len(asked):
        return None
    cuts = []
    for table in (before, after):
        best_right, best_wrong = (
            np.where(those, table, -np.inf).max(axis=1)[asked] for those in (is_right, is_wrong)
        )
        # Of equally similar answers the wrong one counts as first.
        hits = np.concatenate([best_right > best_wrong, np.zeros(len(asked), dtype=bool)])
        best = np.concatenate([np.maximum(best_right, best_wrong), best_wrong])
        cuts.append(best_f1(best.astype(np.float64), hits, len(asked)))
    return Search(len(asked), len(task.passages), *cuts)


def _wrong_pairs(task: Task, right: np.ndarray, seed: int) -> tuple[np.ndarray, bool]:
    """Pairs that are wrong, and whether they had to be made of other rows' answers."""
    known = set(map(tuple, right.tolist()))
    named: np.ndarray | None = None
    if task.pairs is not None:
        assert task.scores is not None
        named = task.pairs[task.scores < MATCH_SCORE]
    elif task.triplets is not None:
        named = task.triplets[:, [0, 2]]
    if named is not None and len(named):
        pairs = sorted(set(map(tuple, named.tolist())) - known)
        return np.array(pairs, dtype=np.int64).reshape(-1, 2), False
    random = np.random.default_rng(seed)
    drawn = []
    for question in right[:, 0].tolist():
        own = None if task.own is None else int(task.own[question])
        # A few tries find a wrong answer unless nearly everything is right.
        for passage in random.integers(0, len(task.passages), 20).tolist():
            same = task.passages[passage] == task.questions[question]
            if (question, passage) not in known and passage != own and not same:
                drawn.append((question, passage))
                break
    return np.array(drawn, dtype=np.int64).reshape(-1, 2), True


def _describe(similarity: np.ndarray, matches: np.ndarray) -> Distribution:
    right, wrong = similarity[matches], similarity[~matches]
    return Distribution(
        right=_counts(right),
        wrong=_counts(wrong),
        right_median=float(np.median(right)),
        wrong_median=float(np.median(wrong)),
        cut=best_f1(similarity, matches),
    )


def _counts(values: np.ndarray) -> tuple[int, ...]:
    # Rounding may put a unit row's similarity to itself a little above 1.
    counts, _ = np.histogram(np.clip(values, LOW, HIGH), bins=BINS, range=(LOW, HIGH))
    return tuple(counts.tolist())


def _distribution(data: dict[str, Any]) -> Distribution:
    return Distribution(
        tuple(data["right"]),
        tuple(data["wrong"]),
        data["right_median"],
        data["wrong_median"],
        Cut(**data["cut"]),
    )
