"""Fetches one file from a hub: goes on where it broke off, and checks what came."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import httpx2

from core.files import file_sha256
from core.models.hub.listing import HubFile, Snapshot, file_address, refused
from core.models.hub.problems import (
    ConnectionLost,
    DiskFilled,
    DownloadsSwitchedOff,
    HubTrouble,
    NoSuchRevision,
    TokenRefused,
    WrongContent,
)
from core.models.hub.settings import Hub

PART = ".part"
"""The ending of a file that is not whole yet."""
PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds before each further try after the connection broke; it is given up after the last one,
and begun from the first one again as soon as something arrives."""
_TIMEOUT = httpx2.Timeout(30.0, connect=15.0)
_CHUNK_BYTES = 256 * 1024
_GIVEN_BACK_BYTES = 1024 * 1024
"""On a full disk, so that there is room for the words about it."""
_TOO_BUSY, _BEYOND_THE_END = 429, 416
_ERROR_NUMBER = re.compile(r"^\[Errno -?\d+\] ")
_FROM = re.compile(r"bytes (\d+)-")
_log = logging.getLogger("pairloom.hub")

Told = Callable[[int], None]
"""Hears how many bytes of the file are there now; may raise to end the transfer."""


def headers_for(hub: Hub) -> dict[str, str]:
    """What every request to the hub says about us: no more than it has to know."""
    headers = {"User-Agent": "pairloom"}
    if hub.token is not None:
        # The client takes this away when it is sent on to another address, such as a storage.
        headers["Authorization"] = f"Bearer {hub.token}"
    return headers


def fetch_file(hub: Hub, snapshot: Snapshot, file: HubFile, folder: Path, told: Told) -> None:
    """Fetch ``file`` into ``folder``, from where an earlier attempt broke off.

    It appears under its name whole and checked, or not at all; until then it lies beside that, with
    the ending :data:`PART`.

    Raises:
        ConnectionLost: the connection broke again and again.
        HubTrouble: the hub answers with errors again and again.
        WrongContent: size or checksum are not as the hub said; what came is thrown away.
        AccessRefused, TokenRefused, NoSuchRevision, DownloadsSwitchedOff: the file is refused.
        DiskFilled: there is no more room; nearly all of what came is kept.
        OSError: the disk cannot be written.
    """
    target = folder / file.path
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + PART)
    resumed = _size(part) > 0
    try:
        _receive_all(hub, snapshot, file, part, told)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        _give_back(part)
        raise DiskFilled(file=file.path, repo=snapshot.repo) from error
    if not is_right(part, file) and resumed:
        # The first half may have been damaged when the computer went down: once more from the
        # beginning.
        _log.warning("%s is not as it should be; fetching it anew", file.path)
        part.unlink(missing_ok=True)
        _receive_all(hub, snapshot, file, part, told)
    if not is_right(part, file):
        part.unlink(missing_ok=True)
        raise WrongContent(file=file.path, repo=snapshot.repo)
    os.replace(part, target)


def is_right(path: Path, file: HubFile) -> bool:
    """Whether the file at ``path`` has the size and the content that the hub told."""
    if _size(path) != file.bytes:
        return False
    if file.sha256 is not None:
        return file_sha256(path) == file.sha256
    return file.git_sha1 is None or git_sha1(path) == file.git_sha1


def git_sha1(path: Path) -> str:
    """The name that git gives to the content of a file.

    ``blob``, the size and a zero byte are put before the content ("Git Internals - Git Objects" in
    Chacon and Straub, Pro Git).  Hubs tell it for small files, and as their ETag.
    """
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(_CHUNK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def part_bytes(folder: Path, file: HubFile) -> int:
    """How much of a file is there, in bytes, whole or in part."""
    target = folder / file.path
    return _size(target) or _size(target.with_name(target.name + PART))


def _receive_all(hub: Hub, snapshot: Snapshot, file: HubFile, part: Path, told: Told) -> None:
    tries = 0
    while not part.exists() or _size(part) < file.bytes:
        have = _size(part)
        try:
            _receive(hub, snapshot, file, part, told)
            return
        except (httpx2.TransportError, _ServerBusy) as error:
            _log.warning("%s broke off at %d bytes: %s", file.path, _size(part), error)
            tries = 0 if _size(part) > have else tries + 1
            if tries >= len(PAUSES):
                raise _given_up(hub, file, error) from error
            _wait(PAUSES[tries], lambda: told(_size(part)))


def _receive(hub: Hub, snapshot: Snapshot, file: HubFile, part: Path, told: Told) -> None:
    """One request, from the end of what is there."""
    from huggingface_hub import get_session
    from huggingface_hub.errors import OfflineModeIsEnabled

    have = _size(part)
    headers = headers_for(hub)
    # Compressed on the way, a file would have another size, and no part could be asked for.
    headers["Accept-Encoding"] = "identity"
    if have:
        headers["Range"] = f"bytes={have}-"
    address = file_address(hub, snapshot, file.path)
    try:
        request = get_session().stream("GET", address, headers=headers, timeout=_TIMEOUT)
        with request as response:
            if response.status_code == _BEYOND_THE_END:
                part.unlink()
                return
            _refuse(hub, snapshot, response)
            begin = _FROM.match(response.headers.get("Content-Range", ""))
            goes_on = response.status_code == 206 and begin and int(begin[1]) == have
            with part.open("ab" if goes_on else "wb") as stream:
                arrived = have if goes_on else 0
                for block in response.iter_raw():
                    stream.write(block)
                    arrived += len(block)
                    told(arrived)
                    if arrived > file.bytes:
                        # The check tells; there is no use in filling the disk.
                        return
                stream.flush()
                os.fsync(stream.fileno())
    except OfflineModeIsEnabled as error:
        raise DownloadsSwitchedOff from error


class _ServerBusy(Exception):
    """An answer that may be another one in a moment: too many requests, a fault of the server."""


def _refuse(hub: Hub, snapshot: Snapshot, response: httpx2.Response) -> None:
    code = response.status_code
    if code in (200, 206):
        return
    if code == _TOO_BUSY or code >= 500:
        raise _ServerBusy(f"HTTP {code}")
    if code in (401, 403):
        behind_terms = response.headers.get("X-Error-Code") == "GatedRepo"
        if code == 401 and hub.token is not None and not behind_terms:
            raise TokenRefused(address=hub.address)
        raise refused(hub, snapshot.repo)
    if code == 404:
        raise NoSuchRevision(repo=snapshot.repo, revision=snapshot.at)
    raise HubTrouble(address=hub.address, reason=f"HTTP {code}")


def first_line(error: Exception) -> str:
    """What an exception says, short enough for a sentence."""
    lines = str(error).strip().splitlines()
    told = _ERROR_NUMBER.sub("", lines[0]) if lines else type(error).__name__
    return told[:200].rstrip(". ")


def _given_up(hub: Hub, file: HubFile, error: Exception) -> ConnectionLost | HubTrouble:
    reason = first_line(error)
    if isinstance(error, _ServerBusy):
        return HubTrouble(address=hub.address, reason=reason)
    return ConnectionLost(address=hub.address, file=file.path, reason=reason)


def _give_back(part: Path) -> None:
    if size := _size(part):
        os.truncate(part, max(size - _GIVEN_BACK_BYTES, size // 2))


def _wait(seconds: float, look: Callable[[], None]) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        look()
        time.sleep(min(left, 0.2))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
