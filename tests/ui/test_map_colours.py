"""What the points of a map are coloured by: every text in one colour, numbers on a scale."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.inspection.clusters import Clusters
from core.inspection.map_points import MapPoints
from core.inspection.project_job import SavedMap
from ui.map_colours import GROUPS, OVERLAP, PLAIN, choices, colours

NOTHING = SavedMap(None, None, None)


def points(**fields: list[object]) -> MapPoints:
    frame = pd.DataFrame(fields, dtype=object)
    return MapPoints(tuple(f"text {n}" for n in range(len(frame))), frame, len(frame))


def named(found: object) -> dict[str, list[int]]:
    return {group.name: group.items.tolist() for group in found.groups}  # type: ignore[attr-defined]


def test_a_field_with_few_values_gives_a_colour_each_and_the_rest_is_grey() -> None:
    kinds = [f"kind {n % 20}" for n in range(60)] + ["kind 0", None, ""]
    found = colours("kind", points(kind=kinds), NOTHING, "texts")
    assert found is not None
    groups = named(found)
    assert len(groups) == 17
    assert groups["kind 0"] == [0, 20, 40, 60]
    assert groups["unknown"] == [61, 62]
    assert [group.name for group in found.groups if group.muted] == ["others", "unknown"]
    assert sorted(item for items in groups.values() for item in items) == list(range(63))


def test_numbers_are_a_scale_when_there_are_many() -> None:
    prices = [str(n / 4) for n in range(30)] + [""]
    found = colours("price", points(price=prices), NOTHING, "texts")
    assert found is not None and found.values is not None
    assert (found.low, found.high) == (0.0, 7.25)
    assert found.values[4] == 1.0 and np.isnan(found.values[30])
    few = colours("score", points(score=[0.0, 1.0] * 10), NOTHING, "texts")
    assert few is not None and sorted(named(few)) == ["0.0", "1.0"]


def test_only_fields_that_tell_texts_apart_are_offered() -> None:
    offered = choices(
        points(
            role=["anchor", "positive"] * 20,
            same=["x"] * 40,
            id=[f"id{n}" for n in range(40)],
            price=[str(n) for n in range(40)],
            empty=[None] * 40,
        )
    )
    assert list(offered) == [PLAIN, "role", "price", GROUPS, OVERLAP]


def test_groups_have_the_analysts_own_names_where_most_of_a_group_has_one() -> None:
    labels = ["cups"] * 8 + ["shoes"] * 2 + ["a", "b", "c", "d", "e"]
    clusters = Clusters(np.array([0] * 10 + [1] * 4 + [-1], np.int32), ("杯子", "其他 · 东西"))
    saved = SavedMap(None, clusters, None)
    found = colours(GROUPS, points(label=labels), saved, "texts")
    assert found is not None
    assert list(named(found)) == ["1 cups (80%)", "2 其他 · 东西", "in no group"]
    plain = colours(GROUPS, points(role=labels), saved, "texts")
    assert plain is not None and next(iter(named(plain))) == "1 杯子"


@pytest.mark.parametrize("choice", [GROUPS, OVERLAP])
def test_what_the_job_has_not_found_is_not_there_yet(choice: str) -> None:
    assert colours(choice, points(role=["anchor"]), NOTHING, "texts") is None


def test_several_negatives_are_one_role_and_several_columns() -> None:
    roles = ["anchor", "positive", "negative", "negative_2"] * 3
    columns = ["question", "answer", "near miss", "far off"] * 3
    shown = points(role=roles, source_column=columns)
    found = colours("role", shown, NOTHING, "texts")
    assert named(found) == {
        "source": [0, 4, 8],
        "right answer": [1, 5, 9],
        "wrong answer": [2, 3, 6, 7, 10, 11],
    }
    found = colours("source_column", shown, NOTHING, "texts")
    assert set(named(found)) == set(columns)
    assert choices(shown)["source_column"] == "Column of the table"
