"""Runs as the tests of the screens need them: real folders, made without training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.data.samples import add_sample
from core.data.store import load_dataset
from core.jobs import queue
from core.jobs.status import JobState, JobStatus
from core.models.bases import BaseConfig
from core.problems import N_, Message, Problem
from core.training.defaults import propose
from core.training.report import VERDICTS, ModelScores, Report
from core.workspace import Workspace, utc_now

VALUES = {"metric": "nDCG@10", "questions": 50, "low": 0.1, "high": 0.9}
STEP = Message(N_("Training: step {step} of {steps}"), {"step": 1200, "steps": 5000})


def make_run(
    workspace: Workspace,
    state: JobState = JobState.SUCCEEDED,
    *,
    sample: str = "products",
    name: str | None = None,
    done: float | None = None,
    problem: Problem | None = None,
    scores: tuple[float, float] | None = None,
) -> str:
    """A run in ``state``; nobody works on it.  ``scores``: nDCG@10 before and after."""
    dataset = load_dataset(workspace, add_sample(workspace, sample)).info
    config = propose(workspace, dataset, BaseConfig(kind="static"))
    config = config.model_copy(update={"name": name or config.name})
    id = queue.submit(workspace, "train", config.to_dict(), name=config.name)
    if state is JobState.QUEUED:
        return id
    folder = workspace.run(id)
    changes: dict[str, Any] = {
        "state": state,
        "started": utc_now(),
        "stage": STEP.to_json(),
        "done": done,
        "device": "cpu",
    }
    if not state.active:
        changes["finished"] = utc_now()
    if problem is not None:
        changes["error"] = problem.to_json()
    replace(JobStatus.load(folder), **changes).save(folder)
    queue.release(workspace, id)
    if scores is not None:
        make_report(scores).save(folder)
    return id


def finish(workspace: Workspace, id: str) -> None:
    """Let a run that is active come to its end."""
    folder = workspace.run(id)
    status = JobStatus.load(folder)
    replace(status, state=JobState.SUCCEEDED, finished=utc_now()).save(folder)


def make_report(scores: tuple[float, float]) -> Report:
    """The report of a run that got better, with nDCG@10 before and after."""
    return Report(
        shape="triplets",
        primary="ndcg@10",
        questions=50,
        held_out_rows=50,
        train_rows=450,
        split={},
        models=[
            ModelScores("base", "Base", {"ndcg@10": scores[0]}),
            ModelScores("tuned", "Tuned", {"ndcg@10": scores[1]}),
        ],
        verdict="better",
        difference={},
        messages=[
            Message(VERDICTS["better"], dict(VALUES, before=scores[0], after=scores[1])).to_json()
        ],
        training={},
    )
