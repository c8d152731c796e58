"""Making a data report: every check once, in the order in which it tells how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from core.data.findings import Finding
from core.data.report.bases import ReportBase
from core.data.report.batches import IN_BATCH
from core.data.report.characters import CHARACTERS
from core.data.report.data_report import DataReport, LengthStatistics, in_order
from core.data.report.duplicates import DUPLICATES
from core.data.report.histograms import length_statistics
from core.data.report.languages import (
    LANGUAGE_ROWS,
    SCRIPTS_AND_LANGUAGES,
    language_shares,
    script_shares,
)
from core.data.report.languages import SAMPLED as LANGUAGES_SAMPLED
from core.data.report.leakage import LEAKAGE
from core.data.report.near_duplicates import NEAR_DUPLICATES, looked_at
from core.data.report.near_duplicates import SAMPLED as NEAR_SAMPLED
from core.data.report.personal_data import PERSONAL_DATA
from core.data.report.readability import TITLE, look_through
from core.data.report.scores import SCORES, class_statistics, score_statistics
from core.data.report.texts import TEXTS
from core.data.report.view import Check, TableView, Tell
from core.problems import N_, Message

CHECKS: tuple[Check, ...] = (
    TEXTS,
    DUPLICATES,
    SCORES,
    IN_BATCH,
    CHARACTERS,
    PERSONAL_DATA,
    SCRIPTS_AND_LANGUAGES,
    LEAKAGE,
    NEAR_DUPLICATES,
)
"""All families of checks.  A new check goes into the family that it belongs to."""

Progress = Callable[[Message, float | None], None]
"""Is told what is being looked at and which share of the whole report is done (0 to 1)."""

_READABILITY_WEIGHT = 10.0
_PREPARING = N_("Looking at the texts")


def make_report(
    frame: pd.DataFrame,
    names: Mapping[str, str],
    *,
    bases: Sequence[ReportBase] = (),
    progress: Progress | None = None,
    full: bool = False,
) -> DataReport:
    """Everything that is to be known about a table before anything is trained on it.

    Half a million short rows take about half a minute on two cores.  What takes longer is looked at
    in a part of the rows; :attr:`DataReport.sampled` says what.

    Args:
        frame: a dataset's columns (:mod:`core.data.shapes`), at least one row.
        names: role to the name of its column in the source, for the sentences.
        bases: tokens are counted with the first; all are compared.  Without any, nothing is said
            about tokens.
        progress: is told how far it is; may raise to end early.
        full: look at all rows for everything but languages, however long that takes.

    Raises:
        DamagedModelFile: the tokenizer of a base cannot be read.
    """
    began = time.perf_counter()
    timings: dict[str, float] = {}
    total = sum(check.weight for check in CHECKS) + _READABILITY_WEIGHT
    done = 0.0

    def timed(title: str, weight: float) -> Tell:
        """A listener for the next part, whose time is counted from now on."""
        nonlocal done
        start, done = done, done + weight
        message = Message(title)

        def told(share: float) -> None:
            if progress is not None:
                progress(message, min(1.0, (start + share * weight) / total))

        told(0.0)
        return told

    def stop_clock(name: str, since: float) -> None:
        timings[name] = round(time.perf_counter() - since, 3)

    timed(_PREPARING, 0.0)
    view = TableView(frame, names, full=full)
    marks = view.marks
    assert len(marks.main) == len(view.texts)
    stop_clock("preparing", began)
    findings: list[Finding] = []
    for check in CHECKS:
        since = time.perf_counter()
        findings += check.function(view, timed(check.title, check.weight))
        stop_clock(check.function.__name__.removeprefix("check_"), since)
    since = time.perf_counter()
    read = look_through(view, bases, timed(TITLE, _READABILITY_WEIGHT))
    stop_clock("tokens", since)
    since = time.perf_counter()
    languages, looked = language_shares(view)
    stop_clock("language_sample", since)
    return DataReport(
        rows=len(view),
        shape=view.shape,
        names=view.names,
        findings=in_order([*findings, *read.findings]),
        base=bases[0].name if bases else None,
        tokens=read.tokens,
        characters={role: _characters(view, role) for role in view.roles},
        distinct={role: int(np.count_nonzero(np.bincount(c))) for role, c in view.codes.items()},
        coverage=read.coverage,
        scripts=script_shares(view),
        languages=languages,
        scores=score_statistics(view),
        classes=class_statistics(view),
        sampled=(*_sampled(view, looked), *read.sampled),
        full=full,
        seconds=round(time.perf_counter() - began, 2),
        timings=timings,
    )


def _characters(view: TableView, role: str) -> LengthStatistics:
    return length_statistics(view.characters[view.codes[role]])


def _sampled(view: TableView, languages_looked: int) -> list[Message]:
    """What was looked at in a part of the rows only."""
    sampled = []
    near = len(looked_at(view))
    if near < len(view):
        sampled.append(Message(NEAR_SAMPLED, {"looked": near, "rows": len(view)}))
    if languages_looked < len(view):
        facts = {"looked": min(languages_looked, LANGUAGE_ROWS), "rows": len(view)}
        sampled.append(Message(LANGUAGES_SAMPLED, facts))
    return sampled
