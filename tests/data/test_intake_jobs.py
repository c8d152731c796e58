"""The jobs that check and store, in the process that jobs run in."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from core.data.intake import Draft, load_draft_report, stored_dataset
from core.data.intake_jobs import check_table, store_table
from core.data.shapes import Mapping
from core.data.staging import stage_upload
from core.data.steps import Step
from core.data.store import list_datasets, load_dataset, versions
from core.files import write_json
from core.jobs import queue
from core.jobs.context import STOP_FILE, Stopped
from core.jobs.status import JobState, JobStatus
from core.workspace import PROJECT_ROOT, Workspace
from tests.retrieval.stand_in import running_job


def run(workspace: Workspace, kind: str, params: dict[str, Any]) -> JobStatus:
    """Submit a job and do its work in a worker process; returns how it ended."""
    folder = workspace.job(queue.submit(workspace, kind, params, name=kind))
    subprocess.run(
        [sys.executable, "-m", "core.jobs.worker", folder], cwd=PROJECT_ROOT, check=True, timeout=60
    )
    return JobStatus.load(folder)


def draft(workspace: Workspace) -> Draft:
    lines = [f"问题 {n % 20},标题 {n % 20}" for n in range(24)]
    id = stage_upload(workspace, "\n".join(["q,a", *lines]).encode(), "queries.csv")
    return Draft(id, mapping=Mapping("q", "a"))


def test_a_draft_is_checked_stored_and_changed_by_jobs(workspace: Workspace) -> None:
    one = draft(workspace)
    params = {"draft": one.to_json()}
    assert run(workspace, "check_table", params).state is JobState.SUCCEEDED
    report = load_draft_report(workspace, one)
    assert report is not None and report.rows == 24
    assert "duplicate_rows" in {finding.kind for finding in report.all_findings}

    stored = run(workspace, "store_table", {**params, "name": "鞋子"})
    assert stored.state is JobState.SUCCEEDED
    id = stored_dataset(workspace, one)
    assert id is not None and load_dataset(workspace, id).report() == report.report
    assert load_dataset(workspace, id).info.name == "鞋子"

    step = Step("drop_duplicate_rows")
    changed = run(workspace, "store_table", {"derive": id, "steps": [step.to_json()]})
    assert changed.state is JobState.SUCCEEDED
    first, second = versions(workspace, id)
    assert (first.id, second.parent, second.rows) == (id, id, 20)


def test_a_refusal_is_the_jobs_end(workspace: Workspace) -> None:
    one = draft(workspace)
    params = {"draft": {**one.to_json(), "mapping": {"anchor": "q", "positive": "b"}}, "name": "x"}
    status = run(workspace, "store_table", params)
    assert status.state is JobState.FAILED and status.error_messages
    assert status.error_messages[0].text() == "The table has no column named “b”."
    assert list_datasets(workspace) == []


def test_a_stop_is_heard_and_leaves_nothing(workspace: Workspace) -> None:
    one = draft(workspace)
    for kind, work in (("check_table", check_table), ("store_table", store_table)):
        job = running_job(workspace, kind, {"draft": one.to_json(), "name": "鞋子"})
        write_json(job.folder / STOP_FILE, {})
        with pytest.raises(Stopped):
            work(job)
        job.finish(JobState.CANCELLED)
    assert load_draft_report(workspace, one) is None and list_datasets(workspace) == []
