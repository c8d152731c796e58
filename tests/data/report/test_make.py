"""The report as a whole: order, progress, its form on disk, and a real job."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from core.data.check import CheckedTable
from core.data.findings import Finding, Severity
from core.data.read import Source
from core.data.report import DataReport, make_report
from core.data.report.data_report import in_order
from core.data.report.job import report_dataset
from core.data.shapes import Mapping, Shape
from core.data.store import load_dataset, store_dataset
from core.jobs.context import STOP_FILE, Stopped
from core.jobs.status import JobStatus
from core.models.bundled import BUNDLED_NAME
from core.problems import Message
from core.workspace import Workspace
from tests.data.report.made import NAMES, changed, classes, minilm, pairs, report, scored
from tests.retrieval.stand_in import running_job

TITLES = pairs()["positive"].tolist()


def test_the_worst_comes_first_then_what_concerns_most_rows() -> None:
    severities = [Severity.INFO, Severity.WARNING, Severity.PROBLEM, Severity.WARNING]
    findings = [
        Finding(str(place), severity, Message("x"), count)
        for place, (severity, count) in enumerate(zip(severities, (9, 2, 1, 5), strict=True))
    ]
    assert [one.kind for one in in_order(findings)] == ["2", "3", "1", "0"]
    made = report(pairs(positive=changed(TITLES, at_1="", at_2="=1", at_3="@x", at_4="..")))
    assert [(one.severity, one.count) for one in made.findings] == sorted(
        ((one.severity, one.count) for one in made.findings),
        key=lambda key: (["problem", "warning", "info"].index(key[0]), -key[1]),
    )
    assert made.worst is Severity.PROBLEM
    assert report(pairs()).worst is None


@pytest.mark.parametrize("frame", [pairs(), scored(), classes()])
def test_a_report_survives_its_json(frame: pd.DataFrame) -> None:
    made = report(frame, bases=[minilm()])
    again = DataReport.from_json(json.loads(json.dumps(made.to_json())))
    assert again == made
    with pytest.raises(ValueError, match="version 0"):
        DataReport.from_json({**made.to_json(), "version": 0})


def test_figures_of_a_small_table() -> None:
    made = report(scored(positive=changed(TITLES, at_1=TITLES[0])))
    assert (made.rows, made.shape) == (30, Shape.SCORED_PAIRS)
    assert made.distinct == {"anchor": 30, "positive": 29}
    assert made.names == {"anchor": "query", "positive": "title", "score": "grade", "row": "row"}
    lengths = [len(text) for text in changed(TITLES, at_1=TITLES[0])]
    stats = made.characters["positive"]
    assert (stats.minimum, stats.maximum) == (min(lengths), max(lengths))
    assert stats.mean == round(sum(lengths) / 30, 2)
    assert sum(stats.histogram.counts) == 30
    assert made.sampled == () and not made.full
    assert made.seconds > 0 and "near_duplicates" in made.timings


def test_progress_rises_to_the_end_and_may_stop_the_work() -> None:
    told: list[tuple[str, float]] = []

    def listen(stage: Message, done: float | None) -> None:
        assert done is not None
        told.append((stage.text(), done))

    report(pairs(), bases=[minilm()], progress=listen)
    shares = [share for _, share in told]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1
    assert "Counting tokens" in {stage for stage, _ in told}

    def stop(stage: Message, done: float | None) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        report(pairs(), progress=stop)


def test_columns_without_a_name_are_called_by_their_role() -> None:
    frame = pairs(positive=pairs()["anchor"].tolist())
    (finding,) = (one for one in make_report(frame, {}).findings if "columns" in one.kind)
    assert finding.message.text() == "“anchor” and “positive” hold the same text in every row."


@pytest.fixture
def dataset(workspace: Workspace) -> str:
    checked = CheckedTable(pairs(positive=changed(TITLES, at_4="..")), (), (), 30)
    mapping = Mapping(anchor=NAMES["anchor"], positive=NAMES["positive"])
    source = Source("shoes.csv", "UTF-8", ",", "0" * 64, 30, 0)
    return store_dataset(workspace, name="Shoes", checked=checked, mapping=mapping, source=source)


def test_the_job_keeps_the_report_with_the_dataset(workspace: Workspace, dataset: str) -> None:
    job = running_job(workspace, "report_dataset", {"dataset": dataset, "base": None, "full": True})
    report_dataset(job)
    made = load_dataset(workspace, dataset).report()
    assert made is not None
    assert (made.base, made.full, made.rows) == (BUNDLED_NAME, True, 30)
    assert made.names["anchor"] == "query"
    assert [one.kind for one in made.findings if one.severity is Severity.WARNING] == ["only_signs"]
    assert JobStatus.load(job.folder).stage is not None


def test_a_stopped_job_leaves_the_dataset_as_it_was(workspace: Workspace, dataset: str) -> None:
    job = running_job(workspace, "report_dataset", {"dataset": dataset})
    (job.folder / STOP_FILE).write_text("{}")
    with pytest.raises(Stopped):
        report_dataset(job)
    assert load_dataset(workspace, dataset).report() is None
