import numpy as np
import pytest

from core.data.mining.doubts import (
    ABOVE,
    CLOSE,
    CONTAINED,
    CONTAINS,
    SAME,
    doubt_messages,
    doubts_from_scores,
    doubts_from_words,
)


@pytest.mark.parametrize(
    ("positive", "candidate", "doubt"),
    [
        ("阿莫西林胶囊", "阿莫西林，胶囊。", SAME),
        ("阿莫西林", "阿莫西林胶囊 0.25g", CONTAINS),
        ("阿莫西林胶囊", "西林胶囊", CONTAINED),
        ("阿莫西林胶囊 0.25g，每板12粒", "胶囊", 0),
        ("是", "是否可以", 0),
        ("0.25g", "0.5g", 0),
        ("布洛芬", "阿莫西林", 0),
    ],
)
def test_doubts_that_lie_in_the_words(positive: str, candidate: str, doubt: int) -> None:
    assert doubts_from_words([positive], candidate) == doubt
    assert doubts_from_words(["another one", positive], candidate) == doubt


def test_doubts_that_lie_in_the_scores() -> None:
    positive = np.array([0.8, 0.8, 0.8, 0.8, -0.2, -0.2, -0.2], dtype=np.float32)
    candidate = np.array([0.9, 0.8, 0.77, 0.75, -0.1, -0.205, -0.3], dtype=np.float32)
    expected = [ABOVE, ABOVE, CLOSE, 0, ABOVE, CLOSE, 0]
    assert doubts_from_scores(positive, candidate).tolist() == expected


def test_reasons_are_told_in_words() -> None:
    messages = doubt_messages(CLOSE | CONTAINS, 0.8, 0.77)
    assert [message.text() for message in messages] == [
        "It contains a whole right answer.",
        "The model finds it almost as near to the anchor as the positive: 0.77 against 0.80.",
    ]
    assert doubt_messages(0, 0.8, 0.1) == ()
