"""The job that draws the UMAP map of texts under two models, and where its result is kept."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow.parquet as pq

from core.files import read_json, write_bytes, write_json
from core.inspection.projections import Projection, joint_umap
from core.inspection.vectors import text_vectors
from core.problems import N_, Message
from core.workspace import Workspace, utc_now

if TYPE_CHECKING:
    from core.jobs.context import JobContext

META_FILE = "meta.json"
UMAP_FILE = "umap.npy"
_ENCODED_AT = 0.6
"""The share of the work that encoding is, roughly; the layout is the rest and cannot report."""


@dataclass(frozen=True)
class MapModel:
    """A model whose map is drawn: its folder and its fingerprint."""

    folder: Path
    fingerprint: str


@dataclass(frozen=True)
class ProjectionMeta:
    """What ``meta.json`` says about a finished map; ``created`` is ISO 8601 in UTC."""

    points: int
    base_fingerprint: str
    tuned_fingerprint: str
    neighbours: int
    seed: int
    created: str


@dataclass(frozen=True)
class SavedProjection:
    """A finished map and how it was made."""

    projection: Projection
    meta: ProjectionMeta


def projection_key(
    texts: Sequence[str], base_fingerprint: str, tuned_fingerprint: str, neighbours: int, seed: int
) -> str:
    """What names a map: the same texts, models, neighbours and seed give the same 32 hex digits."""
    parts = json.dumps([list(texts), base_fingerprint, tuned_fingerprint, neighbours, seed])
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def project_params(
    texts: Sequence[str] | Path,
    base: MapModel,
    tuned: MapModel,
    neighbours: int,
    seed: int,
) -> dict[str, Any]:
    """The parameters of a ``project`` job.

    Args:
        texts: the texts themselves, or a Parquet file with a column ``text`` (for long lists).
        base: the model before training.
        tuned: the model after it.
        neighbours: see :func:`~core.inspection.projections.joint_umap`.
        seed: the same.
    """
    listed = _read_texts(texts) if isinstance(texts, Path) else list(texts)
    return {
        "texts": str(texts) if isinstance(texts, Path) else listed,
        "base": {"folder": str(base.folder), "fingerprint": base.fingerprint},
        "tuned": {"folder": str(tuned.folder), "fingerprint": tuned.fingerprint},
        "neighbours": neighbours,
        "seed": seed,
        "key": projection_key(listed, base.fingerprint, tuned.fingerprint, neighbours, seed),
    }


def project(job: JobContext) -> None:
    """Encode the texts with both models, lay them out together, keep the coordinates.

    Parameters are as :func:`project_params` makes them.  Nothing is done when the map is already
    there; texts encoded before (for the PCA, or for another number of neighbours) are not encoded
    again.

    Raises:
        Problem: the encoder cannot load a model.
    """
    params = job.params
    key: str = params["key"]
    if load_projection(job.workspace, key) is not None:
        return
    texts = params["texts"]
    if isinstance(texts, str):
        texts = _read_texts(Path(texts))
    stages = (
        ("base", N_("Encoding with the base model: {done} of {rows} texts"), 0.0),
        ("tuned", N_("Encoding with the tuned model: {done} of {rows} texts"), _ENCODED_AT / 2),
    )
    vectors = []
    for which, words, begin in stages:

        def progress(done: int, rows: int, words: str = words, begin: float = begin) -> None:
            job.check_stop()
            share = begin + _ENCODED_AT / 2 * done / rows
            job.progress(Message(words, {"done": done, "rows": rows}), share)

        model = params[which]
        folder, fingerprint = Path(model["folder"]), model["fingerprint"]
        vectors.append(text_vectors(job.workspace, folder, fingerprint, texts, progress))
    job.check_stop()
    job.progress(Message(N_("Drawing the map")), _ENCODED_AT)
    drawn = joint_umap(vectors[0], vectors[1], params["neighbours"], params["seed"])
    meta = ProjectionMeta(
        points=len(texts),
        base_fingerprint=params["base"]["fingerprint"],
        tuned_fingerprint=params["tuned"]["fingerprint"],
        neighbours=params["neighbours"],
        seed=params["seed"],
        created=utc_now(),
    )
    _save(job.workspace, key, drawn, meta)


def load_projection(workspace: Workspace, key: str) -> SavedProjection | None:
    """The finished map named ``key``; None while there is none."""
    folder = _folder(workspace, key)
    try:
        meta = ProjectionMeta(**read_json(folder / META_FILE))
        both = np.load(folder / UMAP_FILE, allow_pickle=False)
    except (OSError, EOFError, ValueError, TypeError):
        return None
    if both.shape != (2, meta.points, 2):
        return None
    return SavedProjection(Projection(both[0], both[1], None), meta)


def _save(workspace: Workspace, key: str, drawn: Projection, meta: ProjectionMeta) -> None:
    folder = _folder(workspace, key)
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    np.save(buffer, np.stack([drawn.base_xy, drawn.tuned_xy]))
    write_bytes(folder / UMAP_FILE, buffer.getvalue())
    # Last, because its presence says that the map is whole.
    write_json(folder / META_FILE, asdict(meta))


def _folder(workspace: Workspace, key: str) -> Path:
    return workspace.cache / "projections" / key


def _read_texts(path: Path) -> list[str]:
    return cast("list[str]", pq.read_table(path, columns=["text"]).column("text").to_pylist())
