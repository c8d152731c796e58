"""The table of all runs: which of them to show, the best of each dataset, and all of it as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from core.data.table_export import escape
from core.models.bundled import BUNDLED_NAME
from core.training.run_index import RunRow

_CSV_COLUMNS = (
    "id",
    "name",
    "state",
    "created",
    "started",
    "finished",
    "seconds",
    "device",
    "dataset",
    "dataset_name",
    "base",
    "loss",
    "metric",
    "before",
    "after",
    "verdict",
    "favourite",
    "archived",
    "tags",
    "note",
)
_BOM = "\ufeff"
"""By which Excel knows that a file is UTF-8."""


@dataclass(frozen=True)
class Filter:
    """Which runs to show; an empty choice leaves everything in.

    Attributes:
        words: every one of them must occur in what is known about a run; capitals do not count.
        states, datasets, bases, losses, tags: one of each must fit; bases as
            :func:`base_words` words them, datasets by id.
        favourites: only those with a star.
        archived: the archived runs instead of the others.
    """

    words: str = ""
    states: Sequence[str] = ()
    datasets: Sequence[str] = ()
    bases: Sequence[str] = ()
    losses: Sequence[str] = ()
    tags: Sequence[str] = ()
    favourites: bool = False
    archived: bool = False


@dataclass(frozen=True)
class Best:
    """The best of the runs on a dataset that were scored on the same rows.

    Attributes:
        row: that run.
        runs: how many were compared.
    """

    row: RunRow
    runs: int


def base_words(kind: str, detail: str, names: Mapping[str, str]) -> str:
    """What a run started from, in a few words.

    Args:
        kind: the kind of base; one of :class:`core.models.bases.BaseConfig`.
        detail: its name on a hub, its folder, or the id of the run that made it.
        names: the names of all runs by their ids, for models that a run was trained further from.
    """
    match kind:
        case "bundled":
            return BUNDLED_NAME.rpartition("/")[2]
        case "hub":
            return detail
        case "folder":
            return detail.replace("\\", "/").rstrip("/").rpartition("/")[2]
        case "run":
            return names.get(detail, detail)
        case _:
            return kind


def select_rows(
    rows: Sequence[RunRow], wanted: Filter, spoken: Callable[[RunRow], str] = lambda row: ""
) -> list[RunRow]:
    """The rows that ``wanted`` leaves, in their order.

    Args:
        rows: all runs.
        wanted: what is looked for.
        spoken: further words of a row to be found by, such as its state as a screen calls it.
    """
    names = {row.id: row.name for row in rows}
    words = wanted.words.casefold().split()

    def fits(row: RunRow) -> bool:
        return (
            row.archived == wanted.archived
            and (row.favourite or not wanted.favourites)
            and _among(row.state, wanted.states)
            and _among(row.dataset, wanted.datasets)
            and _among(row.loss, wanted.losses)
            and _among(base_words(row.base_kind, row.base_detail, names), wanted.bases)
            and (not wanted.tags or not set(wanted.tags).isdisjoint(row.tags))
            and _has(words, row)
        )

    def _has(words: Sequence[str], row: RunRow) -> bool:
        if not words:
            return True
        known = (row.id, row.name, row.state, row.dataset_name, row.loss, row.note, *row.tags)
        text = " ".join(
            (*known, base_words(row.base_kind, row.base_detail, names), spoken(row))
        ).casefold()
        return all(word in text for word in words)

    return [row for row in rows if fits(row)]


def _among(value: str, wanted: Sequence[str]) -> bool:
    return not wanted or value in wanted


def best_runs(rows: Iterable[RunRow]) -> list[Best]:
    """The best run of each dataset, the dataset with the newest run first.

    Scores are comparable only on the same rows: runs on one dataset that hold out other rows (as
    they do with another share or seed, unless the table says which) or are judged by another metric
    have a best one of their own.
    Of equally good runs the first one counts.
    """
    groups: dict[tuple[str, str, str], list[RunRow]] = {}
    for row in rows:
        if row.metric is not None and row.after is not None:
            groups.setdefault((row.dataset, row.metric, row.scored_on), []).append(row)
    return [
        Best(max(reversed(group), key=lambda row: row.after or 0.0), len(group))
        for group in groups.values()
    ]


def to_csv(rows: Sequence[RunRow], names: Mapping[str, str]) -> bytes:
    """The rows as a CSV file: UTF-8 with a byte order mark, scores in full.

    A text that a spreadsheet would execute gets an apostrophe in front
    (:func:`core.data.table_export.escape`).

    Args:
        rows: what to write.
        names: the names of all runs by their ids.
    """
    cells = [[_cell(row, column, names) for row in rows] for column in _CSV_COLUMNS]
    safe = [
        escape(pa.chunked_array([pa.array(one, pa.large_string())])).to_pylist() for one in cells
    ]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_CSV_COLUMNS)
    writer.writerows(zip(*safe, strict=True))
    return (_BOM + text.getvalue()).encode("utf-8")


def _cell(row: RunRow, column: str, names: Mapping[str, str]) -> str:
    value = (
        base_words(row.base_kind, row.base_detail, names)
        if column == "base"
        else getattr(row, column)
    )
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else str(value)
