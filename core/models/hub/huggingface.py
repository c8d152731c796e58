"""Asks a Hugging Face hub, or a mirror of it, through the library huggingface_hub.

The address and the answer are those of the library's ``HfApi.model_info`` (2.4), which would tell
the hub more of this computer than it has to know.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import httpx2

from core.models.hub.listing import Answer, HubFile, refused
from core.models.hub.names import COMMIT_PATTERN
from core.models.hub.problems import (
    AnswerNotUnderstood,
    DownloadsSwitchedOff,
    HubTrouble,
    HubUnreachable,
    NoSuchRepo,
    NoSuchRevision,
    TokenRefused,
)
from core.models.hub.settings import Hub
from core.models.hub.transfer import first_line, headers_for
from core.problems import Problem

_TIMEOUT_SECONDS = 20.0


def ask(hub: Hub, repo: str, revision: str) -> Answer:
    """The commit and the files of a revision; see :func:`core.models.hub.listing.look_up`."""
    data = _get(hub, repo, revision)
    try:
        commit, gated = str(data["sha"]), bool(data.get("gated"))
        files = tuple(map(_file, data["siblings"]))
    except (KeyError, TypeError, ValueError) as error:
        raise AnswerNotUnderstood(address=hub.address, reason=first_line(error)) from error
    if not re.fullmatch(COMMIT_PATTERN, commit):
        raise AnswerNotUnderstood(address=hub.address, reason="sha")
    if gated and hub.token is None:
        raise refused(hub, repo)
    return Answer(commit, files)


def _file(told: dict[str, Any]) -> HubFile:
    large = told.get("lfs")
    if large:
        return HubFile(told["rfilename"], int(told["size"]), sha256=large["sha256"])
    return HubFile(told["rfilename"], int(told["size"]), git_sha1=told.get("blobId"))


def _get(hub: Hub, repo: str, revision: str) -> dict[str, Any]:
    from huggingface_hub import get_session
    from huggingface_hub.errors import OfflineModeIsEnabled

    address = f"{hub.address}/api/models/{repo}/revision/{quote(revision, safe='')}"
    try:
        response = get_session().get(
            address, params={"blobs": "true"}, headers=headers_for(hub), timeout=_TIMEOUT_SECONDS
        )
    except OfflineModeIsEnabled as error:
        raise DownloadsSwitchedOff from error
    except httpx2.HTTPError as error:
        raise unreachable(hub, error) from error
    if response.status_code != httpx2.codes.OK:
        raise _refusal(hub, repo, revision, response)
    try:
        data: dict[str, Any] = response.json()
    except ValueError as error:
        # A page that wants a login, for example, instead of the hub's JSON.
        raise AnswerNotUnderstood(address=hub.address, reason=first_line(error)) from error
    return data


def _refusal(hub: Hub, repo: str, revision: str, response: httpx2.Response) -> Problem:
    """What an answer without a model means (as ``hf_raise_for_status`` of huggingface_hub)."""
    code, told = response.status_code, response.headers.get("X-Error-Code")
    if told == "GatedRepo":
        return refused(hub, repo)
    if told == "RevisionNotFound":
        return NoSuchRevision(repo=repo, revision=revision)
    if code == 401 and told is None and hub.token is not None:
        return TokenRefused(address=hub.address)
    # Without a token the hub does not say whether there is no such model or it is a private one.
    if told == "RepoNotFound" or code in (401, 403, 404):
        return NoSuchRepo(address=hub.address, repo=repo)
    if code >= 500 or code == 429:
        return HubTrouble(address=hub.address, reason=f"HTTP {code}")
    return AnswerNotUnderstood(address=hub.address, reason=f"HTTP {code}")


def unreachable(hub: Hub, error: httpx2.HTTPError) -> HubUnreachable:
    """The refusal when no connection came about."""
    return HubUnreachable(address=hub.address, reason=first_line(error))
