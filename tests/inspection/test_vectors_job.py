"""The job that reads many texts with both models: what it keeps, and what it does not do twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.inspection.project_job import MapModel
from core.inspection.vectors import known_vectors
from core.inspection.vectors_job import read_params, read_texts
from core.jobs.context import STOP_FILE, Stopped
from core.workspace import Workspace
from tests.retrieval.stand_in import CharacterEncoder, running_job

TEXTS = [f"商品 {number}" for number in range(300)]
BASE, TUNED = MapModel(Path("base"), "b1"), MapModel(Path("tuned"), "t1")


def test_afterwards_all_vectors_are_known_and_nothing_is_asked_again(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    params = read_params(TEXTS, BASE, TUNED)
    job = running_job(workspace, "read_texts", params)
    read_texts(job)
    for model in (BASE, TUNED):
        found = known_vectors(workspace, model.folder, model.fingerprint, TEXTS)
        assert found is not None
        np.testing.assert_array_equal(found, encoder.encode(workspace, model.folder, TEXTS))
    asked = len(encoder.asked)
    read_texts(running_job(workspace, "read_texts", params))
    assert len(encoder.asked) == asked


def test_a_stop_is_heard(workspace: Workspace, encoder: CharacterEncoder) -> None:
    job = running_job(workspace, "read_texts", read_params(TEXTS, BASE, TUNED))
    (job.folder / STOP_FILE).write_text("{}")
    with pytest.raises(Stopped):
        read_texts(job)
    assert encoder.asked == []
