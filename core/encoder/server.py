"""The encoder process: ``python -m core.encoder.server --workspace FOLDER``.

Connections are answered by threads; a single thread uses the models: it encodes, taking a few texts
of every waiting request in turn, so that a short question does not wait behind a long corpus, and
between two turns it says what models see of texts.
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from core.encoder.place import IDLE_EXIT, LOCK_FILE, announce, socket_path
from core.encoder.portions import cost, pace
from core.encoder.protocol import receive, send
from core.jobs.queue import placed_jobs
from core.models.encoding import encode
from core.models.folder import NoSuchFolder, read_folder
from core.models.roles import Role
from core.models.seen import seen_texts
from core.problems import N_, Problem
from core.training.speed import measure_when_quiet
from core.workspace import Workspace

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MODELS_KEPT = 3
TEXTS_A_TURN = 256
CHARACTERS_A_TURN = 6_000
"""A turn of long texts holds fewer, so that a question waits about a second on two cores.

Both are for a transformer; :func:`core.encoder.portions.pace` says how many times more others take.
"""
_FORGET_SECONDS = 10 * 60.0
_IDLE_SECONDS = 30 * 60.0
_LOOK_SECONDS = 1.0
_MEASURE_SECONDS = 15.0
_log = logging.getLogger("pairloom.encoder")


class ModelUnusable(Problem):
    what = N_("The model in {folder} cannot be loaded: {reason}.")
    do = N_("Check that its files are whole, or choose another model.")


class EncoderOutOfMemory(Problem):
    what = N_("There is not enough memory to encode these texts with the model in {folder}.")
    do = N_("Close other programs, or use a smaller model.")


class Work:
    """One request: its texts and what they are read as, how far it is, and its end.

    Texts are taken by length, so that those that are encoded together need little padding.
    """

    def __init__(self, model: Path, texts: list[str], role: Role | None = None) -> None:
        self.model = model
        self.role = role
        self.turns = 0
        self.problem: Problem | None = None
        self.ended = threading.Event()
        self._texts = texts
        self._order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        self._done = 0
        self._rows: NDArray[np.float32] | None = None

    @property
    def left(self) -> int:
        """How many texts still wait."""
        return len(self._texts) - self._done

    def take(self, texts: int, characters: int) -> list[str]:
        """The next texts to encode: at most so many, and at most so many characters in all.

        The first text is taken whatever its length when there is any room for it.
        """
        taken: list[str] = []
        for index in self._order[self._done : self._done + texts]:
            characters -= cost(self._texts[index])
            if taken and characters < 0:
                break
            taken.append(self._texts[index])
        return taken

    def put(self, vectors: NDArray[np.float32]) -> None:
        """Add what the texts that were taken became."""
        if self._rows is None:
            self._rows = np.empty((len(self._texts), vectors.shape[1]), dtype=np.float32)
        self._rows[self._order[self._done : self._done + len(vectors)]] = vectors
        self._done += len(vectors)
        if self.left == 0:
            self.ended.set()

    def fail(self, problem: Problem) -> None:
        """End with a problem."""
        self.problem = problem
        self.ended.set()

    def result(self) -> NDArray[np.float32]:
        """Wait for the end; the vectors in the order of the texts.

        Raises:
            Problem: the model cannot be used.
        """
        self.ended.wait()
        if self.problem is not None:
            raise self.problem
        assert self._rows is not None
        return self._rows


class Models:
    """The loaded models, the latest used last; a folder that was written anew is loaded anew."""

    def __init__(self) -> None:
        self._loaded: OrderedDict[Path, tuple[int, SentenceTransformer]] = OrderedDict()

    def get(self, folder: Path) -> SentenceTransformer:
        """The model in ``folder``.

        Raises:
            Problem: there is no usable model.
        """
        # A deleted model must be a sentence at once, not an answer from memory.
        if not folder.is_dir():
            self._loaded.pop(folder, None)
            raise NoSuchFolder(path=str(folder))
        written = max((file.stat().st_mtime_ns for file in folder.iterdir()), default=0)
        known = self._loaded.get(folder)
        if known is None or known[0] != written:
            read_folder(folder)
            self._loaded[folder] = (written, _load(folder))
        self._loaded.move_to_end(folder)
        while len(self._loaded) > MODELS_KEPT:
            self._loaded.popitem(last=False)
        return self._loaded[folder][1]

    def forget(self) -> None:
        """Give the memory back."""
        self._loaded.clear()


class Encoder:
    """The waiting requests and the thread that works on them."""

    def __init__(self) -> None:
        self._models = Models()
        self._waiting: list[Work] = []
        self._changed = threading.Condition()
        self._looks: list[tuple[Path, list[str], Future[list[dict[str, Any]]]]] = []
        self._last_used = time.monotonic()

    def encode(
        self, model: Path, texts: list[str], role: Role | None = None
    ) -> NDArray[np.float32]:
        """Unit vectors; called by the threads of the connections.

        Raises:
            Problem: the model cannot be used.
        """
        work = Work(model, texts, role)
        with self._changed:
            self._waiting.append(work)
            self._changed.notify()
        return work.result()

    def tokens(self, model: Path, texts: list[str]) -> list[dict[str, Any]]:
        """What the model sees of each text; called by the threads of the connections.

        Raises:
            Problem: the model cannot be used.
        """
        seen: Future[list[dict[str, Any]]] = Future()
        with self._changed:
            self._looks.append((model, texts, seen))
            self._changed.notify()
        return seen.result()

    def idle_seconds(self) -> float:
        """How long nobody has asked for anything."""
        with self._changed:
            busy = self._waiting or self._looks
            return 0.0 if busy else time.monotonic() - self._last_used

    def serve(self, still_wanted: Callable[[], bool]) -> None:
        """Work on what waits until nothing has come for a long while.

        ``still_wanted`` is asked about once a second while nothing waits; what it does then is in
        nobody's way, and its False ends the service.
        """
        while True:
            with self._changed:
                if not self._waiting and not self._looks:
                    self._changed.wait(_LOOK_SECONDS)
                turn = self._next_turn()
                looks, self._looks = self._looks, []
            for look in looks:
                self._look(*look)
            if turn:
                self._do_turn(turn)
                self._last_used = time.monotonic()
            elif self.idle_seconds() > _IDLE_SECONDS or not still_wanted():
                return
            elif self.idle_seconds() > _FORGET_SECONDS:
                self._models.forget()

    def _look(self, model: Path, texts: list[str], seen: Future[list[dict[str, Any]]]) -> None:
        """Read texts without encoding them: quick, so it comes before the next turn."""
        try:
            seen.set_result([one.to_json() for one in seen_texts(self._models.get(model), texts)])
        except Exception as error:
            _log.exception("looking at tokens with %s failed", model)
            seen.set_exception(_problem(error, model))
        self._last_used = time.monotonic()

    def _next_turn(self) -> list[Work]:
        """Requests that share the next turn: those that had the fewest turns so far.

        All of one model and one role.

        A question that has just come is thus answered before a corpus goes on, and without it.
        """
        self._waiting = [work for work in self._waiting if not work.ended.is_set()]
        order = sorted(self._waiting, key=lambda work: (work.turns, work.left))
        if not order:
            return []
        share = (order[0].model, order[0].role, order[0].turns)
        return [work for work in order if (work.model, work.role, work.turns) == share]

    def _do_turn(self, works: Iterable[Work]) -> None:
        works = list(works)
        model = works[0].model
        shares: list[tuple[Work, list[str]]] = []
        times = pace(model)
        texts_left, characters_left = times * TEXTS_A_TURN, times * CHARACTERS_A_TURN
        for work in works:
            if texts_left <= 0 or characters_left <= 0:
                break
            texts = work.take(texts_left, characters_left)
            shares.append((work, texts))
            work.turns += 1
            texts_left -= len(texts)
            characters_left -= sum(map(cost, texts))
        try:
            together = [text for _, texts in shares for text in texts]
            vectors = encode(self._models.get(model), together, works[0].role)
        except Exception as error:
            # Whatever a model or a text does here, the other requests go on.
            _log.exception("encoding with %s failed", model)
            for work, _ in shares:
                work.fail(_problem(error, model))
            return
        start = 0
        for work, texts in shares:
            work.put(vectors[start : start + len(texts)])
            start += len(texts)


def _load(folder: Path) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(str(folder), local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, RuntimeError, TypeError) as error:
        _log.exception("cannot load %s", folder)
        raise ModelUnusable(folder=str(folder), reason=_first_line(error)) from error


def _problem(error: Exception, model: Path) -> Problem:
    """An error in words."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return EncoderOutOfMemory(folder=str(model))
    return ModelUnusable(folder=str(model), reason=_first_line(error))


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def _answer(connection: socket.socket, encoder: Encoder, ready: threading.Event) -> None:
    """Answer one connection until it is closed."""
    with connection:
        try:
            while True:
                request, _ = receive(connection)
                ready.wait()
                header, body = _respond(request, encoder)
                send(connection, header, body)
        except OSError:
            # The client has gone; there is nobody to tell.
            return


def _respond(request: dict[str, Any], encoder: Encoder) -> tuple[dict[str, Any], bytes]:
    model, texts = Path(request["model"]), request["texts"]
    try:
        if request["ask"] == "tokens":
            return {"texts": encoder.tokens(model, texts)}, b""
        vectors = encoder.encode(model, texts, request["role"])
    except Problem as problem:
        return {"error": problem.to_json()}, b""
    return {"shape": vectors.shape}, vectors.tobytes()


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(64)
    return listener


def serve(workspace: Workspace) -> None:
    """Listen, import what takes long, then encode until idle for long."""
    encoder, ready = Encoder(), threading.Event()
    path = socket_path(workspace)
    listener = _listen(path)
    announce(workspace)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=_answer, args=(connection, encoder, ready), daemon=True).start()

    threading.Thread(target=accept, daemon=True, name="accept").start()
    # A client that comes while this is imported waits for its answer.
    began = time.monotonic()
    import sentence_transformers

    import_seconds = time.monotonic() - began
    _log.info("sentence-transformers %s is ready", sentence_transformers.__version__)
    ready.set()
    next_measuring = time.monotonic() + _MEASURE_SECONDS

    def still_wanted() -> bool:
        nonlocal next_measuring
        if not workspace.cache.is_dir():
            _log.info("the workspace is gone; ending")
            return False
        if time.monotonic() > next_measuring:
            # A job that runs would be slowed down, and would make the machine look slow.
            if not placed_jobs(workspace):
                measure_when_quiet(workspace, import_seconds)
            next_measuring = time.monotonic() + _MEASURE_SECONDS
        return True

    encoder.serve(still_wanted)
    path.unlink(missing_ok=True)


def main() -> int:
    """Serve a workspace unless another encoder does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # Pages can wait a little; training and the web server should not.
    os.nice(5)
    os.environ["HF_HUB_OFFLINE"] = "1"
    workspace = Workspace.open(arguments.workspace)
    try:
        with FileLock(workspace.cache / LOCK_FILE, timeout=0):
            serve(workspace)
    except Timeout:
        _log.info("another encoder serves this workspace")
    return IDLE_EXIT


if __name__ == "__main__":
    sys.exit(main())
