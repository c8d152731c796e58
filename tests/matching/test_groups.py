"""Near-duplicates: groups equal those worked out from the whole table of scores."""

from __future__ import annotations

import numpy as np
import pytest

from core.matching.duplicates_job import OneTextOnly, find_duplicates, plain
from core.matching.groups import NONE, Found, copies, keeps, make_groups
from core.matching.models import UsedModel
from core.matching.params import DuplicateParams
from core.matching.results import Result, list_results, load_result
from core.matching.tables import TableEmpty, describe_table
from core.problems import Problem
from core.workspace import Workspace
from tests.matching.conftest import choice, upload
from tests.retrieval.stand_in import CharacterEncoder, running_job

TEXTS = ["红色跑鞋", "红色跑鞋", "红色 跑鞋子", "AB 碗", "AB\u3000碗", "摄像头", "AB 碗盆", ""]


def searched(
    workspace: Workspace, model: UsedModel, texts: list[str], floor: float = 0.8
) -> Result:
    id = upload(workspace, "t.csv", {"t": texts, "n": list(map(str, range(len(texts))))})
    table = choice(id, "t", label="n")
    content = describe_table(workspace, "upload", id).content
    params = DuplicateParams(table=table, content=content, model=model, floor=floor)
    find_duplicates(running_job(workspace, "find_duplicates", params.model_dump(mode="json")))
    return load_result(workspace, params.id)


def components(scores: np.ndarray, threshold: float) -> list[set[int]]:
    """The connected components with more than one member, by walking from each."""
    left, groups = set(range(len(scores))), []
    while left:
        group, edge = set(), {left.pop()}
        while edge:
            group |= edge
            edge = {
                other for one in edge for other in left if scores[one, other] >= threshold
            } - group
            left -= edge
        if len(group) > 1:
            groups.append(group)
    return groups


def test_groups_are_the_components_of_the_whole_table_of_scores(
    workspace: Workspace, model: UsedModel, encoder: CharacterEncoder
) -> None:
    random = np.random.default_rng(5)
    words = np.array(list("红蓝绿跑步鞋子碗盆摄像头"))
    texts = ["".join(random.choice(words, 5)) for _ in range(60)]
    distinct = list(dict.fromkeys(texts))
    result = searched(workspace, model, texts, 0.7)
    vectors = CharacterEncoder().encode(workspace, model.folder, distinct)
    scores = vectors @ vectors.T
    found = Found.load(result)
    for threshold in (0.7, 0.8, 0.9):
        groups = make_groups(found, threshold)
        wanted = components(scores, threshold - 1e-6)
        mine = [set(np.flatnonzero(groups.of == number).tolist()) for number in range(len(groups))]
        assert sorted(map(sorted, mine)) == sorted(map(sorted, wanted))
        assert (np.diff(groups.rows) <= 0).all()
        for number, texts_in in enumerate(mine):
            inside = sorted(texts_in)
            lowest = scores[np.ix_(inside, inside)].min()
            assert groups.lowest[number] == pytest.approx(min(lowest, 1.0), abs=1e-5)
            kept = groups.kept[number]
            np.testing.assert_allclose(
                groups.to_kept[inside], np.minimum(scores[inside, kept], 1), atol=1e-5
            )
            rows = groups.members(number)
            assert found.keys[rows[0]] == kept
            assert {distinct[key] for key in inside} == {texts[row] for row in rows}
        assert (groups.of == NONE).sum() == len(distinct) - sum(map(len, wanted))


def test_copies_and_what_stays(
    workspace: Workspace, model: UsedModel, encoder: CharacterEncoder
) -> None:
    result = searched(workspace, model, TEXTS, 0.85)
    assert result.meta.tables["table"].blank == 1 and result.meta.distinct == 5
    found = Found.load(result)
    assert [rows.tolist() for rows in copies(found)] == [[0, 1], [3, 4]]
    groups = make_groups(found, 0.85)
    assert sorted(map(sorted, (groups.members(n).tolist() for n in range(len(groups))))) == [
        [0, 1, 2],
        [3, 4, 6],
    ]
    stays = np.flatnonzero(keeps(found, groups)).tolist()
    assert len(stays) == 3 and 5 in stays and len({0, 2} & set(stays)) == 1
    nothing = make_groups(found, 1.0)
    assert len(nothing) == 0
    assert np.flatnonzero(keeps(found, nothing)).tolist() == [0, 2, 3, 5, 6]
    # Texts are read once by the model, copies of one another included.
    assert len(encoder.texts) == 5


def test_what_makes_a_copy() -> None:
    assert plain(" ＡＢ　碗\n") == plain("AB 碗")
    assert plain("AB 碗") != plain("ab 碗") and plain("A B") != plain("AB")


def test_a_chain_shows_by_its_lowest_score(
    workspace: Workspace, model: UsedModel, encoder: CharacterEncoder
) -> None:
    chain = ["一二三四", "二三四五", "三四五六", "四五六七"]
    groups = make_groups(Found.load(searched(workspace, model, chain, 0.7)), 0.7)
    assert groups.rows.tolist() == [4]
    ends = CharacterEncoder().encode(workspace, model.folder, [chain[0], chain[-1]])
    assert groups.lowest[0] == pytest.approx(float(ends[0] @ ends[1]), abs=1e-5)
    assert groups.lowest[0] < 0.5


def test_one_text_and_an_empty_table_are_sentences(
    workspace: Workspace, model: UsedModel, encoder: CharacterEncoder
) -> None:
    with pytest.raises(OneTextOnly):
        searched(workspace, model, ["红", ""])
    with pytest.raises(Problem) as caught:
        searched(workspace, model, ["", ""])
    assert not isinstance(caught.value, TableEmpty)
    assert list_results(workspace) == []
