"""Nearly equal rows, against comparing every row with every other one."""

from __future__ import annotations

import random
from itertools import combinations

import numpy as np
import pytest

from core.data.findings import Severity
from core.data.report import near_duplicates
from core.data.report.near import SIMILAR, later_of
from core.data.report.near import near_pairs as near_pairs_of_places
from core.models.vocabulary import folded
from tests.data.report.made import PRODUCTS, WORDS, changed, found, kinds, pairs, report, scored

TITLES = pairs()["positive"].tolist()
QUERIES = pairs()["anchor"].tolist()
LONG = "Waterproof leather winter boots with a warm lining and a sole that does not slip"


def near_pairs(rows: list[tuple[str, ...]]) -> list[tuple[int, ...]]:
    texts = [text for row in rows for text in row]
    places = np.arange(len(texts)).reshape(len(rows), -1)
    return list(map(tuple, near_pairs_of_places(texts, places, lambda share: None).tolist()))


def similarity(first: str, second: str) -> float:
    """Jaccard's similarity of the pieces of three characters, ends marked."""
    one, other = (
        {text[at : at + 3] for at in range(len(text) - 2)}
        for text in (f"\x02{folded(first)}\x03", f"\x02{folded(second)}\x03")
    )
    return len(one & other) / len(one | other)


def made_up(rows: int, seed: int) -> list[tuple[str, str]]:
    """Rows of which many differ from an earlier one in a few characters only."""
    chance = random.Random(seed)
    made: list[tuple[str, str]] = []
    for _ in range(rows):
        if made and chance.random() < 0.5:
            texts = list(chance.choice(made))
            for _ in range(chance.randrange(1, 6)):
                which = chance.randrange(2)
                at = chance.randrange(len(texts[which]))
                texts[which] = texts[which][:at] + chance.choice("abc中文") + texts[which][at + 1 :]
        else:
            texts = [" ".join(chance.choices(WORDS + PRODUCTS, k=n)) for n in (6, 12)]
        made.append((texts[0], texts[1]))
    return made


@pytest.mark.parametrize("seed", [1, 2])
def test_every_row_like_an_earlier_one_is_found_and_no_other(seed: int) -> None:
    rows = made_up(300, seed)
    exact = {
        (first, second)
        for first, second in combinations(range(len(rows)), 2)
        if all(similarity(a, b) >= SIMILAR for a, b in zip(rows[first], rows[second], strict=True))
    }
    found_pairs = set(near_pairs(rows))
    assert found_pairs <= exact
    assert len(exact) > 50
    # Bands are a matter of chance: one in 500 is missed at the threshold, none far above it.
    assert len({second for _, second in found_pairs}) >= 0.98 * len({second for _, second in exact})


def test_what_stays_is_like_everything_that_goes() -> None:
    pairs_found = np.array([[0, 1], [1, 2], [0, 3], [2, 4], [5, 6]])
    assert later_of(pairs_found).tolist() == [1, 3, 4, 6]


def test_case_width_and_spaces_do_not_count_and_short_texts_are_compared() -> None:
    rows = [("Red  Shoe",), ("ｒｅｄ shoe ",), ("red shot",), ("鞋",), ("鞋",), ("靴",), ("",)]
    assert near_pairs(rows) == [(0, 1), (3, 4)]


def test_nearly_equal_rows_are_shown_side_by_side() -> None:
    frame = pairs(
        anchor=changed(QUERIES, at_3=LONG, at_9=LONG + "!"),
        positive=changed(TITLES, at_3=LONG + " (new)", at_9=LONG + " (New)"),
    )
    finding = found(frame, "near_duplicate_rows")
    assert (finding.severity, finding.count, finding.rows) == (Severity.WARNING, 1, (5, 11))
    assert [example.row for example in finding.examples] == [5, 11]
    assert finding.fix is not None
    assert finding.fix.step.to_json() == {"kind": "drop_near_duplicates", "params": {"rows": [11]}}
    assert finding.message.text() == (
        "Rows that are nearly the same as an earlier one: 1 of 30. Every text shares at least 80% "
        "of its letter sequences with the other's."
    )


def test_one_text_alone_or_another_score_does_not_make_rows_alike() -> None:
    assert "near_duplicate_rows" not in kinds(pairs(anchor=changed(QUERIES, at_3=LONG, at_9=LONG)))
    both = {
        "anchor": changed(QUERIES, at_3=LONG, at_9=LONG + "!", at_10=LONG + "."),
        "positive": changed(TITLES, at_3="So " + LONG, at_9="so " + LONG, at_10="SO " + LONG),
    }
    # Rows 5 and 11 have the score 1, row 12 has 0.
    assert found(scored(**both), "near_duplicate_rows").rows == (5, 11)


def test_exact_copies_are_not_counted_again() -> None:
    frame = pairs(
        anchor=changed(QUERIES, at_9=QUERIES[3]), positive=changed(TITLES, at_9=TITLES[3])
    )
    assert kinds(frame) == {"duplicate_rows", "repeated_texts"}


def test_a_large_table_is_sampled_in_blocks_and_in_full_when_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(near_duplicates, "SAMPLE_ROWS", 20)
    frame = pairs(
        anchor=changed(QUERIES, at_0=LONG, at_29=LONG + "!"),
        positive=changed(TITLES, at_0="So " + LONG, at_29="so " + LONG),
    )
    sampled = report(frame)
    finding = next(one for one in sampled.findings if one.kind == "near_duplicate_rows")
    assert "1 among 20 of the 30 rows" in finding.message.text()
    assert [message.text() for message in sampled.sampled] == [
        "Nearly equal rows were looked for among 20 of 30 rows."
    ]
    full = report(frame, full=True)
    assert full.full and not full.sampled
    finding = next(one for one in full.findings if one.kind == "near_duplicate_rows")
    assert "1 of 30." in finding.message.text()
