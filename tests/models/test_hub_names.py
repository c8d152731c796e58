"""What names a model on a hub, and what is a place on somebody's computer."""

from __future__ import annotations

import pytest

from core.models.hub.names import OF_ONE_PART, hub_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("BAAI/bge-small-zh-v1.5", "BAAI/bge-small-zh-v1.5"),
        ("bert-base-chinese", "bert-base-chinese"),
        ("xlm-roberta-base", "xlm-roberta-base"),
        ("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"),
        (
            "distiluse-base-multilingual-cased-v2",
            "sentence-transformers/distiluse-base-multilingual-cased-v2",
        ),
        ("https://huggingface.co/BAAI/bge-m3", "BAAI/bge-m3"),
        ("/root/.cache/huggingface/hub/models--BAAI--bge-m3/snapshots/4f1", "BAAI/bge-m3"),
        ("huggingface/CodeBERTa-small-v1", "huggingface/CodeBERTa-small-v1"),
        *(
            (path, None)
            for path in (
                "output/checkpoint-500",
                "shoes/checkpoint-500",
                "./models/x",
                "../x",
                "models/my-model",
                "results/shoes",
                "fine_tuned_models/shoes",
                "my-model",
                "output",
                "/home/li.wei/secret-project/shoes-v2",
                "~/shoes-v2",
                "C:\\models\\shoes-v2",
                "C:/models",
                "a/b/c",
                "https://example.com/a/b",
                "",
            )
        ),
    ],
)
def test_a_name_is_told_from_a_path(text: str, name: str | None) -> None:
    assert hub_name(text) == name


def test_names_of_one_part_are_those_that_the_library_leaves_alone() -> None:
    from sentence_transformers.util.misc import ORIGINAL_TRANSFORMER_MODELS

    assert set(ORIGINAL_TRANSFORMER_MODELS) == OF_ONE_PART
