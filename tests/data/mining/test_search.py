"""Every trap of the library's function is set, and none catches anything."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.data.mining import search, texts
from core.data.mining.params import MiningParams
from core.data.mining.search import ModelGivesNoNumbers, encode_corpus, mine_piece
from core.data.mining.texts import bare, plain, read_texts

FIRST = "how to reset the router"
ANSWER = "to reset the router, hold its button"

Mine = Callable[..., pd.DataFrame]


@pytest.fixture(scope="session")
def model(model_folder: Path) -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(model_folder), device="cpu")


def mine_with(model: Any, frame: pd.DataFrame, piece: int = 4096, **params: Any) -> pd.DataFrame:
    """What is mined for a frame, with texts in the place of codes."""
    table = read_texts(frame)
    settings = MiningParams(dataset="d", **params)
    encoded = encode_corpus(model, "words", table, lambda _: None)
    codes = np.unique(table.anchors)
    found = pd.concat(
        mine_piece(encoded, table, codes[start : start + piece], settings, lambda _: None)
        for start in range(0, len(codes), piece)
    )
    written = np.array(table.texts, dtype=object)
    rows = table.rows[found["match"]]
    return found.assign(
        anchor=written[found["anchor"]],
        candidate=written[found["candidate"]],
        positive=frame["positive"].to_numpy(object)[rows],
    ).reset_index(drop=True)


@pytest.fixture
def mine(model: Any) -> Mine:
    return partial(mine_with, model)


def candidates(found: pd.DataFrame, anchor: str) -> list[str]:
    return found[found["anchor"] == anchor]["candidate"].tolist()


def raw_candidates(model: Any, frame: pd.DataFrame, anchor: str) -> list[str]:
    """What the library's function gives by itself."""
    from datasets import Dataset
    from sentence_transformers.util import mine_hard_negatives

    mined = mine_hard_negatives(
        Dataset.from_pandas(frame[["anchor", "positive"]], preserve_index=False),
        model,
        num_negatives=10,
        range_max=20,
        verbose=False,
    ).to_pandas()
    return mined[mined["anchor"] == anchor]["negative"].unique().tolist()


def test_an_anchor_is_not_its_own_negative(model: Any, mine: Mine, pairs: pd.DataFrame) -> None:
    assert raw_candidates(model, pairs, ANSWER)[0] == ANSWER
    assert raw_candidates(model, pairs, FIRST)[0] == "How to RESET  the router"
    found = mine(pairs, how_many=20)
    assert len(found) > 500
    same = found["anchor"].map(plain) == found["candidate"].map(plain)
    assert found[same].empty


def test_other_right_answers_are_not_negatives(model: Any, mine: Mine, pairs: pd.DataFrame) -> None:
    linked = {
        ANSWER,  # its own positive
        "hold the button to reset the router",  # the positive of its positive
        "the router resets with its button",  # the positive of another anchor of that one
    }
    assert linked - {ANSWER} <= set(raw_candidates(model, pairs, FIRST))
    found = mine(pairs, how_many=20)
    for anchor in (FIRST, ANSWER, "router reset"):
        assert linked.isdisjoint(candidates(found, anchor))
    # What nothing links stays, however near.
    assert "to reset the router - hold its button!" in candidates(found, FIRST)


def test_a_general_answer_links_nothing(
    mine: Mine, pairs: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    general = pairs.assign(positive=[f"see page {n % 2}" for n in range(len(pairs))])
    rows = pd.concat([pairs, general], ignore_index=True)
    monkeypatch.setattr(texts, "HUB", 5)
    found = mine(rows, how_many=40)
    of_the_lamp = candidates(found, "how to reset the lamp")
    assert "see page 0" not in of_the_lamp
    assert "see page 1" in of_the_lamp
    # Its anchor has page 0 in common with this one.
    assert "to reset the camera, hold its button" in of_the_lamp


def test_in_a_large_group_only_near_relatives_are_spared(
    mine: Mine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A chain: t0 - t1 - t2 - … - t9; each text matches the next one.
    chain = pd.DataFrame({"anchor": [f"t{n}" for n in range(9)], "row": 1})
    chain["positive"] = [f"t{n}" for n in range(1, 10)]
    rest = pd.DataFrame({"anchor": ["x"], "positive": ["y"], "row": 1})
    rows = pd.concat([chain, rest], ignore_index=True)
    assert candidates(mine(rows, how_many=20), "t0") == ["y"]
    monkeypatch.setattr(texts, "HUB", 5)
    found = candidates(mine(rows, how_many=20), "t0")
    assert sorted(found) == ["t4", "t5", "t6", "t7", "t8", "t9", "y"]


def test_negatives_that_a_row_has_are_not_proposed_again(mine: Mine, pairs: pd.DataFrame) -> None:
    near = "to clean the router, wipe it dry"
    assert near in candidates(mine(pairs, how_many=20), FIRST)
    found = mine(pairs.assign(negative=near, negative_2="quite another text"), how_many=40)
    assert near not in found["candidate"].tolist()
    assert "quite another text" not in found["candidate"].tolist()


def test_negatives_of_other_rows_are_candidates(mine: Mine, pairs: pd.DataFrame) -> None:
    negatives = ["how to reset a router"] + ["nothing"] * (len(pairs) - 1)
    found = mine(pairs.assign(negative=negatives), how_many=20)
    assert "how to reset a router" in candidates(found, "router help")
    assert "how to reset a router" not in candidates(found, FIRST)


def test_only_pairs_with_a_high_score_are_matches(mine: Mine, pairs: pd.DataFrame) -> None:
    low = pd.DataFrame({"anchor": [FIRST, "only wrong"], "positive": "reset the lamp", "row": 99})
    scored = pd.concat([pairs.assign(score=1.0), low.assign(score=0.2)], ignore_index=True)
    found = mine(scored, how_many=20)
    assert "reset the lamp" in candidates(found, FIRST)
    assert "only wrong" not in found["anchor"].tolist()


def test_the_hardest_positive_is_compared(model: Any, mine: Mine, pairs: pd.DataFrame) -> None:
    found = mine(pairs, how_many=1)
    (positive,) = found[found["anchor"] == "router reset"]["positive"]
    answers = ["hold the button to reset the router", "the router resets with its button"]
    vectors = model.encode(["router reset", *answers], normalize_embeddings=True)
    scores = vectors[1:] @ vectors[0]
    assert positive == answers[int(scores.argmin())]
    (told,) = found[found["anchor"] == "router reset"]["score_positive"]
    assert told == pytest.approx(scores.min(), abs=1e-5)


def test_an_anchor_with_very_many_positives_costs_the_others_nothing(
    mine: Mine, pairs: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    many = pd.DataFrame({"anchor": "everything", "positive": [f"thing {n}" for n in range(500)]})
    deepest = 0
    topk = torch.topk

    def watched(values: torch.Tensor, k: int, **more: Any) -> Any:
        nonlocal deepest
        deepest = max(deepest, k)
        return topk(values, k=k, **more)

    monkeypatch.setattr(torch, "topk", watched)
    found = mine(pd.concat([pairs, many.assign(row=1)], ignore_index=True), how_many=2)
    assert deepest == 21
    assert len(candidates(found, "everything")) == 2
    assert not any(text.startswith("thing") for text in candidates(found, "everything"))


def test_small_pieces_find_the_same_with_little_memory(
    mine: Mine, pairs: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = mine(pairs, how_many=5)
    largest = 0
    similarity = search._Answers.similarity

    def watched(answers: Any, queries: Any, corpus: Any) -> Any:
        nonlocal largest
        scores = similarity(answers, queries, corpus)
        largest = max(largest, scores.numel())
        return scores

    monkeypatch.setattr(search._Answers, "similarity", watched)
    monkeypatch.setattr(search, "BLOCK_CELLS", 100)
    parts = mine(pairs, piece=7, how_many=5)
    assert largest <= 100
    pd.testing.assert_frame_equal(parts, whole, atol=1e-6)


def test_margins_and_the_highest_score_are_kept(mine: Mine, pairs: pd.DataFrame) -> None:
    free = mine(pairs, how_many=5)
    assert (free["score_candidate"] > free["score_positive"]).any()
    assert free["score_candidate"].max() > 0.7
    margin = mine(pairs, how_many=5, margin=0.1)
    assert (margin["score_candidate"] <= margin["score_positive"] - 0.1 + 1e-6).all()
    share = mine(pairs, how_many=5, relative_margin=0.2)
    assert (share["score_candidate"] <= 0.8 * share["score_positive"] + 1e-6).all()
    assert mine(pairs, how_many=5, max_score=0.5)["score_candidate"].max() <= 0.5
    assert mine(pairs, max_score=-1).empty


def test_ranks_and_places(mine: Mine, pairs: pd.DataFrame) -> None:
    top = mine(pairs, how_many=6)
    assert (top.groupby("anchor")["rank"].apply(list).map(len) == 6).all()
    first = top[top["anchor"] == FIRST]
    assert first["rank"].tolist() == [1, 2, 3, 4, 5, 6]
    assert first["score_candidate"].is_monotonic_decreasing
    later = mine(pairs, how_many=4, range_min=2)
    assert candidates(later, FIRST) == first["candidate"].tolist()[2:]


def test_drawing_is_seeded(mine: Mine, pairs: pd.DataFrame) -> None:
    draw = partial(mine, pairs, how_many=3, sampling="random")
    one, same, other = draw(seed=1), draw(seed=1), draw(seed=2)
    pd.testing.assert_frame_equal(one, same)
    assert one["candidate"].tolist() != other["candidate"].tolist()


def test_a_corpus_smaller_than_the_wish_gives_what_it_has(mine: Mine) -> None:
    frame = pd.DataFrame({"anchor": ["router", "lamp"], "positive": ["reset it", "clean it"]})
    found = mine(frame, how_many=10)
    assert sorted(found[["anchor", "candidate"]].to_numpy().tolist()) == [
        ["lamp", "reset it"],
        ["router", "clean it"],
    ]


def test_a_damaged_model_is_refused(model_folder: Path, pairs: pd.DataFrame) -> None:
    from sentence_transformers import SentenceTransformer

    broken = SentenceTransformer(str(model_folder), device="cpu")
    for weights in broken.parameters():
        weights.data.fill_(float("nan"))
    with pytest.raises(ModelGivesNoNumbers) as caught:
        mine_with(broken, pairs)
    assert "The model words gives no usable vector for the text" in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "same_text", "same_words"),
    [
        ("ＡＢＣ  药", "abc 药", True, True),
        ("阿莫西林，胶囊", "阿莫西林胶囊。", False, True),
        ("0.25g", "025g", False, False),
        ("每日3-5次", "每日35次", False, False),
        ("C++", "C", False, False),
        ("50%", "50", False, False),
    ],
)
def test_when_two_texts_are_one(one: str, other: str, same_text: bool, same_words: bool) -> None:
    assert (plain(one) == plain(other)) is same_text
    assert (bare(one) == bare(other)) is same_words
