"""What a review becomes: cell by cell, for every kind of table."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from core.data.mining.job import mine_negatives
from core.data.mining.params import MiningParams
from core.data.mining.result import TooFewAccepted, finish_review, preview_result
from core.data.mining.review import Decision, Review, ReviewDatasetGone, load_review
from core.data.shapes import Mapping, Shape
from core.data.split import SplitBy, split_rows
from core.data.store import load_dataset, remove_dataset, versions
from core.models.bases import BaseConfig
from core.workspace import Workspace
from tests.data.mining.made import make_review
from tests.retrieval.stand_in import running_job
from tests.training.conftest import add_table

ROWS = 12


@pytest.fixture
def frame() -> pd.DataFrame:
    """Twelve pairs q0 – a0 to q11 – a11, in the rows 2 to 13."""
    return pd.DataFrame(
        {"anchor": [f"q{n}" for n in range(ROWS)], "positive": [f"a{n}" for n in range(ROWS)]}
    )


PAIRS = Mapping("anchor", "positive")


def accept_all(review: Review, *spared: int) -> None:
    wanted = set(range(review.info.candidates)) - set(spared)
    review.decide_many(sorted(wanted), "accept")


def cells(frame: pd.DataFrame) -> list[list[Any]]:
    return frame.to_numpy(object).tolist()


def test_as_many_for_every_row_become_columns(workspace: Workspace, frame: pd.DataFrame) -> None:
    dataset = add_table(workspace, frame, PAIRS)
    proposals = [(row, f"n{row} {rank}", 0.1) for row in range(2, 14) for rank in (1, 2)]
    review = make_review(workspace, dataset, proposals)
    accept_all(review)
    result = preview_result(workspace, review)
    assert result.shape is Shape.SEVERAL_NEGATIVES
    assert list(result.frame.columns) == ["anchor", "positive", "negative", "negative_2", "row"]
    assert cells(result.frame)[:2] == [
        ["q0", "a0", "n2 1", "n2 2", 2],
        ["q1", "a1", "n3 1", "n3 2", 3],
    ]
    assert len(result.frame) == ROWS
    assert result.notes == ()
    assert result.origin.text() == "Negatives mined with MiniLM: 24 accepted, 0 were matches."


def test_different_numbers_become_triplets(workspace: Workspace, frame: pd.DataFrame) -> None:
    dataset = add_table(workspace, frame, PAIRS)
    proposals = [(row, f"n{row} {rank}", 0.1) for row in range(2, 14) for rank in (1, 2)]
    review = make_review(workspace, dataset, proposals)
    accept_all(review, 1, 4, 5)  # one of row 2, both of row 4
    review.decide(1, Decision.REJECT)
    result = preview_result(workspace, review)
    assert result.shape is Shape.TRIPLETS
    assert cells(result.frame)[:5] == [
        ["q0", "a0", "n2 1", 2],
        ["q1", "a1", "n3 1", 3],
        ["q1", "a1", "n3 2", 3],
        ["q3", "a3", "n5 1", 5],
        ["q3", "a3", "n5 2", 5],
    ]
    assert len(result.frame) == 21
    assert [note.text() for note in result.notes] == [
        "Rows left out because no candidate for their anchor was accepted: 1. "
        "A row of this kind of table needs a negative.",
        "Candidates that nobody decided about and that were left out: 2.",
    ]


def test_a_match_becomes_a_row_with_its_anchors_negatives(
    workspace: Workspace, frame: pd.DataFrame
) -> None:
    dataset = add_table(workspace, frame, PAIRS)
    proposals = [(row, f"n{row}", 0.1) for row in range(2, 14)]
    proposals += [(3, "also a1", 0.0), (5, "also a3", 0.0)]
    review = make_review(workspace, dataset, proposals)
    accept_all(review, 3)
    review.decide_many([12, 13], "match")
    review.decide(3, "reject")
    result = preview_result(workspace, review)
    assert result.shape is Shape.TRIPLETS
    assert cells(result.frame)[:4] == [
        ["q0", "a0", "n2", 2],
        ["q1", "a1", "n3", 3],
        ["q2", "a2", "n4", 4],
        ["q4", "a4", "n6", 6],
    ]
    assert cells(result.frame)[-1] == ["q1", "also a1", "n3", 3]
    assert len(result.frame) == 12
    assert [note.text() for note in result.notes][1] == (
        "Matches left out because no candidate for their anchor was accepted: 1."
    )
    assert result.origin.params["matches"] == 2


def test_every_row_of_an_anchor_gets_its_negatives(
    workspace: Workspace, frame: pd.DataFrame
) -> None:
    more = pd.DataFrame({"anchor": ["Q0", "q0"], "positive": ["b0", "c0"]})
    dataset = add_table(workspace, pd.concat([frame, more]), PAIRS)
    review = make_review(workspace, dataset, [(row, f"n{row}", 0.1) for row in range(2, 14)])
    accept_all(review)
    rows = cells(preview_result(workspace, review).frame)
    assert rows[-2:] == [["Q0", "b0", "n2", 14], ["q0", "c0", "n2", 15]]


def test_old_negatives_stay_and_rows_without_new_ones_as_chosen(
    workspace: Workspace, frame: pd.DataFrame
) -> None:
    table = frame.assign(old=[f"o{n}" for n in range(ROWS)])
    dataset = add_table(workspace, table, Mapping("anchor", "positive", negatives=("old",)))
    proposals = [(row, f"n{row}", 0.1) for row in range(2, 14)] + [(2, "also a0", 0.0)]
    review = make_review(workspace, dataset, proposals)
    review.decide_many(range(10), "accept")
    review.decide(12, "match")
    kept = preview_result(workspace, review)
    assert kept.shape is Shape.TRIPLETS
    assert cells(kept.frame)[:2] == [["q0", "a0", "o0", 2], ["q0", "a0", "n2", 2]]
    assert cells(kept.frame)[-4:] == [
        ["q10", "a10", "o10", 12],
        ["q11", "a11", "o11", 13],
        ["q0", "also a0", "o0", 2],
        ["q0", "also a0", "n2", 2],
    ]
    assert kept.notes[0].text() == "Rows without a new negative that stay as they were: 2."
    dropped = preview_result(workspace, review, bare_rows="leave_out")
    assert dropped.shape is Shape.SEVERAL_NEGATIVES
    assert len(dropped.frame) == 11
    assert cells(dropped.frame)[-1] == ["q0", "also a0", "o0", "n2", 2]
    assert dropped.notes[0].text() == (
        "Rows without a new negative that were left out, as chosen: 2."
    )


def test_scored_pairs_keep_their_matches(workspace: Workspace, frame: pd.DataFrame) -> None:
    low = pd.DataFrame({"anchor": ["q0"] * 3, "positive": ["x", "y", "z"], "score": "0.2"})
    table = pd.concat([frame.assign(score="0.9"), low])
    dataset = add_table(workspace, table, Mapping("anchor", "positive", score="score"))
    review = make_review(workspace, dataset, [(row, f"n{row}", 0.1) for row in range(2, 14)])
    accept_all(review)
    result = preview_result(workspace, review)
    assert list(result.frame.columns) == ["anchor", "positive", "negative", "row"]
    assert cells(result.frame)[0] == ["q0", "a0", "n2", 2]
    assert len(result.frame) == ROWS
    assert [note.text() for note in result.notes] == [
        "Pairs scored below 0.5 that have no place among triplets: 3."
    ]


def test_the_split_is_carried_along(workspace: Workspace, frame: pd.DataFrame) -> None:
    table = frame.assign(part=["train"] * 9 + ["test"] * 3)
    mapping = Mapping("anchor", "positive", split="part")
    dataset = add_table(workspace, table, mapping)
    proposals = [(row, f"n{row}", 0.1) for row in range(2, 14)] + [(13, "also a11", 0.0)]
    review = make_review(workspace, dataset, proposals)
    accept_all(review, 12)
    review.decide(12, "match")
    result = preview_result(workspace, review)
    assert list(result.frame.columns) == ["anchor", "positive", "negative", "split", "row"]
    assert cells(result.frame)[-1] == ["q11", "also a11", "n13", "held_out", 13]
    split = split_rows(result.frame, result.shape, 0.1, 0)
    assert (split.by, split.held_out.tolist()) == (SplitBy.OWN, [9, 10, 11, 12])


def test_the_undecided_are_accepted_on_request_but_not_the_doubtful(
    workspace: Workspace, frame: pd.DataFrame
) -> None:
    dataset = add_table(workspace, frame, PAIRS)
    proposals = [(row, f"n{row}", 0.1) for row in range(2, 14)]
    review = make_review(workspace, dataset, proposals, doubtful=1)
    with pytest.raises(TooFewAccepted) as caught:
        preview_result(workspace, review)
    assert str(caught.value).startswith(
        "Only 0 rows would have a negative; a dataset needs at least 10. Accepted so far: 0."
    )
    result = preview_result(workspace, review, undecided="accept")
    assert cells(result.frame)[0] == ["q1", "a1", "n3", 3]
    assert len(result.frame) == 11
    # Only shown, not recorded.
    assert review.counts().decided == 0


def test_a_finished_review_is_a_version_of_its_dataset(
    workspace: Workspace, frame: pd.DataFrame
) -> None:
    dataset = add_table(workspace, frame, PAIRS)
    review = make_review(workspace, dataset, [(row, f"n{row}", 0.1) for row in range(2, 14)])
    accept_all(review, 0)
    id = finish_review(workspace, review.info.id, name="With negatives")
    stored = load_dataset(workspace, id)
    assert (stored.info.parent, stored.info.name) == (dataset, "With negatives")
    assert stored.info.shape is Shape.TRIPLETS
    assert stored.info.origin is not None
    assert stored.info.origin.text() == (
        "Negatives mined with MiniLM: 11 accepted, 0 were matches."
    )
    assert cells(stored.frame())[0] == ["q1", "a1", "n3", 3]
    assert [info.id for info in versions(workspace, dataset)] == [dataset, id]
    (finished,) = load_review(workspace, review.info.id).info.finished
    assert finished.dataset == id
    assert finished.messages[0].text().startswith("Rows left out because no candidate")
    review.decide(0, "accept")
    again = finish_review(workspace, review.info.id)
    assert again != id
    assert load_dataset(workspace, again).info.name == "Products"
    assert len(load_review(workspace, review.info.id).info.finished) == 2


def test_from_the_search_to_the_dataset(
    workspace: Workspace, dataset: str, words: BaseConfig
) -> None:
    params = MiningParams(dataset=dataset, model=words, how_many=3)
    job = running_job(workspace, "mine_negatives", params.model_dump(mode="json"))
    mine_negatives(job)
    review = load_review(workspace, job.folder.name)
    page = review.page(0, review.info.candidates)
    (number,) = page.index[
        (page["anchor"] == "how to reset the router")
        & (page["candidate"] == "to reset the router - hold its button!")
    ]
    why = [message.text() for message in page["why"][number]]
    assert why[0] == "It is a right answer written with other punctuation."
    review.decide(number, "match")
    review.accept_rest()
    id = finish_review(workspace, review.info.id)
    rows = load_dataset(workspace, id).frame()
    new = rows[rows["positive"] == "to reset the router - hold its button!"]
    assert "how to reset the router" in new["anchor"].tolist()
    accepted = page.loc[review.decided()[Decision.ACCEPT]]
    pairs = set(zip(rows["anchor"], rows["negative"], strict=True))
    assert set(zip(accepted["anchor"], accepted["candidate"], strict=True)) <= pairs
    assert not (rows["anchor"] == rows["negative"]).any()
    remove_dataset(workspace, dataset)
    with pytest.raises(ReviewDatasetGone, match="has been deleted"):
        finish_review(workspace, review.info.id)
