"""The map job: real UMAP, kept under its key, encoding nothing twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.inspection.project_job import (
    MapModel,
    load_projection,
    project,
    project_params,
    projection_key,
)
from core.inspection.projections import joint_umap
from core.jobs.context import STOP_FILE, Stopped
from core.jobs.status import JobState, JobStatus
from core.workspace import Workspace
from tests.retrieval.stand_in import CharacterEncoder, running_job

BASE = MapModel(Path("/models/base"), "b0")
TUNED = MapModel(Path("/models/tuned"), "t0")
TEXTS = [f"{'跑鞋雨伞茶杯'[i % 6]}{i}号" for i in range(40)]


def test_the_key_depends_on_everything_that_shapes_the_map() -> None:
    key = projection_key(["a", "b"], "f", "g", 15, 1)
    assert key == projection_key(("a", "b"), "f", "g", 15, 1)
    others = [
        projection_key(["ab"], "f", "g", 15, 1),
        projection_key(["b", "a"], "f", "g", 15, 1),
        projection_key(["a", "b"], "g", "f", 15, 1),
        projection_key(["a", "b"], "f", "g", 16, 1),
        projection_key(["a", "b"], "f", "g", 15, 2),
    ]
    assert len({key, *others}) == 6
    assert len(key) == 32


@pytest.mark.slow
def test_the_map_is_kept_and_other_neighbours_encode_nothing_again(
    workspace: Workspace, encoder: CharacterEncoder, tmp_path: Path
) -> None:
    params = project_params(TEXTS, BASE, TUNED, neighbours=6, seed=3)
    assert load_projection(workspace, params["key"]) is None
    job = running_job(workspace, "project", params)
    project(job)
    job.finish(JobState.SUCCEEDED)
    status = JobStatus.load(job.folder)
    assert status.stage_message is not None
    assert status.stage_message.text() == "Drawing the map"
    saved = load_projection(workspace, params["key"])
    assert saved is not None
    assert (saved.meta.points, saved.meta.neighbours, saved.meta.seed) == (40, 6, 3)
    assert (saved.meta.base_fingerprint, saved.meta.tuned_fingerprint) == ("b0", "t0")
    reference = CharacterEncoder()
    expected = joint_umap(
        reference.encode(workspace, BASE.folder, TEXTS),
        reference.encode(workspace, TUNED.folder, TEXTS),
        neighbours=6,
        seed=3,
    )
    np.testing.assert_array_equal(saved.projection.base_xy, expected.base_xy)
    np.testing.assert_array_equal(saved.projection.tuned_xy, expected.tuned_xy)
    assert len(encoder.texts) == 80

    encoder.asked.clear()
    path = tmp_path / "texts.parquet"
    pq.write_table(pa.table({"text": TEXTS}), path)
    more = project_params(path, BASE, TUNED, neighbours=9, seed=3)
    assert more["texts"] == str(path)
    assert more["key"] == projection_key(TEXTS, "b0", "t0", 9, 3)
    project(running_job(workspace, "project", more))
    assert encoder.asked == []
    other = load_projection(workspace, more["key"])
    assert other is not None
    assert not np.array_equal(other.projection.base_xy, saved.projection.base_xy)


def test_a_finished_map_is_not_drawn_again(workspace: Workspace, encoder: CharacterEncoder) -> None:
    params = project_params(["甲", "乙"], BASE, TUNED, neighbours=15, seed=1)
    project(running_job(workspace, "project", params))
    meta = workspace.cache / "projections" / params["key"] / "meta.json"
    before = meta.stat().st_mtime_ns
    project(running_job(workspace, "project", params))
    assert meta.stat().st_mtime_ns == before


def test_a_map_without_its_last_file_is_not_there(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    params = project_params(["甲", "乙"], BASE, TUNED, neighbours=15, seed=1)
    project(running_job(workspace, "project", params))
    folder = workspace.cache / "projections" / params["key"]
    np.save(folder / "umap.npy", np.zeros((2, 7, 2), dtype=np.float32))
    assert load_projection(workspace, params["key"]) is None
    (folder / "umap.npy").write_bytes(b"")
    assert load_projection(workspace, params["key"]) is None
    project(running_job(workspace, "project", params))
    (folder / "meta.json").unlink()
    assert load_projection(workspace, params["key"]) is None


def test_a_stop_is_heard_before_encoding(workspace: Workspace, encoder: CharacterEncoder) -> None:
    params = project_params(TEXTS, BASE, TUNED, neighbours=6, seed=3)
    job = running_job(workspace, "project", params)
    (job.folder / STOP_FILE).write_text("{}")
    with pytest.raises(Stopped):
        project(job)
    assert encoder.asked == []
    assert load_projection(workspace, params["key"]) is None
