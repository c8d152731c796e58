"""How datasets, their columns and their sources are named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.data.check import check_mapping
from core.data.read import read_table
from core.data.shapes import Mapping
from core.data.steps import Step
from core.data.store import DatasetInfo, derive_dataset, load_dataset, store_dataset
from core.workspace import Workspace
from ui.dataset_history import source_facts
from ui.dataset_list import group_versions
from ui.datasets import column_title, made_how, role_title


@pytest.fixture
def info(workspace: Workspace) -> DatasetInfo:
    rows = "".join(f"第{n}题;答案{n};{n % 2}\n" for n in range(20))
    table = read_table(f"问题;positive;得分\n{rows}".encode("gb18030"), "a*b.csv")
    mapping = Mapping("问题", "positive", score="得分")
    id = store_dataset(
        workspace,
        name="x",
        checked=check_mapping(table.frame, mapping),
        mapping=mapping,
        source=table.source,
    )
    return load_dataset(workspace, id).info


def test_a_column_is_named_by_its_role_and_its_own_name(info: DatasetInfo) -> None:
    assert column_title(info, "anchor") == "Anchor · 问题"
    # Said once where they are the same.
    assert column_title(info, "positive") == "Positive"
    assert role_title("negative_2") == "Negative 2"


def test_where_it_comes_from(info: DatasetInfo) -> None:
    facts = source_facts(info)
    assert facts["File"] == r"a\*b.csv"
    assert facts["Encoding"] == "GB18030"
    assert facts["Cells separated by"] == "semicolons"
    assert facts["Columns"] == "Anchor: 问题, Positive: positive, Score: 得分"
    assert "Sheet" not in facts


def test_versions_stay_together_when_their_parent_is_gone(
    workspace: Workspace, info: DatasetInfo
) -> None:
    version = load_dataset(
        workspace, derive_dataset(workspace, info.id, [Step("scored_to_pairs")])
    ).info
    other = replace(info, id="other", family="other")
    assert group_versions([version, other, info]) == [[version, info], [other]]
    assert group_versions([version]) == [[version]]
    assert made_how(info) == "As the table was brought in"
    assert "10" in made_how(version)
