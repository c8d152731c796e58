"""No text is encoded twice by the same model, and what was encoded survives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.encoder import client, portions, vector_store
from core.encoder.numbers import NoNumbers
from core.inspection.vectors import known_vectors, text_vectors
from core.retrieval import known
from core.workspace import Workspace
from tests.retrieval.stand_in import CharacterEncoder

MODEL = Path("/models/base")


def test_vectors_stand_in_the_order_of_the_texts(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    texts = ["乙", "甲", "乙", "丙甲"]
    got = text_vectors(workspace, MODEL, "f0", texts)
    np.testing.assert_array_equal(got, CharacterEncoder().encode(workspace, MODEL, texts))
    assert got.dtype == np.float32
    assert encoder.texts == ["乙", "甲", "丙甲"]


def test_only_new_texts_are_encoded_and_models_are_kept_apart(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    text_vectors(workspace, MODEL, "f0", ["甲", "乙"])
    encoder.asked.clear()
    again = text_vectors(workspace, MODEL, "f0", ["丙", "乙"])
    assert encoder.texts == ["丙"]
    np.testing.assert_array_equal(again, CharacterEncoder().encode(workspace, MODEL, ["丙", "乙"]))
    assert known_vectors(workspace, MODEL, "f0", ["丙", "丁"]) is None
    assert known_vectors(workspace, MODEL, "f1", ["丙"]) is None
    assert known_vectors(workspace, MODEL, "f0", []) is None
    encoder.asked.clear()
    kept = known_vectors(workspace, MODEL, "f0", ["丙", "甲"])
    assert kept is not None
    np.testing.assert_array_equal(kept, CharacterEncoder().encode(workspace, MODEL, ["丙", "甲"]))
    assert encoder.asked == []


def test_what_was_encoded_before_a_stop_is_kept(
    workspace: Workspace, encoder: CharacterEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portions, "MOST_TEXTS", 10)
    texts = [f"文{i}" for i in range(35)]
    seen = []

    def progress(done: int, rows: int) -> None:
        seen.append((done, rows))
        if done == 20:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        text_vectors(workspace, MODEL, "f0", texts, progress)
    assert seen == [(0, 35), (10, 35), (20, 35)]
    encoder.asked.clear()
    text_vectors(workspace, MODEL, "f0", texts)
    assert encoder.texts == texts[20:]


def test_more_texts_than_are_kept_still_come_back(
    workspace: Workspace, encoder: CharacterEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_store, "KEPT_TEXTS", 4)
    for texts in (["甲", "乙", "丙"], ["甲", "丁", "戊"], list("一二三四五六七")):
        got = text_vectors(workspace, MODEL, "f0", texts)
        wanted = CharacterEncoder().encode(workspace, MODEL, texts)
        np.testing.assert_array_equal(got, wanted)


def test_a_damaged_store_is_made_again(workspace: Workspace, encoder: CharacterEncoder) -> None:
    text_vectors(workspace, MODEL, "f0", ["甲"])
    (path,) = (workspace.cache / "vectors").glob("*.vectors")
    for damaged in (path.read_bytes()[:50], b"", b"something else entirely"):
        path.write_bytes(damaged)
        assert known_vectors(workspace, MODEL, "f0", ["甲"]) is None
        encoder.asked.clear()
        assert text_vectors(workspace, MODEL, "f0", ["甲"]).shape == (1, 64)
        assert encoder.texts == ["甲"]


def test_a_failing_encoder_is_heard_and_no_texts_are_refused(
    workspace: Workspace, encoder: CharacterEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def encode(*_: object) -> np.ndarray:
        raise ConnectionError("encoder gone")

    monkeypatch.setattr(client, "encode", encode)
    with pytest.raises(ConnectionError, match="encoder gone"):
        text_vectors(workspace, MODEL, "f0", ["甲"])
    with pytest.raises(ValueError, match="at least one text"):
        text_vectors(workspace, MODEL, "f0", [])


def test_vectors_without_numbers_are_a_sentence_also_when_kept_long_ago(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    texts = ["甲", "乙"]
    broken = np.array([[1.0, 0.0], [np.inf, 0.0]], dtype=np.float32)
    known.store_of(workspace, known.INSPECT, "f0").add(texts, broken)
    with pytest.raises(NoNumbers, match="for example: 乙"):
        text_vectors(workspace, MODEL, "f0", texts)
