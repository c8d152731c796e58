"""A stored dataset: what its ``dataset.json`` says, and its rows, page by page or as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.data.findings import Finding
from core.data.prepare import AppliedStep
from core.data.read import Source
from core.data.reading.rows import ROW
from core.data.scores import Scale
from core.data.shapes import SPLIT, Mapping, Shape, shape_of
from core.data.statistics import TextStatistics
from core.data.steps import Step
from core.files import read_json
from core.problems import N_, Message, Problem, Term

if TYPE_CHECKING:
    from core.data.report import DataReport

DATA_FILE = "data.parquet"
ORIGINAL_FILE = "original.parquet"
INFO_FILE = "dataset.json"
REPORT_FILE = "report.json"

_MADE_FROM = N_("{rows:,} {shape}, made from {columns}")


class DatasetUnreadable(Problem):
    what = N_("The dataset {id} is damaged: {reason}.")
    do = N_("Delete it and upload its table again.")


@dataclass(frozen=True)
class DatasetInfo:
    """What ``dataset.json`` says.

    Attributes:
        id: its folder's name.
        name: what people call it.
        shape: what a row holds now, after all steps.
        rows: how many rows are stored.
        rows_before: how many rows were read and fitted.
        created: ISO 8601 in UTC.
        content_hash: of the stored rows without their numbers.
        mapping: which column of the table became which role, before any step.
        source: the table that it was made from.
        left_out: why the rows are not stored that were read and are not.
        findings: what the check of the mapped table had to say.
        stats: figures of each role that holds texts.
        sample: the id of the bundled sample that it was made from.
        columns: the stored roles in training order, without the row numbers.
        original_hash: the content hash of the rows before any step.
        steps: what was done to them, in this order.
        parent: the id of the dataset that it is a version of; it may have been deleted since.
        family: the id of the first version, the same in all versions.
        origin: how it came from its parent.
        scale: the scale that the scores had in the table, when it was found out.
        held_out_source: the second file that the held-out rows came from, if there was one.
    """

    id: str
    name: str
    shape: Shape
    rows: int
    rows_before: int
    created: str
    content_hash: str
    mapping: Mapping
    source: Source
    left_out: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    stats: dict[str, TextStatistics]
    columns: tuple[str, ...]
    original_hash: str
    family: str
    sample: str | None = None
    steps: tuple[AppliedStep, ...] = ()
    parent: str | None = None
    origin: Message | None = None
    scale: Scale | None = None
    held_out_source: Source | None = None

    @property
    def sentence(self) -> Message:
        """What the rows are, in words; for a converted dataset what they are now."""
        return describe_rows(self.columns, self.mapping, self.rows)

    @property
    def names(self) -> dict[str, str]:
        """A name for each stored role; see :func:`column_names`."""
        return column_names(self.columns, self.mapping)

    @property
    def says_split(self) -> bool:
        """Whether its table, or a second file, says which rows are held out."""
        return SPLIT in dict(self.mapping.columns) or self.held_out_source is not None

    def is_made_by(self, original_hash: str, mapping: Mapping, steps: Sequence[Step]) -> bool:
        """Whether it is what ``steps`` make of the rows with this hash under this mapping."""
        return (
            self.original_hash == original_hash
            and self.mapping == mapping
            and _plain(one.step for one in self.steps) == _plain(steps)
        )

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        return {
            "id": self.id,
            "name": self.name,
            "shape": self.shape.value,
            "rows": self.rows,
            "rows_before": self.rows_before,
            "created": self.created,
            "content_hash": self.content_hash,
            "mapping": self.mapping.to_json(),
            "source": self.source.to_json(),
            "left_out": [finding.to_json() for finding in self.left_out],
            "findings": [finding.to_json() for finding in self.findings],
            "stats": {role: asdict(stats) for role, stats in self.stats.items()},
            "columns": list(self.columns),
            "original_hash": self.original_hash,
            "family": self.family,
            "sample": self.sample,
            "steps": [step.to_json() for step in self.steps],
            "parent": self.parent,
            "origin": self.origin.to_json() if self.origin else None,
            "scale": self.scale.to_json() if self.scale else None,
            "held_out_source": self.held_out_source.to_json() if self.held_out_source else None,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> DatasetInfo:
        """Read back what :meth:`to_json` wrote, also before there were versions and steps.

        Raises:
            KeyError, TypeError, ValueError, MappingIncomplete: it is not that.
        """
        mapping = Mapping.from_json(data["mapping"])
        origin, scale, second = (data.get(key) for key in ("origin", "scale", "held_out_source"))
        return cls(
            id=data["id"],
            name=data["name"],
            shape=Shape(data["shape"]),
            rows=data["rows"],
            rows_before=data["rows_before"],
            created=data["created"],
            content_hash=data["content_hash"],
            mapping=mapping,
            source=Source(**data["source"]),
            left_out=tuple(map(Finding.from_json, data["left_out"])),
            findings=tuple(map(Finding.from_json, data["findings"])),
            stats={role: TextStatistics(**s) for role, s in data["stats"].items()},
            columns=tuple(data.get("columns") or (role for role, _ in mapping.columns)),
            original_hash=data.get("original_hash") or data["content_hash"],
            family=data.get("family") or data["id"],
            sample=data.get("sample"),
            steps=tuple(map(AppliedStep.from_json, data.get("steps", ()))),
            parent=data.get("parent"),
            origin=Message.from_json(origin) if origin else None,
            scale=Scale.from_json(scale) if scale else None,
            held_out_source=Source(**second) if second else None,
        )


@dataclass(frozen=True)
class Dataset:
    """A stored dataset: what is known about it, and its rows."""

    info: DatasetInfo
    folder: Path

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """All rows, all columns or the given ones: those of ``info.columns``, last ``row``.

        Raises:
            DatasetUnreadable: the data file is missing or damaged.
        """
        return self._read(DATA_FILE, columns)

    def original(self) -> pd.DataFrame:
        """The mapped rows as they were before any step.

        Raises:
            DatasetUnreadable: their file is missing or damaged.
        """
        return self._read(ORIGINAL_FILE if self.info.steps else DATA_FILE, None)

    def page(self, start: int, rows: int, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """At most ``rows`` rows from position ``start`` (0 is the first), their index the position.

        Only the parts of the file are read that hold them.

        Raises:
            DatasetUnreadable: the data file is missing or damaged.
        """
        try:
            with pq.ParquetFile(self.folder / DATA_FILE) as file:
                page = _read_page(file, start, rows, columns)
        except (OSError, pa.ArrowException) as error:
            raise DatasetUnreadable(id=self.info.id, reason=str(error)) from error
        frame = page.to_pandas()
        frame.index = pd.RangeIndex(start, start + len(frame))
        return frame

    def report(self) -> DataReport | None:
        """The data report that was kept with it; None while there is none that can be read."""
        from core.data.report import DataReport

        try:
            return DataReport.from_json(read_json(self.folder / REPORT_FILE))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def _read(self, file: str, columns: Sequence[str] | None) -> pd.DataFrame:
        try:
            table = pq.read_table(
                self.folder / file, columns=list(columns) if columns is not None else None
            )
        except (OSError, pa.ArrowException) as error:
            raise DatasetUnreadable(id=self.info.id, reason=str(error)) from error
        return table.to_pandas()


def describe_rows(columns: Iterable[str], mapping: Mapping, rows: int) -> Message:
    """What ``rows`` rows with these stored columns are, when their table was mapped like this."""
    mapped = [(role, name) for role, name in mapping.columns if role != SPLIT]
    roles = [role for role in columns if role not in (SPLIT, ROW)]
    if roles == [role for role, _ in mapped]:
        return mapping.sentence(rows)
    made_from = ", ".join(name for _, name in mapped)
    shape = Term(shape_of(roles).label)
    return Message(_MADE_FROM, {"rows": rows, "shape": shape, "columns": made_from})


def column_names(columns: Iterable[str], mapping: Mapping) -> dict[str, str]:
    """A different name for each stored role: its column's in the table, else its own."""
    mapped = dict(mapping.columns)
    roles = [role for role in columns if role != ROW]
    taken = {mapped[role] for role in roles if role in mapped}
    names: dict[str, str] = {}
    for role in roles:
        name, copy = mapped.get(role, role), 1
        while role not in mapped and name in taken:
            copy += 1
            name = f"{role} ({copy})"
        taken.add(name)
        names[role] = name
    return names


def load_info(folder: Path) -> DatasetInfo:
    """What the ``dataset.json`` of a dataset's folder says.

    Raises:
        DatasetUnreadable: it is missing or damaged, or the rows are missing.
    """
    try:
        info = DatasetInfo.from_json(read_json(folder / INFO_FILE))
    except (OSError, ValueError, TypeError, KeyError, Problem) as error:
        raise DatasetUnreadable(id=folder.name, reason=str(error)) from error
    if info.id != folder.name or not (folder / DATA_FILE).is_file():
        raise DatasetUnreadable(id=folder.name, reason=DATA_FILE)
    return info


def _plain(steps: Iterable[Step]) -> str:
    """Steps as text, the same however their parameters are held: a tuple is a list on disk."""
    return json.dumps([step.to_json() for step in steps], sort_keys=True)


def _read_page(
    file: pq.ParquetFile, start: int, rows: int, columns: Sequence[str] | None
) -> pa.Table:
    """The rows from ``start`` on, read from the row groups that hold them."""
    groups: list[int] = []
    first = position = 0
    for group in range(file.metadata.num_row_groups):
        end = position + file.metadata.row_group(group).num_rows
        if position < start + rows and end > start:
            first = first if groups else position
            groups.append(group)
        position = end
    names = list(columns) if columns is not None else None
    return file.read_row_groups(groups, columns=names).slice(start - first, rows)
