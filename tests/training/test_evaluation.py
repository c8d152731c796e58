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
from core.training.evaluation import (
    METRIC_NAMES,
    Scores,
    dense_table,
    lexical_table,
    make_task,
    score_fusion,
    score_lexical,
    score_model,
)
from core.training.metrics import spearman


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


class Planted:
    """The planted vectors as a model, for the library's evaluators."""

    similarity_fn_name = "cosine"
    model_card_data = None

    def encode(self, inputs: Sequence[str], **_: object) -> object:
        import torch

        return torch.tensor(planted(inputs))

    encode_query = encode_document = encode

    def similarity(self, one: object, other: object) -> object:
        return one @ other.T  # type: ignore[attr-defined]


@pytest.fixture
def several() -> pd.DataFrame:
    random = np.random.default_rng(8)
    return pd.DataFrame(
        {
            "anchor": [f"问题{number}" for number in range(40)],
            "positive": [f"答案{number}" for number in range(40)],
            **{
                name: [f"错误{number}" for number in random.permutation(90)[:40]]
                for name in ("negative", "negative_2", "negative_3")
            },
        }
    )


def library(evaluator: object) -> dict[str, float]:
    from unittest.mock import patch

    with patch.object(type(evaluator), "store_metrics_in_model_card_data"):
        return evaluator(Planted())  # type: ignore[operator]


def test_retrieval_figures_equal_the_librarys(triplets: pd.DataFrame) -> None:
    from sentence_transformers.sentence_transformer.evaluation import (
        InformationRetrievalEvaluator,
    )

    train = pd.DataFrame({"anchor": ["别的"] * 30, "positive": [f"训练{n}" for n in range(30)]})
    task = make_task(triplets, Shape.TRIPLETS, train, seed=1)
    assert task.distractors == 30 and len(task.passages) > 30
    theirs = library(
        InformationRetrievalEvaluator(
            {f"q{n}": text for n, text in enumerate(task.questions)},
            {f"d{n}": text for n, text in enumerate(task.passages)},
            {f"q{n}": {f"d{one}" for one in right} for n, right in enumerate(task.relevant)},
            write_csv=False,
        )
    )
    ours = score_model(task, planted).metrics
    for name in ("ndcg@10", "mrr@10", "map@100"):
        assert ours[name] == pytest.approx(theirs[f"cosine_{name}"], abs=1e-6)
    assert ours["recall@10"] == pytest.approx(theirs["cosine_recall@10"], abs=1e-6)


def test_reranking_equals_the_librarys(several: pd.DataFrame) -> None:
    from sentence_transformers.sentence_transformer.evaluation import RerankingEvaluator

    negatives = ["negative", "negative_2", "negative_3"]
    samples = [
        {"query": row["anchor"], "positive": [row["positive"]], "negative": list(row[negatives])}
        for _, row in several.iterrows()
    ]
    theirs = library(RerankingEvaluator(samples, write_csv=False))
    ours = score_model(make_task(several, Shape.SEVERAL_NEGATIVES), planted).metrics
    assert ours["rerank_map"] == pytest.approx(theirs["map"], abs=1e-6)
    assert ours["rerank_ndcg@10"] == pytest.approx(theirs["ndcg@10"], abs=1e-6)


def test_scored_pairs_equal_the_librarys(scored: pd.DataFrame) -> None:
    from sentence_transformers.sentence_transformer.evaluation import (
        BinaryClassificationEvaluator,
        EmbeddingSimilarityEvaluator,
    )

    texts = scored["anchor"].tolist(), scored["positive"].tolist()
    scores = score_model(make_task(scored, Shape.SCORED_PAIRS), planted)
    similar = library(
        EmbeddingSimilarityEvaluator(*texts, scored["score"].tolist(), write_csv=False)
    )
    assert scores.metrics["spearman"] == pytest.approx(similar["spearman_cosine"], abs=1e-6)
    assert scores.metrics["pearson"] == pytest.approx(similar["pearson_cosine"], abs=1e-6)
    matches = (scored["score"] >= 0.5).astype(int).tolist()
    binary = library(BinaryClassificationEvaluator(*texts, matches, similarity_fn_names=["cosine"]))
    for ours, theirs in (("average_precision", "ap"), ("f1", "f1"), ("accuracy", "accuracy")):
        assert scores.metrics[ours] == pytest.approx(binary[f"cosine_{theirs}"], abs=1e-6)
    for name in ("f1", "accuracy"):
        theirs = binary[f"cosine_{name}_threshold"]
        assert scores.thresholds[name] == pytest.approx(theirs, abs=1e-6)


@pytest.fixture
def scored() -> pd.DataFrame:
    random = np.random.default_rng(11)
    return pd.DataFrame(
        {
            "anchor": [f"a{number}" for number in range(70)],
            "positive": [f"b{number}" for number in range(70)],
            "score": random.choice([0.0, 0.25, 0.5, 1.0], 70),
        }
    )


def test_the_fusion_is_the_sum_of_reciprocal_ranks() -> None:
    frame = pd.DataFrame(
        {
            "anchor": ["阿莫西林怎么贮藏", "跑步鞋防水吗"],
            "positive": ["阿莫西林胶囊的贮藏：遮光", "越野鞋，防水"],
            "negative": ["布洛芬片的规格", "机械键盘"],
        }
    )
    task = make_task(frame, Shape.TRIPLETS)
    dense = dense_table(task, planted(task.questions), planted(task.passages))
    words = lexical_table(task)
    expected = []
    for vectors, bm25, right in zip(dense, words, task.relevant, strict=True):
        order = np.argsort(-vectors).tolist()
        found = sorted(np.flatnonzero(np.isfinite(bm25)), key=lambda place: -bm25[place])
        total = {
            place: 1 / (61 + order.index(place))
            + (1 / (61 + found.index(place)) if place in found else 0)
            for place in order
        }
        ranked = sorted(order, key=lambda place: -total[place])
        expected.append(1 / (1 + ranked.index(int(right[0]))))
    assert score_fusion(task, dense, words).metrics["mrr@10"] == pytest.approx(np.mean(expected))


def test_distractors_are_never_right_answers_to_a_held_out_question() -> None:
    held_out = pd.DataFrame({"anchor": ["鞋", "键盘"], "positive": ["跑鞋", "机械键盘"]})
    train = pd.DataFrame(
        {"anchor": ["鞋", "耳机", "耳机"], "positive": ["登山鞋", "降噪耳机", "跑鞋"]}
    )
    task = make_task(held_out, Shape.PAIRS, train)
    assert task.passages == ["跑鞋", "机械键盘", "降噪耳机"] and task.distractors == 1


def test_scores_survive_the_disk(scored: pd.DataFrame) -> None:
    scores = score_model(make_task(scored, Shape.SCORED_PAIRS), planted)
    again = Scores.from_json(scores.to_json())
    assert again.metrics == scores.metrics and again.thresholds == scores.thresholds
    assert again.per_question.tolist() == scores.per_question.tolist()
    assert set(scores.metrics) <= set(METRIC_NAMES)
