"""How a text table is laid out: its separator, its quotation marks, how wide its rows are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from core.data.reading.records import Dialect, Record, read_records

SEPARATORS = ("\t", ",", ";", "|", "\x01", "^", "~")
"""What may stand between two cells; of two that fit equally well, the earlier one is meant."""

WIDE_SEPARATORS = ("，", "；")
"""Chinese punctuation that stands between cells only where nothing else does and all rows agree."""

_WIDE_FITTING = 0.95
_WIDE_ROWS = 2
_GOOD_FITTING = 0.9


@dataclass(frozen=True)
class Width:
    """How many cells a row has: ``columns`` at most, of which the first ``named`` must be there."""

    columns: int
    named: int

    @classmethod
    def of(cls, header: list[str]) -> Width:
        """The width that a header row asks for; blank cells at its end need not be in every row."""
        return cls(len(header), filled_cells(header))

    def fit(self, cells: list[str]) -> list[str] | None:
        """The row as exactly ``columns`` cells, or None when it has too few or too many.

        Blank cells at the end of a row may be missing where the header is blank, or be too many.
        """
        if len(cells) == self.columns:
            return cells
        if len(cells) < self.named or filled_cells(cells) > self.columns:
            return None
        return cells[: self.columns] + [""] * (self.columns - len(cells))


def filled_cells(cells: Sequence[str]) -> int:
    """How many cells there are up to the last one that is not blank."""
    return max((place for place, cell in enumerate(cells, 1) if cell.strip()), default=0)


@dataclass(frozen=True)
class Layout:
    """How a table is written, how wide it is, and the share of sampled rows that fit (0 to 1).

    ``stray_quotes`` says that a quotation mark in the sample opens a cell and does not close it.
    """

    dialect: Dialect
    width: Width
    fitting: float
    stray_quotes: bool = False


SINGLE_COLUMN = Layout(Dialect(""), Width(1, 1), 1.0)


def sniff_layout(
    sample: Sequence[str],
    *,
    header: bool | None,
    separator: str | None = None,
    cut: bool = False,
    wide: bool = True,
) -> Layout:
    """Find out how the table that begins with the lines ``sample`` is written.

    A row fits when it has as many cells as the header, or as most rows when there is no header.  A
    separator must give at least two columns; where none does, the table is a single column.

    Args:
        sample: its first lines, with their ends.
        header: whether the first row names the columns; None when that is not known yet.
        separator: the separator if it is known; "" for a single column.
        cut: whether the sample may end inside a row.
        wide: whether to consider :data:`WIDE_SEPARATORS` too.
    """
    if separator is not None:
        return _best_variant(sample, separator, header, cut)
    best = SINGLE_COLUMN
    for candidate in SEPARATORS:
        if not any(candidate in line for line in sample):
            continue
        layout = _best_variant(sample, candidate, header, cut)
        if layout.width.named > 1 and (
            best is SINGLE_COLUMN
            or (layout.fitting, layout.width.columns) > (best.fitting, best.width.columns)
        ):
            best = layout
    if wide and (best is SINGLE_COLUMN or best.fitting < _GOOD_FITTING):
        for candidate in WIDE_SEPARATORS:
            layout = _best_variant(sample, candidate, header, cut)
            if (
                layout.width.named > 1
                and layout.fitting >= _WIDE_FITTING
                and len(sample) > _WIDE_ROWS
                and (best is SINGLE_COLUMN or layout.fitting > best.fitting)
            ):
                best = layout
    return best


def sample_records(sample: Sequence[str], dialect: Dialect, *, cut: bool) -> list[Record]:
    """The rows of ``sample`` that are not blank, without a last one that may be cut in two."""
    records = [record for record in read_records(sample, dialect) if any(record.cells)]
    if cut and len(records) > 2:
        records.pop()
    return records


def _best_variant(sample: Sequence[str], separator: str, header: bool | None, cut: bool) -> Layout:
    stray = separator != "" and _has_stray_quotes(sample, separator)
    best = None
    for dialect in _variants(sample, separator, stray):
        records = sample_records(sample, dialect, cut=cut)
        for has_header in (True, False) if header is None else (header,):
            layout = _lay_out(records, dialect, has_header)
            if header is None and not has_header and not _fits(layout, records[:1]):
                continue  # what stands above the other rows in another way is a header
            if best is None or layout.fitting > best.fitting:
                best = layout
        if best is not None and best.fitting == 1:
            break
    return best or SINGLE_COLUMN


def _variants(sample: Sequence[str], separator: str, stray: bool) -> Iterator[Dialect]:
    """The ways to write quotation marks that ``sample`` may follow, the usual one first."""
    yield Dialect(separator)
    if any('\\"' in line for line in sample):
        yield Dialect(separator, escaped=True)
    if separator and any(f'{separator} "' in line for line in sample):
        yield Dialect(separator, spaced=True)
    if stray or separator == "":
        yield Dialect(separator, quoted=False)


def _lay_out(records: list[Record], dialect: Dialect, header: bool) -> Layout:
    if not records:
        return Layout(dialect, Width(1, 1), 1.0)
    rows = records[1:] if header else records
    if header:
        width = Width.of(records[0].cells)
    else:
        columns = Counter(len(record.cells) for record in records).most_common(1)[0][0]
        width = Width(columns, columns)
    # Nameless columns at the end are there only if some row has something in them.
    reach = max((filled_cells(row.cells) for row in rows if row.fault is None), default=0)
    width = Width(min(width.columns, max(width.named, reach)), width.named)
    stray = any(record.fault is not None for record in records)
    layout = Layout(dialect, width, 1.0, stray)
    return replace(layout, fitting=_fits(layout, rows) / len(rows)) if rows else layout


def _fits(layout: Layout, records: list[Record]) -> int:
    """How many of ``records`` fit."""
    return sum(
        record.fault is None and layout.width.fit(record.cells) is not None for record in records
    )


def _has_stray_quotes(sample: Sequence[str], separator: str) -> bool:
    """Whether quotation marks at the start of cells are mostly text, not what wraps it."""
    wrapped = stray = 0
    for line in sample:
        if '"' not in line:
            continue
        for cell in re.split(re.escape(separator), line.rstrip("\r\n")):
            if cell.startswith('"'):
                whole = len(cell) > 1 and cell.endswith('"')
                if whole and '"' not in cell[1:-1].replace('""', ""):
                    wrapped += 1
                else:
                    stray += 1
    return stray > wrapped
