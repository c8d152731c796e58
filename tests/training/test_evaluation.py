"""The scores equal what scikit-learn, scipy and a plain reading of the definitions give."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, ndcg_score

from core.data.shapes import Shape
from core.training.evaluation import make_task, score_lexical, score_model, spearman


def planted(texts: Sequence[str]) -> np.ndarray:
    """Unit vectors that depend on the text alone."""
    rows = []
    for text in texts:
        rows.append(np.random.default_rng(zlib.crc32(text.encode())).normal(size=12))
    vectors = np.array(rows, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def triplets() -> pd.DataFrame:
    random = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "anchor": [f"问题{number}" for number in random.integers(0, 25, 60)],
            "positive": [f"答案{number}" for number in random.integers(0, 30, 60)],
            "negative": [f"错误{number}" for number in random.integers(0, 30, 60)],
        }
    )


def test_retrieval_figures_equal_scikit_learns(triplets: pd.DataFrame) -> None:
    scores = score_model(make_task(triplets, Shape.TRIPLETS), planted)
    passages = list(dict.fromkeys([*triplets["positive"], *triplets["negative"]]))
    ndcg, reciprocal, recall = [], [], []
    for anchor, group in triplets.groupby("anchor", sort=False):
        relevance = np.isin(passages, group["positive"]).astype(float)
        similarity = (planted([str(anchor)]) @ planted(passages).T)[0]
        ndcg.append(ndcg_score([relevance], [similarity], k=10))
        order = np.argsort(-similarity)
        first = 1 + int(np.argmax(relevance[order]))
        reciprocal.append(1 / first if first <= 10 else 0)
        recall.append(relevance[order][:10].sum() / relevance.sum())
    assert scores.metrics["ndcg@10"] == pytest.approx(np.mean(ndcg))
    assert scores.metrics["mrr@10"] == pytest.approx(np.mean(reciprocal))
    assert scores.metrics["recall@10"] == pytest.approx(np.mean(recall))
    assert scores.per_question == pytest.approx(ndcg)


def test_triplet_accuracy_is_the_share_of_rows_whose_right_one_is_closer(
    triplets: pd.DataFrame,
) -> None:
    scores = score_model(make_task(triplets, Shape.TRIPLETS), planted)
    anchor, right, wrong = (planted(list(triplets[name])) for name in triplets)
    closer = (anchor * right).sum(1) > (anchor * wrong).sum(1)
    assert scores.metrics["triplet_accuracy"] == pytest.approx(closer.mean())


def test_a_model_that_gives_every_text_the_same_vector_earns_nothing_by_ties() -> None:
    frame = pd.DataFrame(
        {"anchor": [f"q{i}" for i in range(40)], "positive": [f"p{i}" for i in range(40)]}
    )

    def collapsed(texts: Sequence[str]) -> np.ndarray:
        return np.tile(np.array([[1.0, 0.0]], dtype=np.float32), (len(texts), 1))

    assert score_model(make_task(frame, Shape.PAIRS), collapsed).metrics["ndcg@10"] == 0.0


def test_right_passages_that_tie_share_the_first_places() -> None:
    frame = pd.DataFrame({"anchor": ["q", "q", "r"], "positive": ["a", "b", "c"]})
    vectors = {"q": [1, 0], "r": [0, 1], "a": [1, 0], "b": [1, 0], "c": [0, 1]}

    def encode(texts: Sequence[str]) -> np.ndarray:
        return np.array([vectors[text] for text in texts], dtype=np.float32)

    assert score_model(make_task(frame, Shape.PAIRS), encode).metrics["ndcg@10"] == 1.0


def test_scored_pairs_are_scored_by_rank_correlation_and_average_precision() -> None:
    random = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "anchor": [f"a{number}" for number in random.integers(0, 40, 80)],
            "positive": [f"b{number}" for number in random.integers(0, 40, 80)],
            "score": random.choice([0.0, 0.25, 0.5, 1.0], 80).astype(np.float32),
        }
    )
    scores = score_model(make_task(frame, Shape.SCORED_PAIRS), planted)
    predicted = (planted(list(frame["anchor"])) * planted(list(frame["positive"]))).sum(1)
    assert scores.metrics["spearman"] == pytest.approx(
        spearmanr(predicted, frame["score"]).statistic, abs=1e-6
    )
    assert scores.metrics["average_precision"] == pytest.approx(
        average_precision_score(frame["score"] >= 0.5, np.round(predicted, 9)), abs=1e-6
    )


def test_spearman_of_something_constant_is_zero_and_not_nan() -> None:
    assert spearman(np.ones(5), np.arange(5)) == 0.0


def test_bm25_finds_the_passage_that_shares_characters() -> None:
    frame = pd.DataFrame(
        {
            "anchor": ["阿莫西林怎么贮藏", "跑步鞋"],
            "positive": ["阿莫西林胶囊的贮藏：遮光密封", "防水越野跑步鞋"],
            "negative": ["布洛芬片的规格：0.1g", "机械键盘"],
        }
    )
    scores = score_lexical(make_task(frame, Shape.TRIPLETS))
    assert scores.metrics["ndcg@10"] == 1.0 and scores.metrics["triplet_accuracy"] == 1.0


def test_bm25_earns_nothing_where_no_character_is_shared() -> None:
    frame = pd.DataFrame({"anchor": ["abc", "xyz"], "positive": ["鞋子", "键盘"]})
    assert score_lexical(make_task(frame, Shape.PAIRS)).metrics["ndcg@10"] == 0.0
