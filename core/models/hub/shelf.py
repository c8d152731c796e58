"""The models from hubs in the workspace: what is there whole, what is begun, and its removal.

A model is fetched into a hidden folder, ``models/<source>/<owner>--<name>/.<commit>/``, with what
the hub said about it in ``plan.json``; when every file is there and checked, the folder is renamed.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from core.files import read_json, write_json
from core.models.folder import NotAModelFolder, OwnCode, check_settings, read_folder
from core.models.hub.listing import Snapshot
from core.models.hub.names import TITLES, Source, is_commit
from core.models.hub.problems import NotAModelRepo, RepoHasOwnCode
from core.models.hub.transfer import PART, part_bytes
from core.problems import N_, Problem
from core.workspace import Workspace, utc_now

PLAN_FILE = "plan.json"
RECORD_FILE = "hub.json"
"""In the folder of a whole model: where it comes from, and its files with their checksums."""


_LOOK_SECONDS = 0.5


class DownloadActive(Problem):
    what = N_("{repo} is being fetched.")
    do = N_("Pause the download first.")


@dataclass(frozen=True)
class Download:
    """A model from a hub that is here, whole.

    Attributes:
        source: the hub.
        repo: owner and name.
        commit: which version, 40 hexadecimal digits.
        asked: the branch or tag that it was asked for by.
        bytes: its size.
        fetched: when (ISO 8601, UTC).
        folder: where it lies.
    """

    source: Source
    repo: str
    commit: str
    asked: str
    bytes: int
    fetched: str
    folder: Path


@dataclass(frozen=True)
class Unfinished:
    """A model that is begun: what it will be, and how many bytes of it are here."""

    snapshot: Snapshot
    here_bytes: int


def list_downloads(workspace: Workspace) -> list[Download]:
    """The whole models, by hub and name; of several versions the one fetched last comes first."""
    found = [one for folder in _folders(workspace) if (one := _read_record(folder)) is not None]
    found.sort(key=lambda one: one.fetched, reverse=True)
    return sorted(found, key=lambda one: (one.source, one.repo.lower()))


def list_unfinished(workspace: Workspace) -> list[Unfinished]:
    """The models that are begun, by name."""
    found = []
    for folder in _folders(workspace, hidden=True):
        snapshot = read_plan(folder)
        if snapshot is not None:
            found.append(Unfinished(snapshot, here_bytes(folder, snapshot)))
    return sorted(found, key=lambda one: one.snapshot.repo.lower())


def whole_folder(workspace: Workspace, snapshot: Snapshot) -> Path:
    """Where the snapshot lies once it is whole."""
    return workspace.hub_model(snapshot.source, snapshot.repo, snapshot.commit)


def hidden_folder(workspace: Workspace, snapshot: Snapshot) -> Path:
    """Where its files are gathered until then."""
    whole = whole_folder(workspace, snapshot)
    return whole.with_name(f".{whole.name}")


def begin(workspace: Workspace, snapshot: Snapshot) -> Path:
    """Make the hidden folder and write the plan into it; returns the folder."""
    folder = hidden_folder(workspace, snapshot)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / PLAN_FILE, snapshot.to_json())
    return folder


def read_plan(folder: Path) -> Snapshot | None:
    """What is to be gathered in a hidden folder; None when that cannot be read."""
    try:
        return Snapshot.from_json(read_json(folder / PLAN_FILE))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def here_bytes(folder: Path, snapshot: Snapshot) -> int:
    """How many bytes of the snapshot are in a hidden folder."""
    return sum(part_bytes(folder, file) for file in snapshot.files)


def refuse_settings(folder: Path, snapshot: Snapshot) -> None:
    """Refuse a model whose settings, which are in ``folder``, show that it cannot be used.

    Raises:
        RepoHasOwnCode: it would run programs of its own.
        Problem: it is of an unknown kind, or damaged.
    """
    try:
        check_settings(folder)
    except OwnCode as error:
        raise RepoHasOwnCode(repo=snapshot.repo, where=error.params["where"]) from error


def finish(workspace: Workspace, snapshot: Snapshot) -> Path:
    """Make a base of the hidden folder, in which every file is whole; returns the base's folder.

    Raises:
        NotAModelRepo: it cannot be used after all.
        Problem: likewise (see :mod:`core.models.folder`).
    """
    hidden, whole = hidden_folder(workspace, snapshot), whole_folder(workspace, snapshot)
    try:
        read_folder(hidden)
    except NotAModelFolder as error:
        raise NotAModelRepo(repo=snapshot.repo, missing=error.params["missing"]) from error
    write_json(hidden / RECORD_FILE, {**snapshot.to_json(), "fetched": utc_now()})
    for left in [hidden / PLAN_FILE, *hidden.rglob(f"*{PART}")]:
        left.unlink(missing_ok=True)
    hidden.rename(whole)
    return whole


@contextlib.contextmanager
def alone(
    workspace: Workspace, snapshot: Snapshot, check_stop: Callable[[], None]
) -> Iterator[None]:
    """While this is open, no other process fetches the snapshot or takes it away.

    Waits until nobody else does; ``check_stop`` is called meanwhile and may raise.
    """
    lock = _lock(whole_folder(workspace, snapshot))
    while True:
        try:
            lock.acquire(timeout=_LOOK_SECONDS)
            break
        except Timeout:
            check_stop()
    try:
        yield
    finally:
        lock.release()


def delete_download(workspace: Workspace, source: Source, repo: str, commit: str) -> None:
    """Take a model away, whole or begun; runs that started from it keep what they learned.

    Raises:
        DownloadActive: it is being fetched.
    """
    whole = workspace.hub_model(source, repo, commit)
    try:
        with _lock(whole).acquire(timeout=0):
            for folder in (whole, whole.with_name(f".{commit}")):
                grave = folder.with_name(f".deleted-{commit}")
                with contextlib.suppress(FileNotFoundError):
                    folder.rename(grave)
                    shutil.rmtree(grave, ignore_errors=True)
    except Timeout as error:
        raise DownloadActive(repo=repo) from error


def _lock(whole: Path) -> FileLock:
    whole.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(whole.with_name(f".{whole.name}.lock"))


def _folders(workspace: Workspace, *, hidden: bool = False) -> Iterator[Path]:
    for source in TITLES:
        parent = workspace.models / source
        for folder in parent.glob("*/.*" if hidden else "*/*"):
            if is_commit(folder.name.removeprefix(".")) and hidden == folder.name.startswith("."):
                yield folder


def _read_record(folder: Path) -> Download | None:
    try:
        record = read_json(folder / RECORD_FILE)
        fetched = str(record.pop("fetched"))
        snapshot = Snapshot.from_json(record)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Download(
        snapshot.source,
        snapshot.repo,
        snapshot.commit,
        snapshot.asked,
        snapshot.bytes,
        fetched,
        folder,
    )
