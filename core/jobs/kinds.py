"""Which kinds of background jobs there are, and the function that does each one's work."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.jobs.context import JobContext

Work = Callable[["JobContext"], Any]


@dataclass(frozen=True)
class JobKind:
    """A kind of job.

    Attributes:
        function: ``"module:function"``; imported by the worker process only.
        trains: takes a whole device (one such job per device); others share one light lane.
    """

    function: str
    trains: bool = False

    def load(self) -> Work:
        """Import the function."""
        module, _, name = self.function.partition(":")
        work: Work = getattr(importlib.import_module(module), name)
        return work


KINDS: dict[str, JobKind] = {
    "train": JobKind("core.training.worker:train", trains=True),
    # On the run's own device, when nothing else trains there: otherwise it would measure both.
    "probe": JobKind("core.training.probe:probe", trains=True),
    "encode_corpus": JobKind("core.retrieval.encode_job:encode_corpus"),
    "project": JobKind("core.inspection.project_job:project"),
    "export": JobKind("core.export.job:export_run"),
    "read_table": JobKind("core.data.read_job:read_table_job"),
    "check_table": JobKind("core.data.intake_jobs:check_table"),
    "store_table": JobKind("core.data.intake_jobs:store_table"),
    "report_dataset": JobKind("core.data.report.job:report_dataset"),
    "mine_negatives": JobKind("core.data.mining.job:mine_negatives"),
}
