"""The map job: real UMAP, neighbours and groups, kept part by part, doing nothing twice."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from core.inspection import project_job
from core.inspection.layouts import umap_layout
from core.inspection.project_job import (
    MapModel,
    MapSettings,
    load_map,
    map_folder,
    map_key,
    project,
    project_params,
)
from core.jobs.context import STOP_FILE, Stopped
from core.jobs.status import JobState, JobStatus
from core.workspace import Workspace
from tests.retrieval.stand_in import CharacterEncoder, running_job

BASE = MapModel(Path("/models/base"), "b0")
TUNED = MapModel(Path("/models/tuned"), "t0")
TEXTS = [f"{'跑鞋雨伞茶杯'[i % 6]}{i}号" for i in range(40)]
SETTINGS = MapSettings(neighbours=6, seed=3, groups=4)


def asked_for(
    workspace: Workspace,
    texts: list[str] = TEXTS,
    settings: MapSettings = SETTINGS,
    layout: bool = True,
) -> dict[str, Any]:
    key = map_key(texts, BASE, TUNED)
    return project_params(workspace, key, texts, BASE, TUNED, settings, layout)


def test_the_key_depends_on_texts_and_models() -> None:
    key = map_key(["a", "b"], BASE, TUNED)
    assert key == map_key(("a", "b"), BASE, TUNED)
    # Models without prompts read a text the same whatever it is.
    assert key == map_key(["a", "b"], BASE, TUNED, ["query", "document"])
    others = [
        map_key(["ab"], BASE, TUNED),
        map_key(["b", "a"], BASE, TUNED),
        map_key(["a"], TUNED, BASE),
    ]
    assert len({key, *others}) == 4
    assert len(key) == 32


def test_neighbours_and_groups_without_the_layout(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    params = asked_for(workspace, layout=False)
    project(running_job(workspace, "project", params))
    saved = load_map(workspace, params["key"], SETTINGS)
    assert saved.layout is None
    assert saved.whole(layout=False) and not saved.whole(layout=True)
    assert saved.near is not None and saved.clusters is not None
    for near, model in zip(saved.near, (BASE, TUNED), strict=True):
        vectors = CharacterEncoder().encode(workspace, model.folder, TEXTS)
        model_of = NearestNeighbors(n_neighbors=11).fit(vectors)
        wanted, _ = model_of.kneighbors(vectors)
        found = np.linalg.norm(vectors[near] - vectors[:, None], axis=2)
        np.testing.assert_allclose(found, wanted[:, 1:], atol=1e-5)
    overlap = saved.overlap()
    assert overlap is not None and overlap.shape == (40,)
    assert set(saved.clusters.labels.tolist()) == {0, 1, 2, 3}
    assert len(saved.clusters.names) == 4
    asked = len(encoder.texts)
    project(running_job(workspace, "project", params))
    assert len(encoder.texts) == asked == 80


@pytest.mark.slow
def test_other_settings_make_again_only_what_depends_on_them(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    params = asked_for(workspace)
    job = running_job(workspace, "project", params)
    project(job)
    job.finish(JobState.SUCCEEDED)
    status = JobStatus.load(job.folder)
    assert status.stage_message is not None
    assert status.stage_message.text() == "Drawing the map"
    saved = load_map(workspace, params["key"], SETTINGS)
    assert saved.layout is not None
    reference = CharacterEncoder()
    vectors = [reference.encode(workspace, one.folder, TEXTS) for one in (BASE, TUNED)]
    expected = umap_layout(vectors[0], vectors[1], neighbours=6, seed=3)
    np.testing.assert_array_equal(saved.layout.base_xy, expected.base_xy)
    np.testing.assert_array_equal(saved.layout.tuned_xy, expected.tuned_xy)

    encoder.asked.clear()
    folder = map_folder(workspace, params["key"])
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    other = MapSettings(neighbours=9, min_dist=0.5, seed=3, groups=4)
    project(running_job(workspace, "project", asked_for(workspace, settings=other)))
    assert encoder.asked == []
    after = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert set(after) - set(before) == {"umap-9-0.5-3.npy"}
    assert before.items() <= after.items()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_handful_of_texts(workspace: Workspace, encoder: CharacterEncoder, count: int) -> None:
    params = asked_for(workspace, TEXTS[:count])
    project(running_job(workspace, "project", params))
    saved = load_map(workspace, params["key"], SETTINGS)
    assert saved.whole(layout=True)
    assert saved.near is not None and saved.near.shape == (2, count, count - 1)
    overlap = saved.overlap()
    assert overlap is not None and overlap.tolist() == [1.0] * count


def test_a_damaged_part_is_not_there_and_is_made_again(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    params = asked_for(workspace, TEXTS[:3])
    project(running_job(workspace, "project", params))
    folder = map_folder(workspace, params["key"])
    (folder / "umap-6-0.1-3.npy").write_bytes(b"")
    (folder / "neighbours.npy").write_bytes(b"\x93NUMPY")
    (folder / "groups-kmeans-4-3.json").write_text("[")
    saved = load_map(workspace, params["key"], SETTINGS)
    assert (saved.near, saved.clusters, saved.layout) == (None, None, None)
    project(running_job(workspace, "project", params))
    assert load_map(workspace, params["key"], SETTINGS).whole(layout=True)


def test_a_layout_hears_a_stop_and_says_how_long_it_takes(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project_job, "_PACE_AFTER_SECONDS", 0.0)
    job = running_job(workspace, "project", asked_for(workspace))
    watch = project_job._watch(job)
    time.sleep(0.05)
    watch(0.0001)
    status = JobStatus.load(job.folder)
    assert status.stage_message is not None
    assert re.fullmatch(r"Drawing the map, \d+.0 more or less to go", status.stage_message.text())
    assert status.done == pytest.approx(0.7, abs=1e-3)
    (job.folder / STOP_FILE).write_text("{}")
    with pytest.raises(Stopped):
        watch(0.5)


def test_a_stop_is_heard_before_encoding(workspace: Workspace, encoder: CharacterEncoder) -> None:
    job = running_job(workspace, "project", asked_for(workspace))
    (job.folder / STOP_FILE).write_text("{}")
    with pytest.raises(Stopped):
        project(job)
    assert encoder.asked == []
