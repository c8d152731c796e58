"""The real encoder process: right vectors, fair turns, one a workspace, back after its death."""

from __future__ import annotations

import shutil
import signal
import stat
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest

from core.encoder import place
from core.encoder.client import EncoderProblem, encode, tokens
from core.encoder.keeper import start_server
from core.encoder.numbers import NoNumbers
from core.encoder.place import LOG_FILE, SocketFolderNotPrivate, served_by, socket_path
from core.models.bundled import bundled_path
from core.workspace import Workspace
from tests.models.made import TEXTS, save_static

MIXED = ["shoe", "一双红色的跑鞋", "a red running shoe " * 80, *TEXTS, "", "0.25g"]


def test_vectors_are_those_of_sentence_transformers(served: Workspace) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(bundled_path()), device="cpu")
    expected = model.encode(MIXED, normalize_embeddings=True)
    vectors = encode(served, bundled_path(), MIXED)
    assert vectors.dtype == np.float32
    assert np.abs(vectors - expected).max() <= 1e-6
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_a_model_without_numbers_is_refused(served: Workspace, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    folder = save_static(tmp_path / "model")
    model = SentenceTransformer(str(folder), device="cpu")
    model[0].embedding.weight.data[:] = float("nan")
    model.save_pretrained(str(folder))
    with pytest.raises(NoNumbers) as caught:
        encode(served, folder, TEXTS)
    assert TEXTS[0] in str(caught.value)


def test_many_texts_come_back_in_their_order(served: Workspace, small_model: Path) -> None:
    texts = [f"{number} {TEXTS[number % len(TEXTS)]}" for number in range(300)]
    at_once = encode(served, small_model, texts)
    assert np.abs(at_once[250:] - encode(served, small_model, texts[250:])).max() <= 1e-6


def test_a_question_does_not_wait_for_a_corpus(served: Workspace) -> None:
    corpus = ["a red running shoe for the rain " * 8] * 128
    shapes: list[tuple[int, ...]] = []
    begun = threading.Event()

    def encode_corpus() -> None:
        begun.set()
        shapes.append(encode(served, bundled_path(), corpus).shape)

    thread = threading.Thread(target=encode_corpus)
    thread.start()
    begun.wait()
    encode(served, bundled_path(), ["a question"])
    assert shapes == [], "the corpus was finished first"
    thread.join()
    assert shapes == [(128, 384)]


def test_it_says_what_a_model_sees_while_it_encodes_a_corpus(
    served: Workspace, small_model: Path
) -> None:
    ended: list[str] = []

    def encode_corpus() -> None:
        encode(served, bundled_path(), ["a blue running shoe for the snow " * 8] * 96)
        ended.append("corpus")

    thread = threading.Thread(target=encode_corpus)
    thread.start()
    (chinese,) = tokens(served, bundled_path(), ["阿莫西林 0.25g"])
    ended.append("tokens")
    thread.join()
    assert ended == ["tokens", "corpus"]
    assert "".join(one.text for one in chinese.pieces or () if not one.known) == "莫"
    (static,) = tokens(served, small_model, [TEXTS[0]])
    assert "".join(piece.text for piece in static.pieces or ()) == TEXTS[0]


def test_a_second_encoder_leaves_at_once(served: Workspace) -> None:
    first = served_by(served)
    second = start_server(served)
    assert second.wait(timeout=30) == place.IDLE_EXIT
    assert "another encoder serves this workspace" in (served.cache / LOG_FILE).read_text()
    assert served_by(served) == first
    assert encode(served, bundled_path(), ["still here"]).shape == (1, 384)


def test_a_model_written_anew_is_loaded_anew_and_a_deleted_one_is_a_sentence(
    served: Workspace, tmp_path: Path
) -> None:
    folder = save_static(tmp_path / "mine", seed=1)
    before = encode(served, folder, TEXTS)
    shutil.rmtree(folder)
    save_static(folder, seed=2)
    assert np.abs(encode(served, folder, TEXTS) - before).max() > 0.1
    shutil.rmtree(folder)
    with pytest.raises(EncoderProblem, match=r"There is no folder .*/mine on"):
        tokens(served, folder, TEXTS)
    with pytest.raises(EncoderProblem, match=r"There is no folder .*/mine on") as gone:
        encode(served, folder, TEXTS)
    assert gone.value.kind == "NoSuchFolder"
    assert "choose another one" in gone.value.advice().text()


def test_what_a_model_cannot_read_harms_no_other_request(
    served: Workspace, small_model: Path
) -> None:
    server = served_by(served)
    with pytest.raises(EncoderProblem):
        encode(served, small_model, ["half of a character: \ud83d"])
    assert encode(served, small_model, TEXTS).shape == (len(TEXTS), 32)
    assert served_by(served) == server


def test_only_the_owner_may_speak_to_it(served: Workspace) -> None:
    socket = socket_path(served)
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["open to others", "a link"])
def test_a_folder_that_is_not_private_is_refused(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    private = socket_path(workspace).parent
    if kind == "a link":
        private.rename(tmp_path / "elsewhere")
        private.symlink_to(tmp_path / "elsewhere")
    else:
        private.chmod(0o755)
    with pytest.raises(SocketFolderNotPrivate, match="does not belong to this user alone"):
        socket_path(workspace)


# The last one: the tests above have their encoder without a supervisor.
@pytest.mark.slow
def test_after_a_kill_the_supervisor_brings_a_new_one(served: Workspace) -> None:
    before = encode(served, bundled_path(), TEXTS)
    killed = served_by(served)
    assert killed is not None
    killed.signal_group(signal.SIGKILL)
    after = encode(served, bundled_path(), TEXTS)
    assert np.abs(after - before).max() <= 1e-6
    new = served_by(served)
    assert new is not None and new != killed
