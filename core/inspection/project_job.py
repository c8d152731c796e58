"""The job behind a map: vectors, neighbours, groups and the UMAP of texts under two models."""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.files import read_json, write_bytes, write_json
from core.inspection.clusters import Clusters, Method, find_clusters
from core.inspection.layouts import Check, umap_layout
from core.inspection.neighbours import exact_neighbours, overlap
from core.inspection.projections import Projection
from core.inspection.vectors import Roles, text_vectors
from core.models.roles import Role, role_heard
from core.problems import N_, Message
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.jobs.context import JobContext

NEIGHBOURS = 10
"""How many nearest texts of either model are compared to see what moved."""
_TEXTS_FILE = "texts.parquet"
_NEIGHBOURS_FILE = "neighbours.npy"
_ENCODED_AT, _COMPARED_AT, _GROUPED_AT = 0.5, 0.65, 0.7
"""Which share of the work is done by then, roughly."""
_DRAWING = N_("Drawing the map")
_DRAWING_LONG = N_("Drawing the map, {seconds} more or less to go")
_PACE_AFTER_SECONDS, _WORTH_SAYING_SECONDS = 10.0, 20.0
"""After how long the pace is known, and from when on the rest is worth a word."""


@dataclass(frozen=True)
class MapModel:
    """A model whose map is drawn: its folder and its fingerprint."""

    folder: Path
    fingerprint: str


@dataclass(frozen=True)
class MapSettings:
    """How a map is made.

    Attributes:
        neighbours: how many neighbours shape a text's place (see
            :func:`~core.inspection.layouts.umap_layout`).
        min_dist: how near to one another points may lie.
        seed: makes layout and groups repeatable.
        method: how groups are found: "kmeans" or "hdbscan".
        groups: how many k-means makes.
    """

    neighbours: int = 15
    min_dist: float = 0.1
    seed: int = 42
    method: str = "kmeans"
    groups: int = 8


@dataclass(frozen=True)
class SavedMap:
    """What there is of a map so far; the job adds one part after the other.

    Attributes:
        near: the neighbours of each text without itself, under the base ([0]) and the tuned model
            ([1]), nearest first, shape [2, n, k]; None while they are not known.
        clusters: the groups that the tuned model sees.
        layout: the UMAP.
    """

    near: NDArray[np.int32] | None
    clusters: Clusters | None
    layout: Projection | None

    def whole(self, layout: bool) -> bool:
        """Whether there is nothing left to do, with the layout or without it."""
        analysed = self.near is not None and self.clusters is not None
        return analysed and (self.layout is not None or not layout)

    def overlap(self) -> NDArray[np.float32] | None:
        """How many neighbours each text kept, from 0 to 1; None while they are not known."""
        return None if self.near is None else overlap(self.near[0], self.near[1])


def map_key(texts: Sequence[str], base: MapModel, tuned: MapModel, roles: Roles = ()) -> str:
    """What names a map's folder: the same texts read the same way give the same 32 hex digits.

    Roles count only where one of the models reads texts in them differently.
    """
    parts: list[Any] = [list(texts), base.fingerprint, tuned.fingerprint]
    folders = (base.folder, tuned.folder)
    if any(role_heard(folder, role) for folder in folders for role in set(roles)):
        parts.append(list(roles))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def project_params(
    workspace: Workspace,
    key: str,
    texts: Sequence[str],
    base: MapModel,
    tuned: MapModel,
    settings: MapSettings,
    layout: bool = True,
    roles: Roles = (),
) -> dict[str, Any]:
    """The parameters of a ``project`` job; the texts go into a file of the map's folder.

    Args:
        workspace: where the map is kept.
        key: from :func:`map_key`.
        texts: distinct texts.
        base: the model before training.
        tuned: the model after it.
        settings: how the map is made.
        layout: whether the UMAP is wanted, or only what a PCA has use for.
        roles: what the texts are read as, as for :func:`map_key`.

    Raises:
        OSError: the disk is full or not writable.
    """
    folder = _folder(workspace, key)
    if not (folder / _TEXTS_FILE).exists():
        folder.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        columns = {"text": pa.array(texts, pa.string())}
        if roles:
            columns["role"] = pa.array(roles, pa.string())
        pq.write_table(pa.table(columns), buffer)
        write_bytes(folder / _TEXTS_FILE, buffer.getvalue())
    return {
        "key": key,
        "base": {"folder": str(base.folder), "fingerprint": base.fingerprint},
        "tuned": {"folder": str(tuned.folder), "fingerprint": tuned.fingerprint},
        "layout": layout,
        "settings": asdict(settings),
    }


def project(job: JobContext) -> None:
    """Encode the texts with both models, find neighbours and groups, lay the map out.

    Parameters are as :func:`project_params` makes them.  Each part is kept as soon as it is there
    and nothing is done twice: with other settings only what depends on them is made again.

    Raises:
        Problem: the encoder cannot load a model.
        Stopped: the job was asked to stop.
    """
    params = job.params
    key, settings = params["key"], MapSettings(**params["settings"])
    saved = load_map(job.workspace, key, settings)
    if saved.whole(params["layout"]):
        return
    folder = _folder(job.workspace, key)
    texts, roles = _read_texts(folder / _TEXTS_FILE)
    vectors = _encode(job, texts, roles, params["base"], params["tuned"])
    if saved.near is None:
        _save_array(folder / _NEIGHBOURS_FILE, _neighbours(job, *vectors))
    if saved.clusters is None:
        job.check_stop()
        job.progress(Message(N_("Finding groups of like texts")), _COMPARED_AT)
        method = cast("Method", settings.method)
        found = find_clusters(vectors[1], texts, method, settings.groups, settings.seed)
        write_json(_clusters_path(folder, settings), _clusters_json(found))
    if saved.layout is None and params["layout"]:
        drawn = umap_layout(
            *vectors, settings.neighbours, settings.min_dist, settings.seed, check=_watch(job)
        )
        _save_array(_layout_path(folder, settings), np.stack([drawn.base_xy, drawn.tuned_xy]))


def load_map(workspace: Workspace, key: str, settings: MapSettings) -> SavedMap:
    """What there is of the map ``key``; parts that are missing or damaged are None."""
    folder = _folder(workspace, key)
    near = _load_array(folder / _NEIGHBOURS_FILE)
    both = _load_array(_layout_path(folder, settings))
    layout = None if both is None else Projection(both[0], both[1], None)
    try:
        clusters = _clusters_from(read_json(_clusters_path(folder, settings)))
    except (OSError, ValueError, TypeError, KeyError):
        clusters = None
    return SavedMap(near, clusters, layout)


def map_folder(workspace: Workspace, key: str) -> Path:
    """Where a map's files are; the folder is made when it is not there."""
    folder = _folder(workspace, key)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _encode(
    job: JobContext, texts: list[str], roles: Roles, base: dict[str, str], tuned: dict[str, str]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    stages = (
        (base, N_("Encoding with the base model: {done} of {rows} texts"), 0.0),
        (tuned, N_("Encoding with the tuned model: {done} of {rows} texts"), _ENCODED_AT / 2),
    )
    vectors = []
    for model, words, begin in stages:

        def progress(done: int, rows: int, words: str = words, begin: float = begin) -> None:
            job.check_stop()
            share = begin + _ENCODED_AT / 2 * done / rows
            job.progress(Message(words, {"done": done, "rows": rows}), share)

        folder, fingerprint = Path(model["folder"]), model["fingerprint"]
        vectors.append(text_vectors(job.workspace, folder, fingerprint, texts, progress, roles))
    return vectors[0], vectors[1]


def _neighbours(
    job: JobContext, base: NDArray[np.float32], tuned: NDArray[np.float32]
) -> NDArray[np.int32]:
    """Both models' neighbours of every text without itself, shape [2, n, at most NEIGHBOURS]."""
    words = N_("Comparing the neighbours of every text")
    k = min(NEIGHBOURS + 1, len(base))
    found = []
    for place, vectors in enumerate((base, tuned)):

        def compared(done: int, place: int = place) -> None:
            job.check_stop()
            share = (place + done / len(base)) / 2
            job.progress(Message(words), _ENCODED_AT + (_COMPARED_AT - _ENCODED_AT) * share)

        found.append(exact_neighbours(vectors, k, compared)[0][:, 1:])
    return np.stack(found)


def _watch(job: JobContext) -> Check:
    """What a layout tells how far it is: it hears a stop, and says how long the rest may take."""
    began = time.monotonic()

    def drawn(share: float) -> None:
        job.check_stop()
        gone = time.monotonic() - began
        left = gone / share - gone if share > 0 and gone > _PACE_AFTER_SECONDS else 0.0
        if left < _WORTH_SAYING_SECONDS:
            stage = Message(_DRAWING)
        else:
            stage = Message(_DRAWING_LONG, {"seconds": round(left, -1)})
        job.progress(stage, _GROUPED_AT + (1 - _GROUPED_AT) * share)

    drawn(0.0)
    return drawn


def _clusters_json(clusters: Clusters) -> dict[str, Any]:
    return {"names": list(clusters.names), "labels": clusters.labels.tolist()}


def _clusters_from(data: dict[str, Any]) -> Clusters:
    return Clusters(np.array(data["labels"], dtype=np.int32), tuple(data["names"]))


def _load_array(path: Path) -> NDArray[Any] | None:
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, EOFError, ValueError):
        return None


def _save_array(path: Path, values: NDArray[Any]) -> None:
    buffer = io.BytesIO()
    np.save(buffer, values)
    write_bytes(path, buffer.getvalue())


def _layout_path(folder: Path, settings: MapSettings) -> Path:
    name = f"umap-{settings.neighbours}-{settings.min_dist:g}-{settings.seed}.npy"
    return folder / name


def _clusters_path(folder: Path, settings: MapSettings) -> Path:
    return folder / f"groups-{settings.method}-{settings.groups}-{settings.seed}.json"


def _folder(workspace: Workspace, key: str) -> Path:
    return workspace.cache / "projections" / key


def _read_texts(path: Path) -> tuple[list[str], Roles]:
    """The texts of a map and what they are read as."""
    table = pq.read_table(path)
    texts = cast("list[str]", table.column("text").to_pylist())
    if "role" not in table.column_names:
        return texts, ()
    return texts, cast("list[Role | None]", table.column("role").to_pylist())
