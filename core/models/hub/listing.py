"""What a hub says about a model: its commit and its files, before anything is fetched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

from core.models.hub.names import (
    DEFAULT_REVISIONS,
    Source,
    check_names,
    is_pickled,
    is_wanted,
    is_weights,
)
from core.models.hub.problems import AccessRefused, NotAModelRepo, OnlyPickledWeights
from core.models.hub.settings import Hub

_SINGLE, _INDEX = "model.safetensors", "model.safetensors.index.json"


@dataclass(frozen=True)
class HubFile:
    """A file of a repository.

    Attributes:
        path: relative to the repository, with slashes.
        bytes: its size.
        sha256: of its content (hexadecimal); None where the hub does not tell.
        git_sha1: its name in git (:func:`core.models.hub.transfer.git_sha1`); None likewise.
    """

    path: str
    bytes: int
    sha256: str | None = None
    git_sha1: str | None = None


@dataclass(frozen=True)
class Snapshot:
    """One commit of a hub's model, as far as Pairloom needs it.

    Attributes:
        source: the hub.
        repo: owner and name.
        asked: the branch, tag or commit that somebody asked for.
        commit: what that is pinned to, 40 hexadecimal digits.
        at: what the hub knows that commit by; ``asked`` where it does not tell its commits.
        files: those that a model needs (:func:`core.models.hub.names.is_wanted`), weights last.
    """

    source: Source
    repo: str
    asked: str
    commit: str
    at: str
    files: tuple[HubFile, ...]

    @property
    def bytes(self) -> int:
        """The size of all files together."""
        return sum(file.bytes for file in self.files)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Snapshot:
        """Read back what :meth:`to_json` wrote; raises TypeError or KeyError for anything else."""
        return cls(**{**data, "files": tuple(HubFile(**file) for file in data["files"])})


def look_up(hub: Hub, repo: str, revision: str | None) -> Snapshot:
    """Ask the hub what ``revision`` of ``repo`` is (None for the usual branch).

    Raises:
        NotAName: repo or revision cannot be names.
        HubUnreachable, DownloadsSwitchedOff, HubTrouble, AnswerNotUnderstood: no answer came.
        NoSuchRepo, NoSuchRevision, AccessRefused, TokenRefused: the hub refuses it.
        OnlyPickledWeights, NotAModelRepo: it is nothing to start from.
    """
    from core.models.hub import huggingface, modelscope

    check_names(repo, revision)
    asked = revision or DEFAULT_REVISIONS[hub.source]
    ask = huggingface.ask if hub.source == "huggingface" else modelscope.ask
    answer = ask(hub, repo, asked)
    files = _choose(repo, answer.files)
    return Snapshot(hub.source, repo, asked, answer.commit, answer.at or answer.commit, files)


@dataclass(frozen=True)
class Answer:
    """A hub's answer: the commit, all files, and what to ask for instead of the commit, if so."""

    commit: str
    files: tuple[HubFile, ...]
    at: str | None = None


def page_of(hub: Hub, repo: str) -> str:
    """The address at which a person reads about the model."""
    middle = "/" if hub.source == "huggingface" else "/models/"
    return f"{hub.address}{middle}{repo}"


def file_address(hub: Hub, snapshot: Snapshot, path: str) -> str:
    """The address of a file of the pinned commit.

    ``resolve`` as huggingface_hub 2.4 has it in ``constants.HUGGINGFACE_CO_URL_TEMPLATE``; the
    other as modelscope has it in ``modelscope/hub/file_download.py`` (``get_file_download_url``).
    """
    if hub.source == "huggingface":
        return f"{hub.address}/{snapshot.repo}/resolve/{snapshot.at}/{quote(path)}"
    where = f"Revision={quote(snapshot.at, safe='')}&FilePath={quote(path, safe='')}"
    return f"{hub.address}/api/v1/models/{snapshot.repo}/repo?{where}"


def _choose(repo: str, files: Iterable[HubFile]) -> tuple[HubFile, ...]:
    """The files that a model needs; refuses a repository that has no usable ones."""
    every = list(files)
    wanted = {file.path: file for file in every if is_wanted(file.path)}
    for single in [path for path in wanted if path.rpartition("/")[2] == _SINGLE]:
        # Beside whole weights the same in parts would be fetched for nothing.
        folder = single.removesuffix(_SINGLE)
        for path in [path for path in wanted if path.startswith(folder) and is_weights(path)]:
            if path != single and "/" not in path.removeprefix(folder):
                del wanted[path]
    names = {path.rpartition("/")[2] for path in wanted}
    if not names & {_SINGLE, _INDEX}:
        for file in every:
            if is_pickled(file.path):
                raise OnlyPickledWeights(repo=repo, file=file.path)
        raise NotAModelRepo(repo=repo, missing=_SINGLE)
    missing = sorted({"tokenizer.json"} - names)
    if not names & {"config.json", "modules.json"}:
        missing.append("config.json")
    if missing:
        raise NotAModelRepo(repo=repo, missing=", ".join(missing))
    ordered = sorted(wanted.values(), key=lambda one: (is_weights(one.path), one.path))
    return tuple(ordered)


def refused(hub: Hub, repo: str) -> AccessRefused:
    """The refusal of a model that is behind an agreement."""
    return AccessRefused(repo=repo, page=page_of(hub, repo))
