"""A review is paged from disk, and no decision about it is ever lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.data.mining.review import (
    DECISIONS_FILE,
    Counts,
    Decision,
    Order,
    Review,
    ReviewDatasetChanged,
    ReviewDatasetGone,
    ReviewUnreadable,
    UnknownCandidate,
    delete_review,
    list_reviews,
    load_review,
)
from core.data.store import load_dataset, remove_dataset
from core.workspace import PROJECT_ROOT, UnknownItem, Workspace
from tests.data.mining.made import make_review


@pytest.fixture
def review(workspace: Workspace, dataset: str) -> Review:
    """Two doubtful candidates and four others."""
    proposals = [
        (5, "five a", -0.25),
        (3, "three a", 0.0),
        (4, "four a", 0.125),
        (2, "two a", 0.25),
        (2, "two b", 0.375),
        (3, "three b", 0.5),
    ]
    return make_review(workspace, dataset, proposals, doubtful=2)


def test_a_page_says_what_is_proposed_and_why_to_doubt_it(review: Review) -> None:
    page = review.page(0, 3)
    assert page["candidate"].tolist() == ["five a", "three a", "four a"]
    assert page.index.tolist() == [0, 1, 2]
    assert page["row"].tolist() == [5, 3, 4]
    assert page["anchor"].tolist()[0] == "how to reset the printer"
    assert page["positive"].tolist()[0] == "to reset the printer, hold its button"
    assert page["likely_false"].tolist() == [True, True, False]
    assert page["decision"].tolist() == [None, None, None]
    assert [message.text() for message in page["why"][0]] == [
        "It is a right answer written with other punctuation.",
        "The model finds it at least as near to the anchor as the positive: 1.00 against 0.75.",
    ]
    assert page["why"][2] == ()
    assert review.page(4, 3)["candidate"].tolist() == ["two b", "three b"]
    assert review.page(6, 3).empty


def test_other_orders(review: Review) -> None:
    in_table = ["two a", "two b", "three a", "three b", "four a", "five a"]
    assert review.page(0, 9, Order.TABLE)["candidate"].tolist() == in_table
    assert review.page(2, 2, "table")["candidate"].tolist() == in_table[2:4]
    review.decide_many([1, 3], "accept")
    left = review.page(0, 9, Order.TABLE, undecided_only=True)
    assert left["candidate"].tolist() == ["two b", "three b", "four a", "five a"]
    assert left.index.tolist() == [4, 5, 2, 0]
    decided = review.page(0, 9)["decision"].tolist()
    assert decided == [None, Decision.ACCEPT, None, Decision.ACCEPT, None, None]


def test_pages_of_a_long_review_are_right(workspace: Workspace, dataset: str) -> None:
    long = make_review(workspace, dataset, [(2 + n % 34, f"c{n}", n / 1e4) for n in range(5000)])
    assert long.page(1995, 10)["candidate"].tolist() == [f"c{n}" for n in range(1995, 2005)]
    assert long.page(4998, 10)["candidate"].tolist() == ["c4998", "c4999"]
    assert long.page(146, 3, "table")["candidate"].tolist() == ["c4964", "c4998", "c1"]


def test_the_last_word_counts(review: Review) -> None:
    review.decide(0, Decision.MATCH)
    review.decide(2, "accept")
    review.decide_many([3, 4], "reject")
    review.decide(3, "accept")
    review.decide(4, None)
    assert review.counts() == Counts(accepted=2, rejected=0, matches=1, undecided=3, doubtful=1)
    assert review.progress.text() == "3 of 6 candidates are decided."
    decided = {word.value: numbers.tolist() for word, numbers in review.decided().items()}
    assert decided == {"accept": [2, 3], "reject": [], "match": [0]}


def test_accepting_the_rest_spares_the_doubtful_and_the_decided(review: Review) -> None:
    review.decide(2, "reject")
    assert review.accept_rest(below=0.5) == 2
    assert review.decided()[Decision.ACCEPT].tolist() == [4, 5]
    assert review.accept_rest() == 1
    assert review.counts() == Counts(accepted=3, rejected=1, matches=0, undecided=2, doubtful=2)
    assert review.accept_rest() == 0


def test_an_unknown_candidate_changes_nothing(review: Review) -> None:
    with pytest.raises(UnknownCandidate, match="has 6 candidates; there is no number 6"):
        review.decide_many([0, 6], "accept")
    with pytest.raises(ValueError, match="perhaps"):
        review.decide(0, "perhaps")
    assert review.counts().decided == 0


def test_two_people_see_each_others_decisions(workspace: Workspace, review: Review) -> None:
    other = load_review(workspace, review.info.id)
    review.decide(0, "accept")
    other.decide(1, "reject")
    assert review.counts() == other.counts()
    other.decide(0, "match")
    assert review.page(0, 2)["decision"].tolist() == ["match", "reject"]


def test_a_half_written_line_is_passed_over(workspace: Workspace, review: Review) -> None:
    review.decide(0, "accept")
    with (review.folder / DECISIONS_FILE).open("ab") as file:
        file.write(b'{"candidates": [1, 2], "decis')
    assert load_review(workspace, review.info.id).counts().decided == 1
    review.decide(3, "reject")
    for reader in (review, load_review(workspace, review.info.id)):
        assert (reader.counts().accepted, reader.counts().rejected) == (1, 1)
    with (review.folder / DECISIONS_FILE).open("ab") as file:
        for line in ("[]", '{"candidates": [99], "decision": "accept"}', "\x00\x00"):
            file.write(line.encode() + b"\n")
    assert review.counts().decided == 2


DECIDER = """
import sys
from core.data.mining.review import load_review
from core.workspace import Workspace
review = load_review(Workspace.open(), sys.argv[1])
for turn in range(100_000):
    review.decide(turn % 6, ("accept", "reject", "match")[turn // 6 % 3])
    print(turn, flush=True)
"""


def test_decisions_survive_a_kill(workspace: Workspace, review: Review) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", DECIDER, review.info.id],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    heard = [process.stdout.readline() for _ in range(20)]
    process.send_signal(signal.SIGKILL)
    heard += process.stdout.readlines()
    process.wait()
    last = int([line for line in heard if line.endswith("\n")][-1])
    lines = (review.folder / DECISIONS_FILE).read_text().splitlines()
    assert len(lines) >= last + 1
    assert json.loads(lines[last])["candidates"] == [last % 6]
    assert review.counts().decided == 6
    review.decide_many(range(6), None)
    assert review.counts().decided == 0


def test_reviews_are_listed_with_how_far_they_are(
    workspace: Workspace, dataset: str, review: Review
) -> None:
    time.sleep(0.002)  # made at another millisecond
    second = make_review(workspace, dataset, [(2, "x", 0.1)])
    second.decide(0, "accept")
    (workspace.reviews / "damaged").mkdir()
    (workspace.reviews / ".unfinished-x").mkdir()
    listed = list_reviews(workspace, dataset)
    assert [one.info.id for one in listed] == [second.info.id, review.info.id]
    assert [one.counts().decided for one in listed] == [1, 0]
    assert listed[0].info.finished == ()
    assert list_reviews(workspace, "another") == []
    assert len(list_reviews(workspace)) == 2
    delete_review(workspace, second.info.id)
    assert [one.info.id for one in list_reviews(workspace)] == [review.info.id]


def test_damaged_reviews_are_named(workspace: Workspace, review: Review) -> None:
    id = review.info.id
    (review.folder / "candidates.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(ReviewUnreadable, match=f"The review {id} is damaged"):
        load_review(workspace, id).page(0, 5)
    (review.folder / "review.json").write_text("{")
    with pytest.raises(ReviewUnreadable):
        load_review(workspace, id)
    with pytest.raises(UnknownItem, match="no review named gone"):
        load_review(workspace, "gone")


def test_a_review_whose_dataset_is_gone_or_another_says_so(
    workspace: Workspace, dataset: str, review: Review
) -> None:
    assert review.dataset(workspace).info.id == dataset
    path: Path = load_dataset(workspace, dataset).folder / "dataset.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "content_hash": "0" * 64}))
    with pytest.raises(ReviewDatasetChanged, match="The dataset Products is not the one any more"):
        review.dataset(workspace)
    remove_dataset(workspace, dataset)
    with pytest.raises(ReviewDatasetGone, match="The dataset Products, whose negatives these are"):
        review.dataset(workspace)
