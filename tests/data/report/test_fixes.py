"""A fix that a report offers makes the finding go away, and what it costs is what it said."""

from __future__ import annotations

import pandas as pd
import pytest

from core.data.prepare import STEPS, apply_steps
from tests.data.report.made import (
    changed,
    classes,
    found,
    kinds,
    pairs,
    scored,
    triplets,
)
from tests.data.report.test_leakage import divided

TITLES = pairs()["positive"].tolist()
QUERIES = pairs()["anchor"].tolist()
WRONG = triplets()["negative"].tolist()
TEXTS, LABELS = classes()["text"].tolist(), classes()["label"].tolist()
LONG = "Waterproof leather winter boots with a warm lining and a sole that does not slip"
GARBLED = [
    f"第{row}款雪地靴，加绒保暖防滑".encode().decode("latin-1") if row < 3 else TITLES[row]
    for row in range(30)
]
BROKEN: dict[str, pd.DataFrame] = {
    "blank_text": pairs(positive=changed(TITLES, at_3="")),
    "one_character": pairs(anchor=changed(QUERIES, at_3="x")),
    "only_signs": pairs(anchor=changed(QUERIES, at_3="...")),
    "same_text": pairs(positive=changed(TITLES, at_2=QUERIES[2])),
    "anchor_is_negative": triplets(negative=changed(WRONG, at_0=QUERIES[0])),
    "positive_is_negative": triplets(negative=changed(WRONG, at_0=TITLES[0])),
    "match_and_negative": triplets(
        anchor=changed(QUERIES, at_1=QUERIES[0]), negative=changed(WRONG, at_1=TITLES[0])
    ),
    "duplicate_rows": pairs(
        anchor=changed(QUERIES, at_9=QUERIES[0]), positive=changed(TITLES, at_9=TITLES[0])
    ),
    "near_duplicate_rows": pairs(
        anchor=changed(QUERIES, at_3=LONG, at_9=LONG + "!", at_20=LONG + "?"),
        positive=changed(TITLES, at_3="So " + LONG, at_9="so " + LONG, at_20="SO " + LONG),
    ),
    "conflicting_scores": scored(
        anchor=changed(QUERIES, at_8=QUERIES[1]), positive=changed(TITLES, at_8=TITLES[1])
    ),
    "unbalanced_score": pd.concat(
        [scored(anchor=anchors) for anchors in (QUERIES, TITLES[::-1], WRONG)], ignore_index=True
    ).assign(score=[1.0] * 3 + [0.0] * 87, row=range(2, 92)),
    "conflicting_classes": classes(text=changed(TEXTS, at_1=TEXTS[0], at_3=TEXTS[0])),
    "single_text_classes": classes(label=changed(LABELS, at_0="hats", at_9="bags")),
    "mojibake": pairs(positive=GARBLED),
    "lost_characters": pairs(positive=changed(TITLES, at_6="caf\ufffd")),
    "control_characters": pairs(positive=changed(TITLES, at_6="bell\x07 jar")),
    "personal_data": pairs(positive=changed(TITLES, at_6="call 13800138000")),
    "leaked_texts": divided(pairs(anchor=changed(QUERIES, at_29=QUERIES[0])), held_out=5),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_the_fix_makes_the_finding_vanish(kind: str) -> None:
    frame = BROKEN[kind].astype({"row": "int32"})
    if "score" in frame:
        frame = frame.astype({"score": "float32"})
    fix = found(frame, kind).fix
    assert fix is not None and fix.step.kind in STEPS
    prepared = apply_steps(frame, [fix.step])
    assert kind not in kinds(prepared.frame)
    assert prepared.applied[0].count > 0
    assert len(prepared.frame) >= 8


def test_a_fix_of_control_characters_is_not_offered_where_it_would_not_help() -> None:
    # A byte of Latin-1 alone is left for the repair of mojibake.
    frame = pairs(positive=changed(TITLES, at_6="a lone \x85 next line and \x91"))
    finding = found(frame, "control_characters")
    assert finding.fix is None
