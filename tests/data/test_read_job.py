import pytest

from core.data.read_job import read_table_job
from core.data.reading.rows import ReadOptions
from core.data.staging import load_staged, stage_upload
from core.jobs.context import STOP_FILE, JobContext, JobSpec, Stopped
from core.jobs.kinds import KINDS
from core.jobs.status import JobState, JobStatus
from core.problems import Problem
from core.workspace import Workspace, new_id

ROWS = "q;a\n" + "".join(f"q{n};a{n}\n" for n in range(50_000))


def job_of(workspace: Workspace, id: str, options: ReadOptions) -> JobContext:
    """A job as a worker process sees it."""
    folder = workspace.jobs / new_id("read")
    folder.mkdir()
    JobStatus(kind="read_table", state=JobState.RUNNING).save(folder)
    params = {"staged": id, "options": options.to_json()}
    return JobContext(workspace, folder, JobSpec("read_table", params), "cpu")


def test_the_job_reads_what_the_page_then_finds(workspace: Workspace) -> None:
    id = stage_upload(workspace, ROWS.encode(), "x.csv")
    options = ReadOptions(separator=";")
    job = job_of(workspace, id, options)
    KINDS["read_table"].load()(job)
    job.finish(JobState.SUCCEEDED)
    table = load_staged(workspace, id, options)
    assert table is not None
    assert table.page(49_999, 1).values.tolist() == [["q49999", "a49999"]]
    stage = JobStatus.load(job.folder).stage
    assert stage == {
        "template": "Reading the table: {rows:,} rows so far",
        "params": {"rows": 50_000},
    }


def test_the_job_stops_when_it_is_asked_to(workspace: Workspace) -> None:
    id = stage_upload(workspace, ROWS.encode(), "x.csv")
    job = job_of(workspace, id, ReadOptions())
    (job.folder / STOP_FILE).write_text("{}")
    with pytest.raises(Stopped):
        read_table_job(job)
    job.finish(JobState.CANCELLED)
    assert load_staged(workspace, id) is None


def test_a_refusal_is_the_jobs(workspace: Workspace) -> None:
    id = stage_upload(workspace, b"%PDF-1.4", "x.csv")
    job = job_of(workspace, id, ReadOptions())
    with pytest.raises(Problem, match=r"x\.csv is a PDF"):
        read_table_job(job)
    job.finish(JobState.FAILED)
