"""The job that encodes a corpus: whole files or none, and nothing twice."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.encoder import client, portions
from core.jobs.context import STOP_FILE, Stopped
from core.jobs.status import JobState, JobStatus
from core.retrieval.corpora import Corpus, create_corpus, load_corpus
from core.retrieval.encode_job import EncoderGaveWrongShape, encode_corpus, encode_params
from core.retrieval.lexical import LexicalIndex
from core.workspace import UnknownItem, Workspace
from tests.retrieval.stand_in import CharacterEncoder, running_job

MODEL = Path("/models/tuned")


@pytest.fixture
def corpus(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    monkeypatch.setattr(portions, "MOST_TEXTS", 10)
    table = pd.DataFrame({"t": [f"第{i}种药 {i}mg" for i in range(35)]})
    return load_corpus(workspace, create_corpus(workspace, "药", table, text_column="t"))


def test_vectors_and_word_index_are_written(
    workspace: Workspace, corpus: Corpus, encoder: CharacterEncoder
) -> None:
    job = running_job(workspace, "encode_corpus", encode_params(corpus.info.id, MODEL, "ab12"))
    encode_corpus(job)
    index = corpus.dense_index("ab12")
    assert index is not None
    expected = CharacterEncoder().encode(workspace, MODEL, corpus.texts())
    np.testing.assert_array_equal(np.asarray(index.vectors), expected)
    assert [len(texts) for _, texts in encoder.asked] == [10, 10, 10, 5]
    assert {model for model, _ in encoder.asked} == {MODEL}
    found, _ = LexicalIndex.load(corpus.lexical_folder).search("7mg", 1)
    assert found.tolist() == [7]
    job.finish(JobState.SUCCEEDED)
    status = JobStatus.load(job.folder)
    assert status.stage_message is not None
    assert status.stage_message.text() == "Encoding the corpus: 30 of 35 texts"
    # By characters: 10 texts of 8, 25 of 10.
    assert status.done == pytest.approx((80 + 200) / 330)


def test_nothing_is_computed_twice(
    workspace: Workspace, corpus: Corpus, encoder: CharacterEncoder
) -> None:
    params = encode_params(corpus.info.id, MODEL, "ab12")
    encode_corpus(running_job(workspace, "encode_corpus", params))
    before = os.stat(corpus.lexical_folder).st_mtime_ns
    encoder.asked.clear()
    encode_corpus(running_job(workspace, "encode_corpus", params))
    assert encoder.asked == []
    assert os.stat(corpus.lexical_folder).st_mtime_ns == before
    encode_corpus(
        running_job(workspace, "encode_corpus", encode_params(corpus.info.id, MODEL, "cd34"))
    )
    assert len(encoder.texts) == 35


def test_words_alone(workspace: Workspace, corpus: Corpus, encoder: CharacterEncoder) -> None:
    params = encode_params(corpus.info.id, None, None)
    encode_corpus(running_job(workspace, "encode_corpus", params))
    assert corpus.lexical_folder.is_dir()
    assert encoder.asked == []


def test_a_stop_between_chunks_leaves_nothing_half_done(
    workspace: Workspace, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = running_job(workspace, "encode_corpus", encode_params(corpus.info.id, MODEL, "ab12"))
    stand_in = CharacterEncoder()

    def encode_then_stop(*arguments: object) -> np.ndarray:
        if len(stand_in.asked) == 1:
            (job.folder / STOP_FILE).write_text("{}")
        return stand_in.encode(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(client, "encode", encode_then_stop)
    with pytest.raises(Stopped):
        encode_corpus(job)
    assert len(stand_in.asked) == 2
    assert list((corpus.folder / "vectors").iterdir()) == []
    assert corpus.dense_index("ab12") is None


def test_what_a_killed_job_left_is_removed_but_not_what_is_being_written(
    workspace: Workspace, corpus: Corpus, encoder: CharacterEncoder
) -> None:
    folder = corpus.folder / "vectors"
    folder.mkdir()
    old, new = folder / ".ab12-00000000.npy", folder / ".ab12-11111111.npy"
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - 90_000,) * 2)
    encode_corpus(
        running_job(workspace, "encode_corpus", encode_params(corpus.info.id, MODEL, "ab12"))
    )
    assert {path.name for path in folder.iterdir()} == {"ab12.npy", new.name}


def test_a_model_that_changes_meanwhile_is_refused(
    workspace: Workspace, corpus: Corpus, encoder: CharacterEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def encode(*arguments: object) -> np.ndarray:
        vectors = encoder.encode(*arguments)  # type: ignore[arg-type]
        encoder.width = 32
        return vectors

    monkeypatch.setattr(client, "encode", encode)
    with pytest.raises(EncoderGaveWrongShape) as caught:
        encode_corpus(
            running_job(workspace, "encode_corpus", encode_params(corpus.info.id, MODEL, "ab12"))
        )
    assert str(caught.value).startswith(
        "The model gave 10 vectors of width 32 where 10 of width 64 were expected."
    )
    assert list((corpus.folder / "vectors").iterdir()) == []


def test_a_deleted_corpus_is_named(workspace: Workspace, encoder: CharacterEncoder) -> None:
    job = running_job(workspace, "encode_corpus", encode_params("gone", MODEL, "ab12"))
    with pytest.raises(UnknownItem) as caught:
        encode_corpus(job)
    assert "There is no corpus named gone" in str(caught.value)
