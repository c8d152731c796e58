"""Asks ModelScope through its plain HTTP interface.

Written from ModelScope's own tools (``modelscope/hub/api.py``, ``modelscope/hub/file_download.py``
in github.com/modelscope/modelscope) and from others that use the same interface: the list of files
is at ``/api/v1/models/<repo>/repo/files``, each with its size and SHA-256; a revision that does not
exist comes back as a success without files.  Tested against a stand-in only.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import httpx2

from core.models.hub.huggingface import unreachable
from core.models.hub.listing import Answer, HubFile, refused
from core.models.hub.names import COMMIT_PATTERN, is_commit
from core.models.hub.problems import (
    AnswerNotUnderstood,
    DownloadsSwitchedOff,
    HubTrouble,
    NoSuchRepo,
    NoSuchRevision,
    TokenRefused,
)
from core.models.hub.settings import Hub
from core.models.hub.transfer import headers_for

_TIMEOUT_SECONDS = 20.0


def ask(hub: Hub, repo: str, revision: str) -> Answer:
    """The commit and the files of a revision; see :func:`core.models.hub.listing.look_up`."""
    data = _get(hub, repo, revision)
    if data.get("Files") is None:
        raise NoSuchRevision(repo=repo, revision=revision)
    try:
        entries = [one for one in data["Files"] if one.get("Type") != "tree"]
        files = tuple(
            HubFile(one["Path"], int(one["Size"]), sha256=one.get("Sha256") or None)
            for one in entries
        )
        commit = _commit(data, entries, revision)
        if commit is not None:
            return Answer(commit, files)
        return Answer(_identity(files), files, at=revision)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AnswerNotUnderstood(address=hub.address, reason=str(error)) from error


def _get(hub: Hub, repo: str, revision: str) -> dict[str, Any]:
    from huggingface_hub import get_session
    from huggingface_hub.errors import OfflineModeIsEnabled

    address = f"{hub.address}/api/v1/models/{repo}/repo/files"
    try:
        response = get_session().get(
            address,
            params={"Revision": revision, "Recursive": "true"},
            headers=headers_for(hub),
            timeout=_TIMEOUT_SECONDS,
        )
    except OfflineModeIsEnabled as error:
        raise DownloadsSwitchedOff from error
    except httpx2.HTTPError as error:
        raise unreachable(hub, error) from error
    code = response.status_code
    if code == 404:
        raise NoSuchRepo(address=hub.address, repo=repo)
    if code == 401 and hub.token is not None:
        raise TokenRefused(address=hub.address)
    if code in (401, 403):
        raise refused(hub, repo)
    if code >= 500 or code == 429:
        raise HubTrouble(address=hub.address, reason=f"HTTP {code}")
    try:
        body = response.json()
        data, success = body["Data"], body["Success"]
    except (ValueError, KeyError, TypeError) as error:
        raise AnswerNotUnderstood(address=hub.address, reason=f"HTTP {code}") from error
    if not success or not isinstance(data, dict):
        raise HubTrouble(address=hub.address, reason=str(body.get("Message", ""))[:200])
    return data


def _commit(data: dict[str, Any], entries: list[dict[str, Any]], revision: str) -> str | None:
    """The newest commit of the revision, or None where the list does not tell.

    The list names it whole, or by its first digits; then a file that it changed has all of them.
    There is none when it changed no file that is left.
    """
    if is_commit(revision):
        return revision
    latest = data.get("LatestCommitter") or {}
    if re.fullmatch(COMMIT_PATTERN, str(latest.get("Id", ""))):
        return str(latest["Id"])
    short = str(latest.get("ShortId", ""))
    for one in entries:
        whole = str(one.get("Revision", ""))
        if short and whole.startswith(short) and re.fullmatch(COMMIT_PATTERN, whole):
            return whole
    return None


def _identity(files: tuple[HubFile, ...]) -> str:
    """What pins a revision whose commit is not told: a hash over all paths and contents."""
    if any(file.sha256 is None for file in files):
        raise ValueError("Sha256")
    text = "\n".join(sorted(f"{file.path} {file.sha256}" for file in files))
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
