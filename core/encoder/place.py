"""Where the encoder of a workspace is found, and whether it is there."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path

from core.files import read_json, write_json
from core.jobs.processes import ProcessIdentity
from core.problems import N_, Problem
from core.workspace import Workspace

LOG_FILE = "encoder.log"
LOCK_FILE = "encoder.lock"
IDLE_EXIT = 0
"""The exit code of an encoder that ended because nobody needed it."""


class SocketFolderNotPrivate(Problem):
    what = N_(
        "The folder {folder}, through which Pairloom talks to its encoder, does not belong to this "
        "user alone."
    )
    do = N_("Delete that folder, or set TMPDIR to one that only you may enter, and start again.")


def socket_path(workspace: Workspace) -> Path:
    """The Unix socket of the workspace's encoder, in a folder that only its owner may enter.

    It lies in the system's temporary folder because a socket's path must be short (108 bytes on
    Linux) and a workspace's may be long.

    Raises:
        SocketFolderNotPrivate: others can enter that folder, or it is somebody else's.
    """
    folder = Path(tempfile.gettempdir()) / f"pairloom-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    owner = folder.lstat()
    if not stat.S_ISDIR(owner.st_mode) or owner.st_uid != os.getuid() or owner.st_mode & 0o077:
        raise SocketFolderNotPrivate(folder=str(folder))
    return folder / f"{hashlib.sha256(str(workspace.root).encode()).hexdigest()[:24]}.sock"


def request_file(workspace: Workspace) -> Path:
    """The file by which a client asks the supervisor for an encoder."""
    return workspace.cache / "encoder.wanted"


def announce(workspace: Workspace) -> None:
    """Write down that this process serves the workspace."""
    identity = ProcessIdentity.of(os.getpid())
    assert identity is not None
    write_json(
        workspace.cache / "encoder.json", {"pid": identity.pid, "process_start": identity.start}
    )


def served_by(workspace: Workspace) -> ProcessIdentity | None:
    """The living process that serves the workspace; None when there is none."""
    try:
        data = read_json(workspace.cache / "encoder.json")
        identity = ProcessIdentity(data["pid"], data["process_start"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return identity if identity.alive() else None
