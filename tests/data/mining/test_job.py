"""Mining as a job: its review on disk, its refusals, its end when it is stopped or killed."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.data.mining.job import NothingMined, mine_negatives
from core.data.mining.params import (
    MiningNeedsPairs,
    MiningNeedsTrainedModel,
    MiningParams,
    MiningSettingWrong,
    MiningWindowTooSmall,
    check_mining,
)
from core.data.mining.review import load_review
from core.data.shapes import Mapping
from core.data.store import load_dataset
from core.jobs import queue
from core.jobs.context import STOP_FILE, Stopped
from core.jobs.engines import LocalEngine
from core.jobs.status import JobState, JobStatus
from core.jobs.supervisor import Supervisor
from core.models.bases import BaseConfig, RunHasNoModel
from core.workspace import UnknownItem, Workspace
from tests.retrieval.stand_in import running_job
from tests.training.conftest import add_table


def params(dataset: str, base: BaseConfig, **settings: Any) -> dict[str, Any]:
    return MiningParams(dataset=dataset, model=base, **settings).model_dump(mode="json")


def test_a_real_worker_mines_and_a_killed_one_leaves_nothing(
    workspace: Workspace, dataset: str, words: BaseConfig
) -> None:
    killed, id = (
        queue.submit(workspace, "mine_negatives", params(dataset, words), name=name)
        for name in ("killed", "mined")
    )
    supervisor = Supervisor(workspace, LocalEngine(workspace))
    supervisor.reconcile()

    def work_until(job: str, *states: JobState) -> JobStatus:
        deadline = time.monotonic() + 120
        while (status := JobStatus.load(workspace.job(job))).state not in states:
            assert time.monotonic() < deadline, f"it is still {status.state}"
            supervisor.step()
            time.sleep(0.02)
        return status

    pid = work_until(killed, JobState.RUNNING).pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    work_until(killed, JobState.INTERRUPTED)
    log = workspace.job(id) / "log.txt"
    status = work_until(id, JobState.SUCCEEDED, JobState.FAILED)
    assert status.state is JobState.SUCCEEDED, log.read_text()
    assert [folder.name for folder in workspace.reviews.iterdir()] == [id]
    review = load_review(workspace, id)
    assert review.info.model == "words"
    assert review.counts().undecided == review.info.candidates > 80
    # What the library prints is in the job's log.
    assert "Computing similarity scores" in log.read_text()


def test_what_a_review_holds(workspace: Workspace, dataset: str, words: BaseConfig) -> None:
    job = running_job(workspace, "mine_negatives", params(dataset, words, how_many=4))
    mine_negatives(job)
    folder = workspace.reviews / job.folder.name
    assert {path.name for path in folder.iterdir()} == {"candidates.parquet", "review.json"}
    table = pq.read_table(folder / "candidates.parquet").to_pandas()
    expected = ["row", "anchor", "positive", "candidate", "score_positive", "score_candidate"]
    assert list(table.columns) == [*expected, "rank", "margin", "likely_false", "doubts"]
    told = json.loads((folder / "review.json").read_text())
    info = load_dataset(workspace, dataset).info
    assert told["dataset"] == dataset
    assert told["content_hash"] == info.content_hash
    assert told["params"]["how_many"] == 4
    assert told["candidates"] == len(table)
    assert told["likely_false"] == table["likely_false"].sum()
    assert told["anchors"] == table["anchor"].str.casefold().nunique() == 33
    assert told["anchors_without"] == 0
    assert not table.duplicated(["anchor", "candidate"]).any()
    pd.testing.assert_series_equal(
        table["margin"], table["score_positive"] - table["score_candidate"], check_names=False
    )
    rows = load_dataset(workspace, dataset).frame().set_index("row")
    shown = rows.loc[table["row"]]
    assert (shown["anchor"].to_numpy() == table["anchor"].to_numpy()).all()
    assert (shown["positive"].to_numpy() == table["positive"].to_numpy()).all()
    # Likely right answers first, the nearest one first of all.
    doubtful = table["likely_false"].to_numpy()
    assert doubtful[: doubtful.sum()].all()
    assert table["margin"][: doubtful.sum()].is_monotonic_increasing
    assert table["margin"][doubtful.sum() :].is_monotonic_increasing
    job.finish(JobState.SUCCEEDED)
    assert JobStatus.load(job.folder).done == 1.0


def test_a_job_that_is_done_again_keeps_the_review(
    workspace: Workspace, dataset: str, words: BaseConfig
) -> None:
    job = running_job(workspace, "mine_negatives", params(dataset, words))
    mine_negatives(job)
    review = load_review(workspace, job.folder.name)
    review.decide(0, "accept")
    mine_negatives(job)
    assert load_review(workspace, job.folder.name).counts().accepted == 1


def test_a_stopped_job_leaves_nothing(
    workspace: Workspace, dataset: str, words: BaseConfig
) -> None:
    job = running_job(workspace, "mine_negatives", params(dataset, words))
    (job.folder / STOP_FILE).write_text("{}")
    with pytest.raises(Stopped):
        mine_negatives(job)
    assert list(workspace.reviews.iterdir()) == []


def test_a_transformer_mines_too(workspace: Workspace, dataset: str, tiny_base: Path) -> None:
    base = BaseConfig(kind="folder", path=str(tiny_base))
    job = running_job(workspace, "mine_negatives", params(dataset, base, how_many=2))
    mine_negatives(job)
    info = load_review(workspace, job.folder.name).info
    assert (info.candidates, info.model) == (66, "model")


def test_nothing_to_be_found_is_said(workspace: Workspace, dataset: str, words: BaseConfig) -> None:
    job = running_job(workspace, "mine_negatives", params(dataset, words, max_score=-1))
    with pytest.raises(NothingMined, match="No text of this dataset can be a negative"):
        mine_negatives(job)
    assert list(workspace.reviews.iterdir()) == []


def test_what_would_fail_is_refused_at_once(
    workspace: Workspace, dataset: str, words: BaseConfig, pairs: pd.DataFrame
) -> None:
    def check(**settings: Any) -> None:
        check_mining(workspace, MiningParams.parse({"dataset": dataset, **settings}))

    check(model=words.model_dump())
    with pytest.raises(UnknownItem, match="no dataset named gone"):
        check(dataset="gone")
    with pytest.raises(MiningWindowTooSmall) as caught:
        check(how_many=5, range_min=10, range_max=12)
    assert str(caught.value).startswith(
        "Places 11 to 12 of the list of nearest texts leave room for 2 negatives, but 5 are wanted."
    )
    with pytest.raises(MiningNeedsTrainedModel, match="does not exist before training"):
        check(model={"kind": "static"})
    with pytest.raises(UnknownItem, match="no run named gone"):
        check(model="gone")
    (workspace.runs / "untrained").mkdir()
    with pytest.raises(RunHasNoModel):
        check(model="untrained")
    with pytest.raises(MiningSettingWrong, match="The setting how_many of this search"):
        check(how_many=0)
    texts = add_table(workspace, pairs, Mapping(text="anchor"))
    with pytest.raises(MiningNeedsPairs) as refused:
        check(dataset=texts)
    assert "The dataset Products holds single texts" in str(refused.value)
