"""Groups of planted vectors, and names from the characters and words that set a group apart."""

from __future__ import annotations

import numpy as np
import pytest

from core.inspection.cluster_names import cluster_names, terms
from core.inspection.clusters import find_clusters, usual_count


def planted(each: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Vectors around as many far points as ``each`` says how many lie there; and which."""
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(each)), each)
    centres = generator.standard_normal((len(each), 32)) * 5
    noise = generator.standard_normal((len(labels), 32)) * 0.3
    return (centres[labels] + noise).astype(np.float32), labels


@pytest.mark.parametrize("method", ["kmeans", "hdbscan"])
def test_planted_groups_are_found_the_largest_first(method: str) -> None:
    vectors, labels = planted((15, 40, 25))
    found = find_clusters(vectors, ["茶杯"] * 80, method, 3, 1)  # type: ignore[arg-type]
    assert np.bincount(found.labels).tolist() == [40, 25, 15]
    for label in range(3):
        assert len(set(found.labels[labels == label].tolist())) == 1
    again = find_clusters(vectors, ["茶杯"] * 80, method, 3, 1)  # type: ignore[arg-type]
    assert found.labels.tolist() == again.labels.tolist()


def test_hdbscan_leaves_out_what_lies_alone() -> None:
    vectors, _ = planted((30, 30))
    lonely = vectors.mean(axis=0, keepdims=True) + 40
    found = find_clusters(np.concatenate([vectors, lonely]), ["x"] * 61, "hdbscan", 2, 1)
    assert found.labels[-1] == -1


@pytest.mark.parametrize("texts", [1, 2, 5])
def test_a_handful_and_equal_vectors_make_groups_too(texts: int) -> None:
    few = find_clusters(planted((texts,))[0], ["雨伞"] * texts, "kmeans", 8, 1)
    assert len(few.labels) == texts and (few.labels >= 0).all()
    equal = find_clusters(np.ones((texts, 4), np.float32), ["雨伞"] * texts, "kmeans", 3, 1)
    assert equal.labels.tolist() == [0] * texts
    assert len(equal.names) == 1


def test_how_many_groups_by_default() -> None:
    assert [usual_count(n) for n in (1, 8, 100, 50_000)] == [1, 2, 7, 10]


def test_names_are_what_is_common_in_a_group_and_rare_elsewhere() -> None:
    texts = [f"儿童保温杯{n}毫升 促销" for n in range(10)] + [
        f"碳板跑鞋 促销 AX{n}" for n in range(10)
    ]
    names = cluster_names(texts, np.repeat([0, 1], 10).astype(np.int32))
    assert "保温杯" in names[0] and "促销" not in names[0]
    assert "碳板" in names[1] and "跑鞋" in names[1] and "促销" not in names[1]


def test_words_of_other_scripts_stay_whole_and_numbers_name_nothing() -> None:
    texts = ["wireless mouse 2024", "wireless mouse 2024", "desk lamp 2024", "desk lamp 2024"]
    names = cluster_names(texts, np.array([0, 0, 1, 1], np.int32))
    assert set(names[0].split(" · ")) == {"wireless", "mouse"}
    assert "2024" not in names[0]
    assert terms("ＡＸ５５ 阿莫西林") >= {"ax55", "阿莫", "莫西", "西林", "阿莫西林"}


def test_a_name_does_not_say_the_same_twice_and_no_group_has_none() -> None:
    labels = np.array([0, 0, 0, -1], np.int32)
    names = cluster_names(["阿莫西林胶囊"] * 3 + ["别的"], labels)
    assert list(names) == [0]
    parts = names[0].split(" · ")
    assert not any(one != other and one in other for one in parts for other in parts)
