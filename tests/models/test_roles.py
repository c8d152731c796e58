"""Which models read questions and answers differently: what their files say and what they do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.models.roles import Role, role_heard, vectors_name
from tests.models.made import TEXTS, save_static, set_prompts

ROLES: tuple[Role, Role] = ("query", "document")


@pytest.mark.parametrize(
    ("prompts", "default"),
    [
        ({}, None),
        ({"query": "", "document": ""}, None),
        ({"query": "阿莫西林", "document": ""}, None),
        ({"query": "阿莫西林", "document": "维生素C"}, None),
        ({"query": "阿莫西林", "passage": "维生素C"}, None),
        ({"query": "阿莫西林", "document": "维生素C"}, "query"),
        ({"query": None, "title": "维生素C"}, "title"),
    ],
)
def test_a_role_counts_where_it_changes_the_vectors(
    tmp_path: Path, prompts: dict[str, Any], default: str | None
) -> None:
    from sentence_transformers import SentenceTransformer

    folder = set_prompts(save_static(tmp_path / "model"), prompts, default)
    model = SentenceTransformer(str(folder), device="cpu")
    plain = model.encode(TEXTS)
    read = {"query": model.encode_query(TEXTS), "document": model.encode_document(TEXTS)}
    for role in ROLES:
        same = np.array_equal(read[role], plain)
        assert role_heard(folder, role) == (None if same else role)
        assert vectors_name("f00d", folder, role) == ("f00d" if same else f"f00d-{role}")
    assert role_heard(folder, None) is None


def test_a_module_that_sends_texts_different_ways_hears_roles(tmp_path: Path) -> None:
    kind = "sentence_transformers.base.modules.router.Router"
    (tmp_path / "modules.json").write_text(json.dumps([{"type": kind}]), encoding="utf-8")
    assert role_heard(tmp_path, "query") == "query"


@pytest.mark.parametrize("content", ["", "[]", "{broken", '{"prompts": 3}', "null"])
def test_a_folder_that_says_nothing_hears_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "config_sentence_transformers.json").write_text(content, encoding="utf-8")
    (tmp_path / "modules.json").write_text(content, encoding="utf-8")
    assert role_heard(tmp_path, "query") is None
    assert role_heard(tmp_path / "gone", "document") is None
