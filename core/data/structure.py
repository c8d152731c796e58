"""Tables whose answers say which thing and which of its properties: found, and used for negatives.

"Amoxicillin – dosage: …" and "K7 | keyboard: …" name a thing and a property before they say
anything.  In a table of such answers the hardest wrong ones are known without a model: another
property of the same thing, and the same property of another thing.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.data.shapes import (
    ANCHOR,
    HELD_OUT,
    POSITIVE,
    SPLIT,
    Shape,
    is_negative,
    negative_role,
)
from core.data.step_kinds import Stepped
from core.problems import N_, Message, Problem, Term

NEGATIVES = 3
"""So many negatives a row gets, unless others are asked for: two properties of the same thing, one
other thing.  On 20,000 rows about drugs 3 reached nDCG@10 0.961 in known and 0.724 in new wordings,
2 reached 0.958 and 0.715 (one split)."""
MOST_NEGATIVES = 8

_HEAD = re.compile(r"(?P<head>[^：|\t\n]{2,80}?)\s*(?:[：|\t]|:(?![\d/])|\s[-–—]\s)\s*(?=\S)")
_TOKEN = re.compile(r"[A-Za-z0-9]+|\s+|.", re.DOTALL)
_LONGEST_PROPERTY = 12
"""Tokens: Chinese characters, or words of Latin letters."""
_NEIGHBOURS, _COMMONEST_NEIGHBOUR = 5, 0.6
_LEARNED_FROM = 20_000
_HEADS_READ, _QUESTIONS_READ, _LEAST_ASKED = 0.95, 0.9, 0.7
_LEAST_WITH_HEAD, _LEAST_WITH_BOTH, _LEAST_NAMED = 0.7, 0.3, 0.5
_DRAWS = 12

_ADDED = N_(
    "Wrong answers from the table's own structure, {negatives} in each row: another of the "
    "{count:,} properties of the same thing, or the same property of another of the {things:,} "
    "things."
)


class NoStructure(Problem):
    what = N_(
        "The answers of this table do not say, before a colon or a line, which thing and which of "
        "its properties they are about."
    )
    do = N_("Look for hard negatives with a model instead, or keep the table as it is.")


class NegativesDoNotFit(Problem):
    what = N_("Wrong answers cannot be added to {shape}.")
    do = N_("Turn the table into pairs or triplets on the Data screen, or add none.")


PAIRED = (Shape.PAIRS, Shape.TRIPLETS, Shape.SEVERAL_NEGATIVES)
"""The shapes that wrong answers can be added to."""


@dataclass(frozen=True)
class Structure:
    """What each row's answer is about, as numbers; -1 where it does not say.

    Attributes:
        things: [rows], equal for the same thing.
        properties: [rows], equal for the same property.
        contents: [rows], equal where the answers say the same after the colon.
        heads: [rows], how many characters and Latin words stand before the colon.
        thing_names, property_names: what the numbers stand for.
    """

    things: NDArray[np.int64]
    properties: NDArray[np.int64]
    contents: NDArray[np.int64]
    heads: NDArray[np.int64]
    thing_names: list[str]
    property_names: list[str]


def find_structure(frame: pd.DataFrame) -> Structure | None:
    """What the answers of a table are about, if they say so.

    An answer's head (what stands before the first colon, bar, tab or dash) is cut into a thing and
    a property where the variety of what stands next to the property is high (Harris 1955, "From
    phoneme to morpheme"): "的成份" follows the last character of many names, "成份" always follows
    "的".  The property may be the head's end or its beginning.

    Args:
        frame: a dataset's columns, with anchors and positives.

    Returns:
        None when fewer than 70% of the answers have a head, when for fewer than 30% of the rows
        there are both kinds of wrong answers, or when the anchors do not name the things.
    """
    if ANCHOR not in frame or POSITIVE not in frame or not len(frame):
        return None
    codes, answers = pd.factorize(frame[POSITIVE])
    folded = [fold(text) for text in answers]
    matches = [_HEAD.match(text) for text in folded]
    if sum(match is not None for match in matches) < _LEAST_WITH_HEAD * len(answers):
        return None
    heads = [match["head"] if match else "" for match in matches]
    contents = [
        text[match.end() :] if match else "" for text, match in zip(folded, matches, strict=True)
    ]
    anchors = [fold(text) for text in frame[ANCHOR]]
    best: tuple[float, Structure] | None = None
    for at_end in (True, False):
        cut = _cut(heads, at_end=at_end)
        structure = _structure(codes, cut, contents, heads)
        share = _share_with_both(structure, codes)
        if (best is None or share > best[0]) and _named(structure, anchors) >= _LEAST_NAMED:
            best = share, structure
    return best[1] if best is not None and best[0] >= _LEAST_WITH_BOTH else None


def reading_limit(frame: pd.DataFrame, structure: Structure) -> int | None:
    """How far texts have to be read for what a table's questions ask, in characters.

    Where questions name a thing and ask for a property in words that always ask for the same one,
    an answer's head says all that makes it the right one.  To a model that takes the mean of a
    text's pieces, what stands behind is noise then: on 20,000 rows about drugs, read to the end or
    only so far, nDCG@10 on other drugs was 0.96 or 0.99, in new wordings 0.75 or 0.81
    (benchmarks/unseen_drugs.md has both).

    Args:
        frame: a dataset's columns, with anchors and positives.
        structure: what :func:`find_structure` found in it.

    Returns:
        A length, with a Latin word as one, that 95% of the heads and 90% of the questions fit into;
        None where it takes more than the heads to answer.
    """
    asked: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for wording, key in _wordings(frame, structure):
        asked[wording][key] += 1
    # A wording of its own for every row says nothing about what the next question will ask.
    same = sum(max(keys.values()) for keys in asked.values() if keys.total() > 1)
    if same < _LEAST_ASKED * len(frame):
        return None
    known = structure.heads[structure.heads > 0]
    questions = [_length(text) for text in frame[ANCHOR]]
    limit = max(np.quantile(known + 1, _HEADS_READ), np.quantile(questions, _QUESTIONS_READ))
    return math.ceil(limit)


def shape_with(shape: Shape, count: int) -> Shape:
    """The shape of a table of ``shape`` after ``count`` negatives a row were added.

    Raises:
        NegativesDoNotFit: its rows are no anchors with a right answer.
    """
    if not count:
        return shape
    if shape not in PAIRED:
        raise NegativesDoNotFit(shape=Term(shape.label))
    return Shape.TRIPLETS if shape is Shape.PAIRS and count == 1 else Shape.SEVERAL_NEGATIVES


def fold(text: str) -> str:
    """A text without differences of width and letter case; the wide colon stays what it is.

    A narrow one may stand in a time or a ratio, a wide one divides.
    """
    return "：".join(unicodedata.normalize("NFKC", part) for part in text.split("：")).lower()


def add_structured_negatives(
    frame: pd.DataFrame, count: int = NEGATIVES, seed: int = 0, among: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Give each row ``count`` wrong answers from the table's structure, after those it has.

    They take turns: another property of the same thing, the same property of another thing.  Where
    there is none of a kind the other kind stands in, and where there is neither, any other answer.
    Never used: a text that answers the same anchor in another row, one that says the same about the
    same thing, and a property that is asked for in the same words.

    Args:
        frame: rows with anchors and positives.
        count: negatives a row.
        seed: the same rows and seed give the same negatives.
        among: the rows whose positives may be taken, which include ``frame``'s; None for them.

    Raises:
        NoStructure: the answers do not say what they are about.
    """
    pool = frame if among is None else pd.concat([frame, among], ignore_index=True)
    structure = find_structure(pool)
    if structure is None:
        raise NoStructure
    draw = _Draw(pool, structure, len(frame), seed)
    columns = {name: frame[name] for name in frame}
    present = sum(map(is_negative, map(str, frame.columns)))
    positives = pool[POSITIVE].to_numpy(object)
    for place in range(count):
        rows = draw.next(same_thing=place % 2 == 0)
        columns[negative_role(present + place)] = pd.Series(
            positives[rows], index=frame.index, dtype=frame[POSITIVE].dtype
        )
    return pd.DataFrame(columns)


def structured_negatives(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """The conversion: :func:`add_structured_negatives`, on each side of a split by itself.

    Args:
        frame: pairs, or rows with negatives.
        params: ``negatives`` (3 by default), ``seed`` (0 by default).

    Raises:
        NoStructure: the answers do not say what they are about.
    """
    count = max(1, min(MOST_NEGATIVES, int(params.get("negatives", NEGATIVES))))
    seed = int(params.get("seed", 0))
    structure = find_structure(frame)
    if structure is None:
        raise NoStructure
    sides = np.array(frame[SPLIT] == HELD_OUT) if SPLIT in frame else np.zeros(len(frame), bool)
    parts = [
        add_structured_negatives(frame[sides == side], count, seed)
        for side in (False, True)
        if (sides == side).any()
    ]
    made = pd.concat(parts).sort_index(kind="stable")
    facts = {
        "negatives": count,
        "things": len(structure.thing_names),
        "count": len(structure.property_names),
    }
    return Stepped(made, Message(_ADDED, facts), len(made))


def _cut(heads: Sequence[str], *, at_end: bool) -> list[tuple[str, str]]:
    """Thing and property of each head, "" where it cannot be cut."""
    tokens = [_TOKEN.findall(head) for head in heads]
    if not at_end:
        tokens = [part[::-1] for part in tokens]
    known = _properties(tokens)
    cuts = []
    for parts in tokens:
        # The commonest fitting one: a rare one is more often a longer name's end.
        fitting = [
            (known[tuple(parts[-size:])], size)
            for size in range(1, min(_LONGEST_PROPERTY, len(parts) - 1) + 1)
            if tuple(parts[-size:]) in known
        ]
        if not fitting:
            cuts.append(("", ""))
            continue
        _, size = max(fitting)
        thing, key = parts[:-size], parts[-size:]
        if not at_end:
            thing, key = thing[::-1], key[::-1]
        cuts.append(("".join(thing).strip(), "".join(key).strip()))
    return cuts


def _properties(tokens: Sequence[Sequence[str]]) -> dict[tuple[str, ...], int]:
    """The ends of heads before which many different tokens stand, with how often each was chosen.

    Each head votes for the shortest of its ends of that kind.
    """
    heads = sorted({tuple(parts) for parts in tokens})
    if len(heads) > _LEARNED_FROM:
        chosen = np.random.default_rng(0).choice(len(heads), _LEARNED_FROM, replace=False)
        heads = [heads[at] for at in np.sort(chosen)]
    before: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for parts in heads:
        for size in range(1, min(_LONGEST_PROPERTY, len(parts) - 1) + 1):
            before[parts[-size:]][parts[-size - 1]] += 1
    varied = {
        end
        for end, tokens_before in before.items()
        if len(tokens_before) >= _NEIGHBOURS
        and max(tokens_before.values()) <= _COMMONEST_NEIGHBOUR * tokens_before.total()
    }
    votes: Counter[tuple[str, ...]] = Counter()
    for parts in heads:
        for size in range(1, min(_LONGEST_PROPERTY, len(parts) - 1) + 1):
            if parts[-size:] in varied:
                votes[parts[-size:]] += 1
                break
    return {end: count for end, count in votes.items() if count >= _NEIGHBOURS}


def _structure(
    codes: NDArray[np.int64],
    cuts: Sequence[tuple[str, str]],
    contents: Sequence[str],
    heads: Sequence[str],
) -> Structure:
    """The structure of rows from that of their answers (``codes`` numbers a row's answer)."""
    things, thing_names = pd.factorize(np.array([thing or None for thing, _ in cuts], object))
    keys, property_names = pd.factorize(np.array([key or None for _, key in cuts], object))
    said, _ = pd.factorize(np.array(contents, object))
    lengths = np.array([_length(head) for head in heads], dtype=np.int64)
    return Structure(
        things[codes],
        keys[codes],
        said[codes],
        lengths[codes],
        list(thing_names),
        list(property_names),
    )


def _length(text: str) -> int:
    return sum(not token.isspace() for token in _TOKEN.findall(text))


def _share_with_both(structure: Structure, codes: NDArray[np.int64]) -> float:
    """The share of rows for which there are both kinds of wrong answers."""
    known = (structure.things >= 0) & (structure.properties >= 0)
    table = pd.DataFrame(
        {
            "thing": structure.things[known],
            "property": structure.properties[known],
            "answer": codes[known],
        }
    )
    if table.empty:
        return 0.0
    several = table.groupby("thing")["property"].transform("nunique") > 1
    shared = table.groupby("property")["thing"].transform("nunique") > 1
    return float((several & shared).sum()) / len(codes)


def _named(structure: Structure, anchors: Sequence[str]) -> float:
    """The share of anchors in which the thing of their answer is named."""
    named = sum(
        thing >= 0 and structure.thing_names[thing] in anchor
        for thing, anchor in zip(structure.things.tolist(), anchors, strict=True)
    )
    return named / len(anchors)


def _wordings(frame: pd.DataFrame, structure: Structure) -> Iterator[tuple[str, int]]:
    """Each question that names its thing, without the name, and the property that it asks for."""
    for anchor, thing, key in zip(
        frame[ANCHOR], structure.things.tolist(), structure.properties.tolist(), strict=True
    ):
        if thing < 0 or key < 0:
            continue
        folded, name = fold(anchor), structure.thing_names[thing]
        if name in folded:
            yield folded.replace(name, "\0", 1), key


class _Draw:
    """Draws wrong answers for the first ``rows`` rows of a table, never one twice for a row."""

    def __init__(self, pool: pd.DataFrame, structure: Structure, rows: int, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._structure = structure
        self._rows = np.arange(rows)
        self._answers = pd.factorize(pool[POSITIVE])[0].astype(np.int64)
        self._anchors = pd.factorize(pool[ANCHOR])[0].astype(np.int64)
        self._width = int(self._answers.max(initial=0)) + 1
        self._right = np.unique(self._anchors * self._width + self._answers)
        self._alike = self._asked_alike(pool)
        self._taken: list[NDArray[np.int64]] = []
        self._groups = {
            True: _Groups(structure.things),
            False: _Groups(structure.properties),
        }

    def next(self, *, same_thing: bool) -> NDArray[np.int64]:
        """A row of the pool for each row, whose positive is a wrong answer to it."""
        drawn = np.full(len(self._rows), -1, dtype=np.int64)
        for kind in (same_thing, not same_thing):
            for _ in range(_DRAWS):
                open_rows = self._rows[drawn < 0]
                found = self._groups[kind].draw(open_rows, self._random)
                good = (found >= 0) & self._wrong(open_rows, found)
                drawn[open_rows[good]] = found[good]
        for _ in range(_DRAWS):
            open_rows = self._rows[drawn < 0]
            found = self._random.integers(0, len(self._answers), len(open_rows))
            good = self._wrong(open_rows, found)
            drawn[open_rows[good]] = found[good]
        # A table of one answer has no wrong one; repeating the row's own teaches nothing.
        drawn = np.where(drawn < 0, self._rows, drawn)
        self._taken.append(self._answers[drawn])
        return drawn

    def _wrong(self, rows: NDArray[np.int64], found: NDArray[np.int64]) -> NDArray[np.bool_]:
        structure = self._structure
        same_thing = structure.things[rows] == structure.things[found]
        same_property = structure.properties[rows] == structure.properties[found]
        says_the_same = structure.contents[rows] == structure.contents[found]
        pair = structure.properties[rows] * self._count + structure.properties[found]
        doubtful = same_thing & (same_property | says_the_same | np.isin(pair, self._alike))
        right = np.isin(self._anchors[rows] * self._width + self._answers[found], self._right)
        fresh = np.ones(len(rows), dtype=bool)
        for taken in self._taken:
            fresh &= taken[rows] != self._answers[found]
        return np.asarray(~doubtful & ~right & fresh)

    @property
    def _count(self) -> int:
        return len(self._structure.property_names) + 1

    def _asked_alike(self, pool: pd.DataFrame) -> NDArray[np.int64]:
        """Pairs of properties for which the same words ask, with another thing's name in them."""
        asked: defaultdict[str, Counter[int]] = defaultdict(Counter)
        for wording, key in _wordings(pool, self._structure):
            asked[wording][key] += 1
        pairs = {
            one * self._count + other
            for keys in asked.values()
            for one, times in keys.items()
            for other, other_times in keys.items()
            # Once may be a slip of the table.
            if one != other and min(times, other_times) > 1
        }
        return np.array(sorted(pairs), dtype=np.int64)


class _Groups:
    """Rows by what they have in common."""

    def __init__(self, groups: NDArray[np.int64]) -> None:
        self._groups = groups
        self._order = np.argsort(groups, kind="stable")
        ordered = groups[self._order]
        self._start = np.searchsorted(ordered, groups, side="left")
        self._size = np.searchsorted(ordered, groups, side="right") - self._start

    def draw(self, rows: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
        """A random row of the same group for each of ``rows``; -1 for those of no group."""
        place = self._start[rows] + (random.random(len(rows)) * self._size[rows]).astype(np.int64)
        return np.where(self._groups[rows] >= 0, self._order[place], -1)
