"""A base reads the texts that it is scored on once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.training.baseline import FOLDER, baseline_vectors
from core.training.reading import Reader
from core.workspace import Workspace


@pytest.fixture
def reader(tiny_base: Path) -> Reader:
    from core.training.encoding import load_model

    return Reader(load_model(tiny_base, "cpu"))


def test_the_second_time_the_base_is_not_loaded(workspace: Workspace, reader: Reader) -> None:
    loaded: list[int] = []

    def load() -> Reader:
        loaded.append(1)
        return reader

    asked, read = ["跑鞋", "键盘"], ["防水跑鞋", "机械键盘", "耳机"]
    first = baseline_vectors(workspace, "f00d", asked, read, load)
    again = baseline_vectors(workspace, "f00d", asked, read, load)
    assert len(loaded) == 1
    np.testing.assert_array_equal(first.passages, again.passages)
    np.testing.assert_allclose(
        again.questions, reader.model.encode(asked, normalize_embeddings=True), atol=1e-6
    )
    # Another base, other texts, or the same ones in another order are read.
    baseline_vectors(workspace, "beef", asked, read, load)
    baseline_vectors(workspace, "f00d", asked, read[::-1], load)
    assert len(loaded) == 3


def test_a_damaged_file_is_read_again(workspace: Workspace, reader: Reader) -> None:
    first = baseline_vectors(workspace, "f00d", ["鞋"], ["键盘"], lambda: reader)
    (file,) = (workspace.cache / FOLDER).iterdir()
    file.write_bytes(file.read_bytes()[:100])
    again = baseline_vectors(workspace, "f00d", ["鞋"], ["键盘"], lambda: reader)
    np.testing.assert_allclose(again.passages, first.passages, atol=1e-6)


def test_questions_and_passages_are_read_with_their_prompts(reader: Reader) -> None:
    reader.model.prompts = {"query": "问：", "document": "答："}
    for vectors, text in (
        (reader.questions(["跑鞋"]), "问：跑鞋"),
        (reader.passages(["跑鞋"]), "答：跑鞋"),
    ):
        plain = reader.model.encode([text], normalize_embeddings=True, prompt="")
        np.testing.assert_allclose(vectors, plain, atol=1e-5)
