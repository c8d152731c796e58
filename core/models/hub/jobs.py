"""Jobs that talk to a hub: looking a model up, and fetching it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.files import read_json, write_json
from core.jobs.context import JobContext
from core.models.hub.listing import HubFile, Snapshot, look_up
from core.models.hub.names import Source, is_commit, is_setting
from core.models.hub.problems import NotEnoughSpace
from core.models.hub.settings import Hub, hub_of
from core.models.hub.shelf import (
    alone,
    begin,
    finish,
    here_bytes,
    refuse_settings,
    whole_folder,
)
from core.models.hub.transfer import fetch_file, is_right
from core.problems import N_, Message
from core.workspace import Workspace

Params = dict[str, Any]

_FOLDER = "hub"
_SPARE_BYTES = 50_000_000
"""What a download leaves free on the disk."""


def params_for(source: Source, repo: str, revision: str | None) -> Params:
    """The parameters of both jobs: a hub, a model, and a branch, tag or commit (None: usual)."""
    return {"source": source, "repo": repo.strip(), "revision": (revision or "").strip() or None}


def looked_up(workspace: Workspace, params: Params) -> Snapshot | None:
    """What :func:`look_at_repo` found out; None when nobody has looked."""
    try:
        return Snapshot.from_json(read_json(_answer_file(workspace, params)))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget_look(workspace: Workspace, params: Params) -> None:
    """Have the hub asked again: a branch may have moved on since."""
    _answer_file(workspace, params).unlink(missing_ok=True)


def look_at_repo(job: JobContext) -> None:
    """Find out commit, files and size, and from its settings whether the model can be used.

    Raises:
        Problem: see :func:`core.models.hub.listing.look_up` and
            :func:`core.models.hub.shelf.refuse_settings`.
    """
    hub = hub_of(job.workspace, job.params["source"])
    snapshot = _look(job, hub)
    folder = job.folder / "settings"
    _fetch(job, hub, snapshot, folder, _settings(snapshot))
    refuse_settings(folder, snapshot)
    file = _answer_file(job.workspace, job.params)
    file.parent.mkdir(exist_ok=True)
    write_json(file, snapshot.to_json())


def fetch_repo(job: JobContext) -> None:
    """Fetch a model; files that an earlier attempt fetched are not fetched again.

    Raises:
        Stopped: the job was asked to stop; what has arrived is kept.
        Problem: see :func:`core.models.hub.listing.look_up`,
            :func:`core.models.hub.transfer.fetch_file` and :func:`core.models.hub.shelf.finish`.
    """
    source, repo, revision = job.params["source"], job.params["repo"], job.params["revision"]
    # A commit never changes: nobody has to be asked about one that is here.
    if is_commit(revision) and job.workspace.hub_model(source, repo, revision).exists():
        return
    hub = hub_of(job.workspace, job.params["source"])
    snapshot = _look(job, hub)
    with alone(job.workspace, snapshot, job.check_stop):
        if whole_folder(job.workspace, snapshot).exists():
            return
        folder = begin(job.workspace, snapshot)
        needed = snapshot.bytes - here_bytes(folder, snapshot)
        free = shutil.disk_usage(folder).free
        if needed + _SPARE_BYTES > free:
            raise NotEnoughSpace(repo=repo, needed_bytes=needed, free_bytes=free)
        # What these few small files show to be useless is refused before the large ones come.
        settings = _settings(snapshot)
        _fetch(job, hub, snapshot, folder, settings)
        refuse_settings(folder, snapshot)
        _fetch(job, hub, snapshot, folder, [one for one in snapshot.files if one not in settings])
        job.progress(Message(N_("Checking the model")), 1.0)
        finish(job.workspace, snapshot)


def _look(job: JobContext, hub: Hub) -> Snapshot:
    repo, revision = job.params["repo"], job.params["revision"]
    stage = Message(N_("Asking {address} about {repo}"), {"address": hub.address, "repo": repo})
    job.progress(stage)
    snapshot = look_up(hub, repo, revision)
    job.check_stop()
    return snapshot


def _settings(snapshot: Snapshot) -> list[HubFile]:
    return [file for file in snapshot.files if is_setting(file.path)]


def _fetch(
    job: JobContext, hub: Hub, snapshot: Snapshot, folder: Path, files: Sequence[HubFile]
) -> None:
    done, total = 0, max(1, sum(file.bytes for file in files))
    for file in files:
        stage = Message(N_("Fetching {file}"), {"file": file.path})

        def told(arrived: int, stage: Message = stage, before: int = done) -> None:
            job.progress(stage, min(1.0, (before + arrived) / total))
            job.check_stop()

        told(0)
        if not is_right(folder / file.path, file):
            fetch_file(hub, snapshot, file, folder, told)
        done += file.bytes


def _answer_file(workspace: Workspace, params: Params) -> Path:
    hub = hub_of(workspace, params["source"])
    text = json.dumps([hub.address, params], sort_keys=True)
    return workspace.cache / _FOLDER / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
