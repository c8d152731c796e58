"""Filters on a corpus's further fields: what can be asked of each, and which texts remain."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from core.folding import fold
from core.retrieval.corpora import TEXTS_FILE, Corpus, CorpusDamaged
from core.retrieval.numbers import mark_in, number_in
from core.retrieval.passages import Passages

MOST_VALUES = 60
"""A field with more different entries is too long a list to choose from."""
_NUMERIC_SHARE = 0.9
_FIELDS_KEPT = 64


class FieldKind(StrEnum):
    """How a field is filtered."""

    VALUES = "values"
    RANGE = "range"
    TEXT = "text"


@dataclass(frozen=True)
class Field:
    """A further field of a corpus as a filter.

    Attributes:
        values: its different entries, the most frequent first; for ``VALUES`` only.
        low, high: its smallest and largest number; for ``RANGE`` only.
    """

    name: str
    kind: FieldKind
    values: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True)
class Filter:
    """What somebody asks of one field: one of the values, a range with its ends, or a part of it.

    Numbers, texts and values are as in :class:`Field`; ``contains`` ignores case and width.
    """

    field: str
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    contains: str = ""

    def to_json(self) -> list[Any]:
        """A short JSON-ready form, which goes into addresses; :meth:`from_json` reads it back."""
        if self.values:
            return [self.field, list(self.values)]
        if self.contains:
            return [self.field, self.contains]
        return [self.field, self.low, self.high]

    @classmethod
    def from_json(cls, data: Any) -> Filter:
        """Read back what :meth:`to_json` wrote.

        Raises:
            ValueError: it is something else.
        """
        match data:
            case [str(field), list(values)] if all(isinstance(one, str) for one in values):
                return cls(field, values=tuple(values))
            case [str(field), str(contains)]:
                return cls(field, contains=contains)
            case [str(field), int() | float() | None as low, int() | float() | None as high]:
                return cls(field, low=low, high=high)
        raise ValueError("no filter")


def fields_of(corpus: Corpus, names: Collection[str] | None = None) -> tuple[Field, ...]:
    """The further fields of a corpus, as filters; those without any entry are left out.

    Args:
        corpus: which corpus.
        names: look at these fields only, which takes less time than all of many.

    Raises:
        CorpusDamaged: its table cannot be read.
    """
    wanted = [name for name in corpus.info.fields if names is None or name in names]
    with _readable(corpus):
        described = [_described(*_table(corpus), name) for name in wanted]
    return tuple(field for field in described if field is not None)


def mask_of(corpus: Corpus, filters: Sequence[Filter]) -> NDArray[np.bool_] | None:
    """Which texts fit all the filters, shape [n]; None without filters.

    A filter on a field that the corpus does not have is passed over.

    Raises:
        CorpusDamaged: its table cannot be read.
    """
    wanted = [one for one in filters if one.field in corpus.info.fields]
    if not wanted:
        return None
    with _readable(corpus):
        return np.logical_and.reduce([_fitting(*_table(corpus), one) for one in wanted])


def _fits(entries: pd.Series, wanted: Filter) -> NDArray[np.bool_]:
    if wanted.values:
        return entries.isin(wanted.values).to_numpy(dtype=bool)
    if wanted.contains:
        part = fold(wanted.contains.strip())
        return entries.map(lambda entry: part in fold(entry)).to_numpy(dtype=bool)
    different = pd.Series(entries.unique())
    known = dict(zip(different, _numbers(different), strict=True))
    numbers = entries.map(known).to_numpy(dtype=np.float64)
    low = -np.inf if wanted.low is None else wanted.low
    high = np.inf if wanted.high is None else wanted.high
    # Comparisons with NaN, which stands for no number, are false.
    return (numbers >= low) & (numbers <= high)


def _describe(name: str, entries: pd.Series) -> Field | None:
    filled = entries[entries.str.strip() != ""]
    counts = filled.value_counts()
    if counts.empty:
        return None
    numbers = _numbers(pd.Series(counts.index)).dropna()
    if len(numbers) > 2 and len(numbers) >= _NUMERIC_SHARE * len(counts):
        return Field(name, FieldKind.RANGE, low=float(numbers.min()), high=float(numbers.max()))
    if len(counts) <= MOST_VALUES and len(counts) < max(len(filled), 2):
        return Field(name, FieldKind.VALUES, values=tuple(map(str, counts.index)))
    return Field(name, FieldKind.TEXT)


def _numbers(entries: pd.Series) -> pd.Series:
    """The different entries of a column as numbers, NaN for others; all of them say how to read."""
    mark = mark_in(entries)
    return entries.map(lambda entry: number_in(entry, mark)).astype("float64")


def _table(corpus: Corpus) -> tuple[Path, str]:
    """Where a corpus's table is, and what changes with it."""
    return corpus.folder / TEXTS_FILE, corpus.info.content_hash


@contextmanager
def _readable(corpus: Corpus) -> Iterator[None]:
    try:
        yield
    except (OSError, KeyError, pa.ArrowException) as error:
        raise CorpusDamaged(id=corpus.info.id) from error


# Kept, because the screen asks for them whenever it is drawn.
@lru_cache(maxsize=_FIELDS_KEPT)
def _described(path: Path, content_hash: str, name: str) -> Field | None:
    return _describe(name, _column(path, content_hash, name))


@lru_cache(maxsize=_FIELDS_KEPT)
def _fitting(path: Path, content_hash: str, wanted: Filter) -> NDArray[np.bool_]:
    return _fits(_column(path, content_hash, wanted.field), wanted)


def _column(path: Path, content_hash: str, name: str) -> pd.Series:
    return Passages(path, content_hash).column(name).to_pandas().astype("str")
