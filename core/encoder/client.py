"""Asking the encoder: texts in, vectors or tokens out, without importing torch here."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.encoder.numbers import check_numbers
from core.encoder.place import request_file, served_by, socket_path
from core.encoder.protocol import receive, send
from core.jobs.processes import ProcessIdentity
from core.models.roles import Role
from core.models.seen import SeenText
from core.problems import N_, Message, Problem
from core.workspace import Workspace

START_SECONDS = 90.0
"""How long the encoder may take to come up: importing PyTorch from a cold disk is slow."""
_POLL_SECONDS = 0.05
_ASK_AGAIN_SECONDS = 5.0
_MOST_DEATHS = 2
_MOST_LOSSES = 100


class EncoderUnavailable(Problem):
    what = N_("The process that turns texts into vectors does not start.")
    do = N_("Look into encoder.log in the cache folder of the workspace, then reload the page.")


class EncoderDied(Problem):
    what = N_("The process that turns texts into vectors ended in the middle of the work.")
    do = N_("It is being started again. Try once more; if it ends again, memory may be too small.")


class EncoderProblem(Problem):
    """A problem that the encoder met and put into words."""

    what = N_("{problem}")
    do = N_("{advice}")

    def __init__(self, error: dict[str, Any]) -> None:
        self._what, self._do = Message.from_json(error["what"]), Message.from_json(error["do"])
        self._kind = str(error["kind"])
        super().__init__(problem=self._what.text(), advice=self._do.text())

    @property
    def kind(self) -> str:
        """The name of the problem that the encoder met."""
        return self._kind

    def message(self) -> Message:
        """What is wrong, in the words of the problem that the encoder met."""
        return self._what

    def advice(self) -> Message:
        """What to do about it."""
        return self._do


def encode(
    workspace: Workspace, model: Path, texts: Sequence[str], role: Role | None = None
) -> NDArray[np.float32]:
    """Vectors of length 1, float32 of shape [number of texts, dimension], in the texts' order.

    Starts the encoder when it is not there, and asks once more when it dies meanwhile.

    Args:
        workspace: whose encoder is asked.
        model: the model's folder.
        texts: at least one.
        role: what they are: what asks, or what is found; None when they stand side by side.

    Raises:
        EncoderUnavailable: the encoder does not come up.
        EncoderDied: it ended twice while it worked on this.
        EncoderProblem: the model cannot be loaded.
        NoNumbers: the model gives NaN or infinity for a text.
    """
    answer, body = _ask(workspace, "encode", model, texts, role)
    vectors = np.frombuffer(body, dtype=np.float32).reshape(answer["shape"]).copy()
    check_numbers(texts, vectors)
    return vectors


def tokens(workspace: Workspace, model: Path, texts: Sequence[str]) -> list[SeenText]:
    """What the model sees of each text; arguments and errors as in :func:`encode`."""
    answer, _ = _ask(workspace, "tokens", model, texts)
    return [SeenText.from_json(one) for one in answer["texts"]]


def _ask(
    workspace: Workspace, ask: str, model: Path, texts: Sequence[str], role: Role | None = None
) -> tuple[dict[str, Any], bytes]:
    """The encoder's answer about some texts."""
    if not texts:
        raise ValueError("there must be at least one text")
    request = {"ask": ask, "model": str(model), "texts": list(texts), "role": role}
    died: set[ProcessIdentity] = set()
    for _loss in range(_MOST_LOSSES):
        server = None
        try:
            with _connection(workspace) as connection:
                server = served_by(workspace)
                send(connection, request)
                answer, body = receive(connection)
        except ConnectionError:
            # A process that is being killed takes connections until its last thread has ended:
            # what counts is how many encoders died, not how many connections did.
            if server is not None:
                died.add(server)
            if len(died) >= _MOST_DEATHS:
                break
            time.sleep(_POLL_SECONDS)
            continue
        if "error" in answer:
            raise EncoderProblem(answer["error"])
        return answer, body
    raise EncoderDied


def warm_up(workspace: Workspace) -> None:
    """See to it that an encoder is on its way; returns at once."""
    from core.jobs.supervisor import ensure_supervisor

    if served_by(workspace) is None:
        request_file(workspace).touch()
    ensure_supervisor(workspace)


@contextlib.contextmanager
def _connection(workspace: Workspace) -> Iterator[socket.socket]:
    deadline = time.monotonic() + START_SECONDS
    ask_at = 0.0
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(socket_path(workspace)))
            break
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
        if time.monotonic() >= ask_at:
            # More than once, because the one that was there may have been about to end.
            warm_up(workspace)
            ask_at = time.monotonic() + _ASK_AGAIN_SECONDS
        if time.monotonic() > deadline:
            raise EncoderUnavailable
        time.sleep(_POLL_SECONDS)
    with connection:
        yield connection
