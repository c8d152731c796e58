"""The job that encodes a corpus: whole files or none, and nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.encoder import client, portions
from core.jobs.context import STOP_FILE, Stopped
from core.jobs.status import JobState, JobStatus
from core.retrieval.corpora import Corpus, create_corpus, load_corpus
from core.retrieval.draft import EncoderGaveWrongShape, rows_read
from core.retrieval.encode_job import encode_corpus, encode_params
from core.retrieval.lexical import LexicalIndex
from core.workspace import PROJECT_ROOT, UnknownItem, Workspace
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


def _left(corpus: Corpus) -> list[str]:
    """What lies beside a corpus's vectors, but for the locks."""
    files = (corpus.folder / "vectors").iterdir()
    return sorted(path.name for path in files if path.suffix != ".lock")


@pytest.mark.parametrize("how", ["stopped", "failed"])
def test_what_was_read_before_the_end_is_not_read_again(
    workspace: Workspace, corpus: Corpus, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    params = encode_params(corpus.info.id, MODEL, "ab12")
    job = running_job(workspace, "encode_corpus", params)
    stand_in = CharacterEncoder()

    def encode_a_little(*arguments: object) -> np.ndarray:
        if len(stand_in.asked) == 2 and how == "failed":
            raise ConnectionError("encoder gone")
        if len(stand_in.asked) == 1 and how == "stopped":
            (job.folder / STOP_FILE).write_text("{}")
        return stand_in.encode(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(client, "encode", encode_a_little)
    with pytest.raises(Stopped if how == "stopped" else ConnectionError):
        encode_corpus(job)
    assert len(stand_in.texts) == 20
    assert corpus.dense_index("ab12") is None
    assert rows_read(corpus.vectors_path("ab12")) == 20

    monkeypatch.setattr(client, "encode", stand_in.encode)
    job = running_job(workspace, "encode_corpus", params)
    encode_corpus(job)
    assert sorted(stand_in.texts) == sorted(corpus.texts())
    assert _left(corpus) == ["ab12.npy"]
    index = corpus.dense_index("ab12")
    assert index is not None
    expected = CharacterEncoder().encode(workspace, MODEL, corpus.texts())
    np.testing.assert_array_equal(np.asarray(index.vectors), expected)
    job.finish(JobState.SUCCEEDED)
    message = JobStatus.load(job.folder).stage_message
    assert message is not None
    assert message.text() == "Encoding new texts: 10 of 15; 20 were encoded before"


KILLED = """
import sys, time
from pathlib import Path
from core.encoder import client, portions
from core.retrieval import draft
from core.retrieval.encode_job import encode_corpus
from core.workspace import Workspace
from core.jobs.context import JobContext, JobSpec
from tests.retrieval.stand_in import CharacterEncoder

portions.MOST_TEXTS, draft._KEEP_SECONDS = 10, 0.0
stand_in = CharacterEncoder()

def encode(*arguments):
    if len(stand_in.asked) == 2:
        print("two requests", flush=True)
        time.sleep(60)
    return stand_in.encode(*arguments)

client.encode = encode
params = {"corpus": sys.argv[3], "model": "/models/tuned", "fingerprint": "ab12"}
spec = JobSpec("encode_corpus", params)
encode_corpus(JobContext(Workspace(Path(sys.argv[1])), Path(sys.argv[2]), spec, "cpu"))
"""


def test_a_killed_process_loses_nothing_that_it_had_read(
    workspace: Workspace, corpus: Corpus, encoder: CharacterEncoder
) -> None:
    params = encode_params(corpus.info.id, MODEL, "ab12")
    job = running_job(workspace, "encode_corpus", params)
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(workspace.root), str(job.folder), corpus.info.id],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"two requests\n"
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert corpus.dense_index("ab12") is None
    encode_corpus(job)
    # By length: the ten shortest texts and ten more had been read.
    assert len(encoder.texts) == 15
    assert _left(corpus) == ["ab12.npy"]
    index = corpus.dense_index("ab12")
    assert index is not None
    expected = CharacterEncoder().encode(workspace, MODEL, corpus.texts())
    np.testing.assert_array_equal(np.asarray(index.vectors), expected)


def test_a_draft_cut_short_is_begun_anew(
    workspace: Workspace, corpus: Corpus, encoder: CharacterEncoder
) -> None:
    folder = corpus.folder / "vectors"
    folder.mkdir()
    (folder / ".ab12.draft").write_bytes(b"no vectors")
    np.save(folder / ".ab12.read.npy", np.ones(35, dtype=bool))
    (folder / ".ab12.read.npy").rename(folder / ".ab12.read")
    encode_corpus(
        running_job(workspace, "encode_corpus", encode_params(corpus.info.id, MODEL, "ab12"))
    )
    assert len(encoder.texts) == 35
    assert _left(corpus) == ["ab12.npy"]


def test_two_jobs_read_a_corpus_once(
    workspace: Workspace, corpus: Corpus, encoder: CharacterEncoder
) -> None:
    params = encode_params(corpus.info.id, MODEL, "ab12")
    jobs = [running_job(workspace, "encode_corpus", params) for _ in range(2)]
    with ThreadPoolExecutor(2) as together:
        list(together.map(encode_corpus, jobs))
    assert sorted(encoder.texts) == sorted(corpus.texts())
    assert _left(corpus) == ["ab12.npy"]


def test_what_nobody_has_gone_on_with_for_a_week_is_removed(
    workspace: Workspace, corpus: Corpus, encoder: CharacterEncoder
) -> None:
    folder = corpus.folder / "vectors"
    folder.mkdir()
    old, new = folder / ".cd34.draft", folder / ".ef56.draft"
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - 8 * 24 * 3600,) * 2)
    encode_corpus(
        running_job(workspace, "encode_corpus", encode_params(corpus.info.id, MODEL, "ab12"))
    )
    assert _left(corpus) == [new.name, "ab12.npy"]


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
    assert _left(corpus) == []


def test_a_deleted_corpus_is_named(workspace: Workspace, encoder: CharacterEncoder) -> None:
    job = running_job(workspace, "encode_corpus", encode_params("gone", MODEL, "ab12"))
    with pytest.raises(UnknownItem) as caught:
        encode_corpus(job)
    assert "There is no corpus named gone" in str(caught.value)
