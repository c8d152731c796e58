import json

import numpy as np
import pandas as pd
import pytest

from core.data.prepare import (
    STEPS,
    AppliedStep,
    SideWouldBeEmpty,
    StepDoesNotFit,
    TooFewRowsLeft,
    UnknownStep,
    apply_steps,
)
from core.data.shapes import Shape
from core.data.steps import Step

ROWS = 40


@pytest.fixture
def pairs() -> pd.DataFrame:
    """Forty pairs; the last two rows repeat the first two, and row 7 has broken characters."""
    anchors = [f"question {n % 38}" for n in range(ROWS)]
    anchors[5] = "今天天气很好".encode().decode("latin-1")
    return pd.DataFrame(
        {
            "anchor": pd.Series(anchors, dtype="str"),
            "positive": pd.Series([f"answer {n % 38}" for n in range(ROWS)], dtype="str"),
            "row": np.arange(2, ROWS + 2, dtype=np.int32),
        }
    )


def test_steps_are_done_one_after_the_other(pairs: pd.DataFrame) -> None:
    before = pairs.copy(deep=True)
    steps = [
        Step("repair_text"),
        Step("drop_duplicate_rows"),
        Step("pairs_to_triplets", {"seed": 1}),
        Step("drop_rows", {"rows": [3, 4]}),
        Step("fix_split", {"share": 0.3, "seed": 0}),
    ]
    prepared = apply_steps(pairs, steps)
    pd.testing.assert_frame_equal(pairs, before)
    assert prepared.shape is Shape.TRIPLETS
    assert list(prepared.frame.columns) == ["anchor", "positive", "negative", "split", "row"]
    assert prepared.frame.index.tolist() == list(range(36))
    assert prepared.frame["anchor"][prepared.frame["row"] == 7].item() == "今天天气很好"
    assert [one.step for one in prepared.applied] == steps
    assert [one.count for one in prepared.applied][:4] == [1, 2, 38, 2]
    assert prepared.applied[1].message.text() == "Rows that repeat an earlier row were left out: 2."
    pd.testing.assert_frame_equal(apply_steps(pairs, steps).frame, prepared.frame)


def test_no_steps_change_nothing(pairs: pd.DataFrame) -> None:
    prepared = apply_steps(pairs, [])
    assert prepared.applied == ()
    assert prepared.frame.equals(pairs)


def test_applied_steps_survive_json(pairs: pd.DataFrame) -> None:
    for one in apply_steps(pairs, [Step("drop_rows", {"rows": [2]}), Step("to_texts")]).applied:
        assert AppliedStep.from_json(json.loads(json.dumps(one.to_json()))) == one


def test_refuses_steps_that_do_not_fit(pairs: pd.DataFrame) -> None:
    with pytest.raises(UnknownStep, match=r"no step named “wash”.*repair_text"):
        apply_steps(pairs, [Step("wash")])
    with pytest.raises(StepDoesNotFit) as caught:
        apply_steps(pairs, [Step("to_texts"), Step("drop_identical")])
    assert caught.value.message().text() == (
        "“Leave out rows of equal texts” cannot be done with single texts."
    )
    with pytest.raises(StepDoesNotFit, match="texts with a class"):
        frame = pairs.rename(columns={"anchor": "text", "positive": "label"})
        apply_steps(frame, [Step("unfold_negatives")])


def test_refuses_to_leave_too_little(pairs: pd.DataFrame) -> None:
    with pytest.raises(TooFewRowsLeft, match="would leave 9 rows; training needs at least 10"):
        apply_steps(pairs, [Step("drop_rows", {"rows": list(range(2, 33))})])
    split = pairs.assign(split=pd.Series(["held_out"] * 5 + ["train"] * 35, dtype="str"))[
        ["anchor", "positive", "split", "row"]
    ]
    with pytest.raises(SideWouldBeEmpty, match="no rows on one side"):
        apply_steps(split, [Step("drop_rows", {"rows": [2, 3, 4, 5, 6]})])


def test_every_kind_of_step_has_words_and_shapes() -> None:
    assert len(STEPS) >= 24
    for name, kind in STEPS.items():
        assert kind.name == name
        assert kind.title and kind.help.endswith(".")
        assert kind.shapes
