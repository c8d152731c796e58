"""A small hub on 127.0.0.1: Hugging Face's and ModelScope's interfaces, with faults on demand.

What it answers is written from huggingface_hub 2.4 (``HfApi.model_info``, ``hf_raise_for_status``)
and from modelscope's ``hub/api.py``.  Weights are handed to a storage at another address, as the
real hubs do.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
import pytest
from huggingface_hub import constants

from core.jobs import queue
from core.jobs.context import JobContext
from core.jobs.kinds import KINDS
from core.jobs.status import JobState, JobStatus
from core.models.static import train_tokenizer
from core.problems import Problem
from core.workspace import Workspace
from tests.models.made import TEXTS, write_tensors

BLOCK = 4096


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def git_name(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def read_files(folder: Path) -> dict[str, bytes]:
    """The files of a model folder by their path in a repository."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@dataclass
class Repo:
    """A model on the hub.

    Attributes:
        commits: the files of each commit.
        branches: which commit each branch is at.
        gated: only for people who have agreed to terms, with a token that is ``allowed``.
    """

    commits: dict[str, dict[str, bytes]]
    branches: dict[str, str]
    gated: bool = False

    def commit(self, revision: str) -> str | None:
        commit = self.branches.get(revision, revision)
        return commit if commit in self.commits else None


@dataclass
class Asked:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]


@dataclass
class Faults:
    """What goes wrong.

    Attributes:
        cut: after how many bytes each next answer with weights breaks off; None for a whole one.
        status: the status of each next answer with a file.
        every_status: the status of all answers.
        damaged: paths whose content is another one, of the same size.
        no_ranges: every file is sent from its beginning.
        pause: seconds before each 4 kB of weights.
        html: the hub's answers are a page for people.
        no_commit: ModelScope's list does not tell the commit.
    """

    cut: list[int | None] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    every_status: int | None = None
    damaged: set[str] = field(default_factory=set)
    no_ranges: bool = False
    pause: float = 0.0
    html: bool = False
    no_commit: bool = False


class Hub:
    """The hub and its storage.

    Attributes:
        repos: what there is.
        tokens: the access tokens that it knows.
        allowed: those that may have what is gated.
        asked: every request to the hub; ``stored``: every request to the storage.
    """

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.tokens: set[str] = set()
        self.allowed: set[str] = set()
        self.faults = Faults()
        self.asked: list[Asked] = []
        self.stored: list[Asked] = []
        self._servers = [ThreadingHTTPServer(("127.0.0.1", 0), self._handler(at)) for at in (0, 1)]
        for server in self._servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._servers[0].server_port}"

    @property
    def storage(self) -> str:
        return f"http://127.0.0.1:{self._servers[1].server_port}"

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def add(self, name: str, files: dict[str, bytes], *, gated: bool = False) -> str:
        """A new commit of a model on its usual branches; returns the commit."""
        repo = self.repos.setdefault(name, Repo({}, {}, gated))
        told = f"{name}{len(repo.commits)}".encode()
        commit = hashlib.sha1(told).hexdigest()
        repo.commits[commit] = files
        repo.branches |= {"main": commit, "master": commit}
        return commit

    def _handler(self, at: int) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                asked = Asked(self.path, {name.lower(): v for name, v in self.headers.items()})
                (hub.stored if at else hub.asked).append(asked)
                try:
                    _Answer(hub, self, asked).give(storage=bool(at))
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                return

        return Handler


class _Answer:
    def __init__(self, hub: Hub, request: BaseHTTPRequestHandler, asked: Asked) -> None:
        self.hub = hub
        self.request = request
        self.asked = asked
        self.token = asked.headers.get("authorization", "").removeprefix("Bearer ") or None

    def give(self, *, storage: bool) -> None:
        url = urlsplit(self.asked.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        path, faults = unquote(url.path), self.hub.faults
        if faults.every_status is not None:
            return self.refuse(faults.every_status)
        if faults.html:
            return self.send(200, b"<html>Please sign in</html>", {"Content-Type": "text/html"})
        if storage:
            return self.stored(path)
        if path.startswith("/api/v1/models/"):
            return self.modelscope(path.removeprefix("/api/v1/models/"), query)
        if path.startswith("/api/models/"):
            name, _, revision = path.removeprefix("/api/models/").partition("/revision/")
            return self.model_info(name, revision or "main")
        name, _, rest = path.removeprefix("/").partition("/resolve/")
        revision, _, file = rest.partition("/")
        return self.resolve(name, revision, file)

    # Hugging Face ------------------------------------------------------------------------------

    def model_info(self, name: str, revision: str) -> None:
        if self.token is not None and self.token not in self.hub.tokens:
            words = {"X-Error-Message": "Invalid credentials in Authorization header"}
            return self.refuse(401, words)
        repo = self.hub.repos.get(name)
        if repo is None:
            return self.refuse(401, {"X-Error-Code": "RepoNotFound"})
        commit = repo.commit(revision)
        if commit is None:
            return self.refuse(404, {"X-Error-Code": "RevisionNotFound"})
        siblings = []
        for path, data in repo.commits[commit].items():
            one: dict[str, Any] = {"rfilename": path, "size": len(data), "blobId": git_name(data)}
            if _is_large(path):
                one["lfs"] = {"size": len(data), "sha256": sha256(data), "pointerSize": 134}
            siblings.append(one)
        info = {
            "id": name,
            "sha": commit,
            "private": False,
            "gated": "manual" if repo.gated else False,
            "siblings": siblings,
            "tags": [],
        }
        return self.send(200, json.dumps(info).encode(), {"Content-Type": "application/json"})

    def resolve(self, name: str, revision: str, file: str) -> None:
        repo = self.hub.repos.get(name)
        commit = repo.commit(revision) if repo else None
        if repo is None or commit is None or file not in repo.commits[commit]:
            return self.refuse(404, {"X-Error-Code": "EntryNotFound"})
        if repo.gated and self.token not in self.hub.allowed:
            return self.refuse(403 if self.token else 401, {"X-Error-Code": "GatedRepo"})
        return self.file(repo.commits[commit][file], file)

    # ModelScope --------------------------------------------------------------------------------

    def modelscope(self, path: str, query: dict[str, str]) -> None:
        name, _, what = path.partition("/repo")
        repo = self.hub.repos.get(name)
        if repo is None:
            return self.refuse(404)
        if repo.gated and self.token not in self.hub.allowed:
            return self.refuse(403)
        commit = repo.commit(query["Revision"])
        if what == "":
            file = query["FilePath"]
            if commit is None or file not in repo.commits[commit]:
                return self.refuse(404)
            return self.file(repo.commits[commit][file], file)
        files = repo.commits[commit] if commit else None
        data: dict[str, Any] = {"Files": None}
        if files is not None and commit is not None:
            known = not self.hub.faults.no_commit
            data = {
                "Files": [
                    {
                        "Path": path,
                        "Name": path.rpartition("/")[2],
                        "Type": "blob",
                        "Size": len(one),
                        "Sha256": sha256(one),
                        "Revision": commit if known and path == "README.md" else "0" * 40,
                    }
                    for path, one in files.items()
                ],
                "LatestCommitter": {"Id": "", "ShortId": commit[:8]} if known else None,
            }
            data["Files"].append({"Path": "1_Pooling", "Type": "tree", "Size": 0})
        body = {"Code": 200, "Success": True, "Message": "success", "Data": data}
        return self.send(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    # Files -------------------------------------------------------------------------------------

    def file(self, data: bytes, path: str) -> None:
        if self.hub.faults.status:
            return self.refuse(self.hub.faults.status.pop(0))
        if _is_large(path):
            target = f"{self.hub.storage}/{sha256(data)}?file={path}"
            return self.send(302, b"", {"Location": target})
        return self.part(data, path, None)

    def stored(self, path: str) -> None:
        file = parse_qs(urlsplit(self.asked.path).query)["file"][0]
        for repo in self.hub.repos.values():
            for files in repo.commits.values():
                if file in files and sha256(files[file]) == path.removeprefix("/"):
                    cut = self.hub.faults.cut.pop(0) if self.hub.faults.cut else None
                    return self.part(files[file], file, cut)
        return self.refuse(404)

    def part(self, data: bytes, path: str, cut: int | None) -> None:
        faults = self.hub.faults
        if path in faults.damaged:
            data = bytes([data[0] ^ 1]) + data[1:]
        start, status, headers = 0, 200, {"ETag": f'"{git_name(data)}"'}
        asked = self.asked.headers.get("range")
        if asked and not faults.no_ranges:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(data):
                return self.refuse(416)
            status = 206
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        body = data[start:]
        self.begin(status, {**headers, "Content-Length": str(len(body))})
        sent = 0
        for at in range(0, len(body), BLOCK):
            block = body[at : at + BLOCK]
            if cut is not None and sent + len(block) > cut:
                self.request.wfile.write(block[: cut - sent])
                self.request.wfile.flush()
                # The connection ends although more was announced.
                self.request.close_connection = True
                return None
            if faults.pause and _is_large(path):
                time.sleep(faults.pause)
            self.request.wfile.write(block)
            sent += len(block)
        return None

    def refuse(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.send(status, b'{"error": "refused"}', headers or {})

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.begin(status, {**headers, "Content-Length": str(len(body))})
        self.request.wfile.write(body)

    def begin(self, status: int, headers: dict[str, str]) -> None:
        self.request.send_response(status)
        # A connection that stays open would answer even after the hub is gone.
        self.request.send_header("Connection", "close")
        for name, value in headers.items():
            self.request.send_header(name, value)
        self.request.end_headers()


def _is_large(path: str) -> bool:
    return path.endswith((".safetensors", ".bin"))


@contextmanager
def running_hub() -> Iterator[Hub]:
    """A hub of one's own for as long as this is open, and downloads switched on.

    A test that trained in this process has switched them off, for processes started by it too.
    """
    hub = Hub()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("HF_HUB_OFFLINE", raising=False)
        patch.setattr(constants, "HF_HUB_OFFLINE", False)
        try:
            yield hub
        finally:
            hub.close()


def tiny_files(seed: int = 1, dimension: int = 16) -> dict[str, bytes]:
    """The repository of a small static model, made without torch."""
    tokenizer = train_tokenizer(TEXTS, 400, 3)
    rows = np.random.default_rng(seed).normal(size=(tokenizer.get_vocab_size(), dimension))
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "model.safetensors"
        write_tensors(weights, **{"embedding.weight": rows})
        module = {
            "idx": 0,
            "name": "0",
            "path": "",
            "type": "sentence_transformers.sentence_transformer.modules.StaticEmbedding",
        }
        return {
            "README.md": b"# Tiny",
            "modules.json": json.dumps([module]).encode(),
            "tokenizer.json": tokenizer.to_str().encode(),
            "model.safetensors": weights.read_bytes(),
        }


def serve_queue(workspace: Workspace) -> None:
    """Do every job that waits, here and now, and record how it ended; as the supervisor would."""
    for job in queue.waiting_jobs(workspace):
        queue.place(workspace, job.id, "light-0")
        JobStatus.load(job.folder).moved(JobState.RUNNING).save(job.folder)
        context = JobContext(workspace, job.folder, queue.read_spec(job.folder), "cpu")
        try:
            KINDS[job.kind].load()(context)
        except Problem as problem:
            context.finish(JobState.FAILED, problem)
        else:
            context.finish(JobState.SUCCEEDED)
        queue.release(workspace, job.id)
