"""Short-lived tokens for downloads: whoever has one may fetch one file for some minutes."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import time
from pathlib import Path

from core.workspace import Workspace

LIFETIME_SECONDS = 600
_TIME = re.compile(r"[0-9]{1,12}")
_SECRET_FILE = ".download-secret"


def make_token(
    workspace: Workspace, relative: str, lifetime_seconds: int = LIFETIME_SECONDS
) -> str:
    """A token for the file at ``relative`` (a path within the workspace), good from now on.

    It is the time of its end and an HMAC-SHA256 over both under the workspace's own secret.
    """
    ends = int(time.time()) + lifetime_seconds
    return f"{ends}.{_signature(workspace, relative, ends)}"


def check_token(workspace: Workspace, relative: str, token: str) -> bool:
    """Whether ``token`` was made for this file and is still good."""
    ends, _, signature = token.partition(".")
    if not _TIME.fullmatch(ends) or int(ends) < time.time():
        return False
    expected = _signature(workspace, relative, int(ends))
    return hmac.compare_digest(signature.encode(), expected.encode())


def _signature(workspace: Workspace, relative: str, ends: int) -> str:
    message = f"{ends}\n{relative}".encode("utf-8", "surrogatepass")
    return hmac.new(_secret(workspace.root / _SECRET_FILE), message, hashlib.sha256).hexdigest()


def _secret(path: Path) -> bytes:
    """The workspace's secret, readable by its owner only; made when first needed."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(32))
    try:
        # Of two processes that make one at the same time, the first to link it wins.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_bytes()
