"""Which runs used a dataset, and that deleting it pulls it from under none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.data.check import check_mapping
from core.data.read import read_table
from core.data.shapes import Mapping
from core.data.store import list_datasets, rename_dataset, store_dataset
from core.data.usage import DatasetInUse, DatasetNeeded, count_uses, delete_dataset, runs_using
from core.jobs import queue
from core.jobs.status import JobState, JobStatus
from core.workspace import UnknownItem, Workspace

MAPPING = Mapping("q", "a")


@pytest.fixture
def dataset(workspace: Workspace) -> str:
    """A dataset named 鞋子."""
    body = b"".join(b"question %d,answer %d\n" % (n, n) for n in range(12))
    table = read_table(b"q,a\n" + body, "pairs.csv")
    checked = check_mapping(table.frame, MAPPING)
    return store_dataset(
        workspace, name="鞋子", checked=checked, mapping=MAPPING, source=table.source
    )


def add_run(ws: Workspace, dataset: str, name: str, *states: JobState) -> Path:
    """A run of ``dataset`` that went through ``states``."""
    id = queue.submit(ws, "train", {"name": name, "dataset": {"id": dataset}}, name=name)
    move(ws.run(id), *states)
    return ws.run(id)


def move(folder: Path, *states: JobState) -> None:
    for state in states:
        JobStatus.load(folder).moved(state).save(folder)


SUCCEEDED = (JobState.RUNNING, JobState.SUCCEEDED)


def test_runs_are_found_by_their_configuration(workspace: Workspace, dataset: str) -> None:
    first = add_run(workspace, dataset, "first", *SUCCEEDED)
    add_run(workspace, "another-dataset", "other", *SUCCEEDED)
    waiting = add_run(workspace, dataset, "waiting")
    damaged = add_run(workspace, dataset, "damaged", *SUCCEEDED)
    (damaged / "config.yaml").write_text("dataset: [not, a, mapping")
    no_status = add_run(workspace, dataset, "没有状态", *SUCCEEDED)
    (no_status / "status.json").unlink()
    (workspace.runs / "holiday-pictures").mkdir()

    uses = {use.id: use for use in runs_using(workspace, dataset)}
    assert set(uses) == {first.name, waiting.name, no_status.name}
    assert uses[first.name] == (first.name, "first", JobState.SUCCEEDED)
    assert uses[waiting.name].state is JobState.QUEUED
    assert uses[no_status.name].name == "没有状态"
    assert count_uses(workspace) == {dataset: 3, "another-dataset": 1}
    assert runs_using(workspace, "no-such-dataset") == []


def test_a_configuration_that_was_changed_is_read_again(workspace: Workspace, dataset: str) -> None:
    run = add_run(workspace, dataset, "first", *SUCCEEDED)
    assert len(runs_using(workspace, dataset)) == 1
    path = run / "config.yaml"
    path.write_text("name: first\ndataset:\n  id: another\n")
    os.utime(path, ns=(1, 1))
    assert runs_using(workspace, dataset) == []


def test_an_unused_dataset_is_deleted_at_once(workspace: Workspace, dataset: str) -> None:
    delete_dataset(workspace, dataset)
    assert list_datasets(workspace) == []
    with pytest.raises(UnknownItem):
        delete_dataset(workspace, dataset)
    with pytest.raises(UnknownItem):
        delete_dataset(workspace, "../datasets", confirmed=True)


def test_a_used_one_is_deleted_when_that_is_confirmed(workspace: Workspace, dataset: str) -> None:
    run = add_run(workspace, dataset, "日常问题", *SUCCEEDED)
    (run / "model").mkdir()
    rename_dataset(workspace, dataset, "凉鞋")
    with pytest.raises(DatasetInUse) as refused:
        delete_dataset(workspace, dataset)
    assert refused.value.text() == (
        "The dataset “凉鞋” was used in training: 日常问题. These runs keep their models, scores "
        "and charts, but they cannot be repeated or resumed without it. Confirm that it is to be "
        "deleted all the same."
    )
    assert [info.id for info in list_datasets(workspace)] == [dataset]
    delete_dataset(workspace, dataset, confirmed=True)
    assert list_datasets(workspace) == []
    assert (run / "model").is_dir() and (run / "config.yaml").exists()


@pytest.mark.parametrize("states", [(), (JobState.RUNNING,), (JobState.RUNNING, JobState.STOPPING)])
def test_what_has_not_ended_needs_it_confirmed_or_not(
    workspace: Workspace, dataset: str, states: tuple[JobState, ...]
) -> None:
    run = add_run(workspace, dataset, "running shoes", *states)
    for confirmed in (False, True):
        with pytest.raises(DatasetNeeded, match="by work that has not ended: running shoes"):
            delete_dataset(workspace, dataset, confirmed=confirmed)
    if states:
        move(run, JobState.INTERRUPTED)
        with pytest.raises(DatasetInUse):
            delete_dataset(workspace, dataset)


def test_a_job_that_reads_it_needs_it_too(workspace: Workspace, dataset: str) -> None:
    id = queue.submit(workspace, "report_dataset", {"dataset": dataset}, name="report")
    queue.submit(workspace, "report_dataset", {"dataset": "another"}, name="other")
    with pytest.raises(DatasetNeeded, match=id):
        delete_dataset(workspace, dataset, confirmed=True)
    move(workspace.job(id), *SUCCEEDED)
    delete_dataset(workspace, dataset)


def test_many_runs_are_not_all_named(workspace: Workspace, dataset: str) -> None:
    for n in range(7):
        add_run(workspace, dataset, f"run {n}", *SUCCEEDED)
    with pytest.raises(DatasetInUse) as refused:
        delete_dataset(workspace, dataset)
    assert refused.value.params["runs"].count("run ") == 5
    assert refused.value.params["runs"].endswith(", …")


def test_a_damaged_dataset_can_be_deleted(workspace: Workspace, dataset: str) -> None:
    (workspace.dataset(dataset) / "dataset.json").write_text("{}")
    add_run(workspace, dataset, "first", *SUCCEEDED)
    with pytest.raises(DatasetInUse, match=dataset):
        delete_dataset(workspace, dataset)
    delete_dataset(workspace, dataset, confirmed=True)
    assert not (workspace.datasets / dataset).exists()
