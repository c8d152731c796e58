"""What warnings have to know of a table: sizes, repeated texts, scores, lengths, read only once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.data.shapes import HELD_OUT, SCORE, SPLIT, text_roles
from core.data.store import DatasetInfo, load_dataset
from core.models.additions import find_additions
from core.models.extension_config import Extension
from core.models.folder import ResolvedBase
from core.models.vocabulary import Coverage, coverage, token_lengths
from core.training.config import RunConfig
from core.workspace import Workspace

SAMPLE_ROWS = 2_000
"""Of larger tables only so many rows are looked at where texts are concerned."""


@dataclass(frozen=True)
class Facts:
    """A table as far as warnings need it.

    Attributes:
        rows: all of them.
        own_held_out: rows that the table's own split keeps away; None when rows are drawn.
        codes: a number for each text of a row, equal for equal texts, [rows, texts of a row].
        texts: texts of up to 2,000 rows, column by column.
        lowest, highest: of the scores; None without scores.
        zeros: rows with a score of 0 or less.
    """

    rows: int
    own_held_out: int | None
    codes: NDArray[np.int64]
    texts: tuple[str, ...]
    lowest: float | None = None
    highest: float | None = None
    zeros: int = 0

    def held_out(self, config: RunConfig) -> int:
        """How many rows the run keeps away from training, about."""
        if self.own_held_out is not None:
            return self.own_held_out
        return min(self.rows - 1, max(1, round(self.rows * config.evaluation.held_out_share)))

    def train_rows(self, config: RunConfig) -> int:
        """How many rows the run learns from, about."""
        return self.rows - self.held_out(config)

    @property
    def largest(self) -> int:
        """In how many rows the commonest text stands."""
        counts = np.zeros(int(self.codes.max(initial=0)) + 1, dtype=np.int64)
        for column in range(self.codes.shape[1]):
            fresh = (self.codes[:, :column] != self.codes[:, [column]]).all(axis=1)
            counts += np.bincount(self.codes[fresh, column], minlength=len(counts))
        return int(counts.max(initial=0))


def read_facts(workspace: Workspace, dataset: DatasetInfo) -> Facts:
    """The facts of a stored table; a few tables are remembered.

    Raises:
        UnknownItem, DatasetUnreadable: it cannot be read.
    """
    return _facts(workspace.root, dataset.id, dataset.content_hash)


@lru_cache(maxsize=4)
def _facts(root: Path, id: str, content_hash: str) -> Facts:
    return facts_of(load_dataset(Workspace(root), id).frame())


def facts_of(frame: pd.DataFrame) -> Facts:
    """The facts of a checked table."""
    roles = text_roles(frame.columns)
    codes, _ = pd.factorize(pd.concat([frame[role] for role in roles], ignore_index=True))
    sample = frame.sample(min(SAMPLE_ROWS, len(frame)), random_state=0)
    scores = frame[SCORE].to_numpy(dtype=np.float64) if SCORE in frame else None
    return Facts(
        rows=len(frame),
        own_held_out=int((frame[SPLIT] == HELD_OUT).sum()) if SPLIT in frame else None,
        codes=np.asarray(codes, dtype=np.int64).reshape(len(roles), len(frame)).T.copy(),
        texts=tuple(str(text) for role in roles for text in sample[role]),
        lowest=float(scores.min()) if scores is not None else None,
        highest=float(scores.max()) if scores is not None else None,
        zeros=int((scores <= 0).sum()) if scores is not None else 0,
    )


def cut_share(workspace: Workspace, dataset: DatasetInfo, base: ResolvedBase, limit: int) -> float:
    """Which share (0 to 1) of the texts is longer than ``limit`` tokens."""
    assert base.tokenizer is not None
    lengths = _lengths(workspace.root, dataset.id, dataset.content_hash, base.tokenizer)
    return float((lengths > limit).mean())


@lru_cache(maxsize=8)
def _lengths(root: Path, id: str, content_hash: str, tokenizer: Path) -> NDArray[np.int64]:
    return token_lengths(tokenizer, _facts(root, id, content_hash).texts, None)


def reading_of(workspace: Workspace, dataset: DatasetInfo, base: ResolvedBase) -> Coverage:
    """How the base's vocabulary reads the table; remembered."""
    assert base.tokenizer is not None
    return _reading(workspace.root, dataset.id, dataset.content_hash, base.tokenizer)


@lru_cache(maxsize=8)
def _reading(root: Path, id: str, content_hash: str, tokenizer: Path) -> Coverage:
    return coverage(tokenizer, _facts(root, id, content_hash).texts)


def missing_characters(workspace: Workspace, dataset: DatasetInfo, base: ResolvedBase) -> int:
    """How many characters of the table could be added to the base's vocabulary; remembered.

    Of a table of more than 2,000 rows, those in 2,000 of them.
    """
    if base.kind == "static" or base.tokenizer is None:
        return 0
    return _missing(workspace.root, dataset.id, dataset.content_hash, base.tokenizer)


@lru_cache(maxsize=8)
def _missing(root: Path, id: str, content_hash: str, tokenizer: Path) -> int:
    texts = _facts(root, id, content_hash).texts
    return len(find_additions(tokenizer, texts, Extension()).characters)
