"""Which kinds of background jobs there are, and the function that does each one's work."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.problems import N_

if TYPE_CHECKING:
    from core.jobs.context import JobContext

Work = Callable[["JobContext"], Any]


@dataclass(frozen=True)
class JobKind:
    """A kind of job.

    Attributes:
        function: ``"module:function"``; imported by the worker process only.
        trains: takes a whole device (one such job per device); others share one light lane.
        network: waits for a network most of its time, so that it does not hold up the light lane.
        saved: which files in the job's folder show that an earlier attempt left something that is
            worth keeping; a pattern as in :meth:`pathlib.Path.glob`.
        called: what the work is called in a sentence about its process.
        afterwards: what to do once its process has vanished.
    """

    function: str
    trains: bool = False
    network: bool = False
    saved: str | None = None
    called: str = N_("this task")
    afterwards: str = N_("Start it again.")

    def load(self) -> Work:
        """Import the function."""
        module, _, name = self.function.partition(":")
        work: Work = getattr(importlib.import_module(module), name)
        return work


def takes_device(kind: str) -> bool:
    """Whether a job of this kind takes a whole device; one that nobody knows does not."""
    return kind in KINDS and KINDS[kind].trains


def needs_network(kind: str) -> bool:
    """Whether a job of this kind asks other machines for something."""
    return kind in KINDS and KINDS[kind].network


KINDS: dict[str, JobKind] = {
    "train": JobKind(
        "core.training.worker:train",
        trains=True,
        saved="checkpoints/checkpoint-*/whole.json",
        called=N_("this run"),
        afterwards=N_("What was saved is kept. Resume the run to go on from the last checkpoint."),
    ),
    # On the run's own device, when nothing else trains there: otherwise it would measure both.
    "probe": JobKind("core.training.probe:probe", trains=True),
    "encode_corpus": JobKind(
        "core.retrieval.encode_job:encode_corpus",
        afterwards=N_("What was read is kept: start it again, and it goes on there."),
    ),
    "ask_questions": JobKind("core.retrieval.question_runs:ask_questions"),
    "store_corpus": JobKind("core.retrieval.corpus_job:store_corpus"),
    "project": JobKind("core.inspection.project_job:project"),
    "read_texts": JobKind("core.inspection.vectors_job:read_texts"),
    "export": JobKind("core.export.job:export_run"),
    "read_table": JobKind("core.data.read_job:read_table_job"),
    "check_table": JobKind("core.data.intake_jobs:check_table"),
    "store_table": JobKind("core.data.intake_jobs:store_table"),
    "report_dataset": JobKind("core.data.report.job:report_dataset"),
    "look_at_repo": JobKind("core.models.hub.jobs:look_at_repo", network=True),
    "fetch_repo": JobKind(
        "core.models.hub.jobs:fetch_repo",
        network=True,
        called=N_("this download"),
        afterwards=N_(
            "What has arrived is kept: go on with the download, and the rest is fetched."
        ),
    ),
    "mine_negatives": JobKind("core.data.mining.job:mine_negatives"),
    "match": JobKind("core.matching.match_job:match_tables", called=N_("this match")),
    "find_duplicates": JobKind("core.matching.duplicates_job:find_duplicates"),
    "export_match": JobKind("core.matching.export_job:export_files"),
}
