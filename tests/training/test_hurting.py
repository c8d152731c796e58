"""Rows that hurt: equal to plain loops, and a row that is wrong on purpose comes first."""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from core.data.reading.rows import ROW
from core.data.shapes import Shape
from core.training.hurting import find_hurting
from core.training.reading import Reader
from tests.training.conftest import sample_frame


@pytest.fixture(scope="module")
def reader() -> Reader:
    """A static model over the texts' own characters, as it is before its first step."""
    from core.models.static import build_static, train_tokenizer

    frame = sample_frame(60)
    texts = pd.concat([frame[name] for name in frame]).tolist()
    tokenizer = train_tokenizer(texts, 500, 3)
    return Reader(build_static(tokenizer, texts, 64, 1))


def numbered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**{ROW: np.arange(len(frame)) * 2 + 10})


def vectors(reader: Reader, texts: list[str]) -> np.ndarray:
    return cast("np.ndarray", reader.model.encode(texts, normalize_embeddings=True))


def test_triplets_equal_plain_loops(reader: Reader) -> None:
    frame = numbered(sample_frame(40))
    found = find_hurting(frame, Shape.TRIPLETS, reader, seed=1)
    texts = {*frame["positive"], *frame["negative"]}
    costs = {}
    for _, row in frame.iterrows():
        asked, right = vectors(reader, [row["anchor"], row["positive"]])
        known = set(frame.loc[frame["anchor"] == row["anchor"], "positive"]) | {row["anchor"]}
        wrong = vectors(reader, sorted(texts - known))
        costs[row[ROW]] = 1 - (asked @ right - (wrong @ asked).max())
    order = sorted(costs, key=lambda row: -costs[row])
    assert [one.row for one in found.rows] == order[:10]
    assert [one.cost for one in found.rows] == pytest.approx(
        [costs[row] for row in order[:10]], abs=1e-5
    )
    assert found.looked_at == 40
    assert found.wrong == sum(cost > 1 for cost in costs.values())


def test_a_row_with_the_wrong_answer_comes_first(reader: Reader) -> None:
    frame = numbered(sample_frame(40))
    # The question repeats what another row sells, almost word for word.
    frame.loc[7, "anchor"] = f"{frame.loc[20, 'positive']}？"
    frame.loc[7, "positive"] = "毫不相干"
    found = find_hurting(frame, Shape.TRIPLETS, reader, seed=1)
    assert found.rows[0].row == 7 * 2 + 10 and found.rows[0].cost > 1
    assert found.rows[0].texts["positive"] == "毫不相干"
    assert found.rows[0].instead == frame.loc[20, "positive"]


def test_scored_pairs_are_measured_by_their_places(reader: Reader) -> None:
    frame = numbered(sample_frame(30)[["anchor", "positive"]])
    frame["score"] = np.random.default_rng(2).uniform(0, 1, 30)
    found = find_hurting(frame, Shape.SCORED_PAIRS, reader, seed=1)
    one, other = (vectors(reader, frame[name].tolist()) for name in ("anchor", "positive"))
    distance = np.abs(rankdata((one * other).sum(1)) - rankdata(frame["score"])) / 29
    worst = np.argsort(-distance, kind="stable")[:10]
    assert [row.row for row in found.rows] == frame[ROW].iloc[worst].tolist()
    assert [row.cost for row in found.rows] == pytest.approx(distance[worst])
    assert found.wrong == (distance > 0.5).sum()
    assert all(row.instead is None and "score" in row.texts for row in found.rows)


def test_classes_are_measured_against_the_other_classes(reader: Reader) -> None:
    frame = numbered(pd.DataFrame({"text": sample_frame(20)["positive"]}))
    frame["label"] = ["甲", "乙"] * 9 + ["丙", "甲"]
    found = find_hurting(frame, Shape.CLASSES, reader, seed=1)
    table = vectors(reader, frame["text"].tolist())
    table = table @ table.T
    costs = {}
    for place, label in enumerate(frame["label"]):
        same = [n for n, other in enumerate(frame["label"]) if other == label and n != place]
        others = [n for n, other in enumerate(frame["label"]) if other != label]
        if same:
            cost = 1 - (table[place, same].max() - table[place, others].max())
            costs[int(frame[ROW].iloc[place])] = float(cost)
    order = sorted(costs, key=lambda row: -costs[row])
    # The only text of class 丙 has nothing to be close to: it is not among them.
    assert 18 * 2 + 10 not in {row.row for row in found.rows}
    assert [row.row for row in found.rows] == order[:10]


def test_only_so_many_rows_are_looked_at_and_always_the_same(reader: Reader) -> None:
    frame = numbered(sample_frame(60))
    first = find_hurting(frame, Shape.TRIPLETS, reader, seed=1, most=15)
    assert first.looked_at == 15
    assert first == find_hurting(frame, Shape.TRIPLETS, reader, seed=1, most=15)
