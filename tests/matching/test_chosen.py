"""Threshold, number of matches, one-to-one and decisions, worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.matching.chosen import Candidates, State, Wish, choose, lines
from core.matching.decisions import DECISIONS_FILE, Decision, decide, read_decisions

# Left row 0: right 1 (.9), 0 (.8); row 1: right 1 (.95), 2 (.5); row 2: none; row 3: right 1 (.6).
TABLE = [(0, 1, 1, 0.9), (0, 2, 0, 0.8), (1, 1, 1, 0.95), (1, 2, 2, 0.5), (3, 1, 1, 0.6)]


@pytest.fixture
def candidates() -> Candidates:
    left, rank, right, score = (np.array(column) for column in zip(*TABLE, strict=True))
    return Candidates(
        4,
        left.astype(np.int32),
        rank.astype(np.int16),
        right.astype(np.int32),
        score.astype(np.float32),
    )


def pairs(candidates: Candidates, listed: np.ndarray) -> list[tuple[int, int]]:
    lefts, rights = candidates.left[listed].tolist(), candidates.right[listed].tolist()
    return list(zip(lefts, rights, strict=True))


def test_the_threshold_and_the_number_of_matches(candidates: Candidates) -> None:
    chosen = choose(candidates, Wish(threshold=0.7, top=3), {})
    assert pairs(candidates, chosen.listed) == [(0, 1), (0, 0), (1, 1)]
    assert chosen.states.tolist() == [
        State.MATCHED,
        State.MATCHED,
        State.WITHOUT,
        State.BELOW,
    ]
    one = choose(candidates, Wish(threshold=0.7, top=1), {})
    assert pairs(candidates, one.listed) == [(0, 1), (1, 1)]
    np.testing.assert_allclose(one.gaps[:2], [0.1, 0.45], atol=1e-6)
    assert np.isnan(one.gaps[2:]).all()


def test_one_to_one_takes_the_best_pair_first(candidates: Candidates) -> None:
    chosen = choose(candidates, Wish(threshold=0.55, one_to_one=True), {})
    # 1-1 (.95) is taken first, so 0 gets 0 (.8), and 3 has lost its only partner.
    assert pairs(candidates, chosen.listed) == [(0, 0), (1, 1)]
    assert chosen.states.tolist() == [State.MATCHED, State.MATCHED, State.WITHOUT, State.TAKEN]


def test_moving_the_threshold_only_adds_or_takes_away_pairs() -> None:
    random = np.random.default_rng(1)
    left = np.repeat(np.arange(40), 5)
    right = np.concatenate([random.choice(30, 5, replace=False) for _ in range(40)])
    score = np.sort(random.random((40, 5)))[:, ::-1].ravel()
    many = Candidates(
        40,
        left.astype(np.int32),
        np.tile(np.arange(1, 6), 40).astype(np.int16),
        right.astype(np.int32),
        score.astype(np.float32),
    )
    before: set[tuple[int, int]] = set()
    for threshold in (0.9, 0.6, 0.3, 0.0):
        chosen = choose(many, Wish(threshold=threshold, one_to_one=True), {})
        now = set(pairs(many, chosen.listed))
        assert before <= now
        assert len({one for one, _ in now}) == len({other for _, other in now}) == len(now)
        before = now


def test_what_a_person_says_comes_first(candidates: Candidates) -> None:
    decisions = {(1, 1): Decision.REJECT, (3, 1): Decision.ACCEPT}
    chosen = choose(candidates, Wish(threshold=0.7, one_to_one=True), decisions)
    assert pairs(candidates, chosen.listed) == [(0, 0), (3, 1)]
    assert chosen.states[1] == State.BELOW
    assert candidates.right[chosen.first[1]] == 2
    several = choose(candidates, Wish(threshold=0.99, top=1), {(0, 0): Decision.ACCEPT})
    assert pairs(candidates, several.listed) == [(0, 0)]
    gone = {(3, 1): Decision.REJECT}
    assert choose(candidates, Wish(threshold=0.1), gone).states[3] == State.WITHOUT


def test_lines_in_every_order(candidates: Candidates) -> None:
    chosen = choose(candidates, Wish(threshold=0.7), {})
    lefts, found = lines(candidates, chosen, "table", 0.7)
    assert list(zip(lefts.tolist(), found.tolist(), strict=True)) == [
        (0, 0),
        (0, 1),
        (1, 2),
        (2, -1),
        (3, 4),
    ]
    assert lines(candidates, chosen, "best", 0.7)[1].tolist() == [2, 0, 1, 4, -1]
    # Doubts: row 0 gap .1, row 3 a distance of .1 to the threshold, row 1 .25 away from it.
    doubtful = lines(candidates, chosen, "doubtful", 0.7)[0].tolist()
    assert set(doubtful[:3]) == {0, 3} and doubtful[3:] == [1, 2]
    assert lines(candidates, chosen, "table", 0.7, State.BELOW)[0].tolist() == [3]


def test_no_candidate_at_all() -> None:
    none = np.empty(0)
    empty = Candidates(
        2,
        none.astype(np.int32),
        none.astype(np.int16),
        none.astype(np.int32),
        none.astype(np.float32),
    )
    for one_to_one in (False, True):
        chosen = choose(empty, Wish(threshold=0.5, one_to_one=one_to_one), {})
        assert chosen.states.tolist() == [State.WITHOUT] * 2
        assert lines(empty, chosen, "doubtful", 0.5)[1].tolist() == [-1, -1]


def test_decisions_are_only_added_and_the_last_word_counts(tmp_path: Path) -> None:
    assert read_decisions(tmp_path) == {}
    decide(tmp_path, [(0, 1), (2, 3)], Decision.ACCEPT)
    decide(tmp_path, [(2, 3)], Decision.REJECT)
    decide(tmp_path, [(0, 1)], None)
    assert read_decisions(tmp_path) == {(2, 3): Decision.REJECT}
    lines_before = (tmp_path / DECISIONS_FILE).read_bytes().splitlines()
    assert len(lines_before) == 3
    with (tmp_path / DECISIONS_FILE).open("ab") as file:
        file.write(b'{"time": "2026", "decision": "acc')
    decide(tmp_path, [(5, 5)], Decision.ACCEPT)
    assert read_decisions(tmp_path) == {(2, 3): Decision.REJECT, (5, 5): Decision.ACCEPT}
