"""What client and encoder say to each other: a JSON header and raw bytes, each with its length."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

_LENGTHS = struct.Struct("!QQ")
_LARGEST_HEADER = 512 * 2**20


class ConnectionLost(ConnectionError):
    """The other side went away in the middle of a message."""


def send(connection: socket.socket, header: dict[str, Any], body: bytes = b"") -> None:
    """Send one message."""
    text = json.dumps(header, ensure_ascii=False).encode("utf-8", "surrogatepass")
    connection.sendall(_LENGTHS.pack(len(text), len(body)) + text)
    connection.sendall(body)


def receive(connection: socket.socket) -> tuple[dict[str, Any], bytes]:
    """Receive one message.

    Raises:
        ConnectionLost: the other side has gone.
    """
    header_length, body_length = _LENGTHS.unpack(_exactly(connection, _LENGTHS.size))
    if header_length > _LARGEST_HEADER:
        raise ConnectionLost("the message is too long to be one of ours")
    header = json.loads(_exactly(connection, header_length).decode("utf-8", "surrogatepass"))
    return header, _exactly(connection, body_length)


def _exactly(connection: socket.socket, length: int) -> bytes:
    data = bytearray(length)
    view = memoryview(data)
    filled = 0
    while filled < length:
        got = connection.recv_into(view[filled:])
        if got == 0:
            raise ConnectionLost("the connection was closed")
        filled += got
    return bytes(data)
