"""Search corpora on disk: their texts, their questions, and the indexes made from them."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.files import read_json, write_json
from core.problems import N_, Problem
from core.retrieval.dense import DenseIndex
from core.retrieval.hnsw import HNSW_FROM_ROWS, GraphInfo, HnswIndex, graph_info
from core.retrieval.index import Index
from core.retrieval.passages import (
    ID,
    TEXT,
    CorpusEmpty,
    IdMissing,
    IdRepeated,
    NoSuchColumn,
    Passages,
    batches_of,
    content_digest,
    write_passages,
)
from core.workspace import UnknownItem, Workspace, utc_now

__all__ = [
    "ID",
    "INFO_FILE",
    "TEXT",
    "TEXTS_FILE",
    "AnswerUnknown",
    "Corpus",
    "CorpusDamaged",
    "CorpusEmpty",
    "CorpusInfo",
    "IdMissing",
    "IdRepeated",
    "NoSuchColumn",
    "Question",
    "create_corpus",
    "delete_corpus",
    "list_corpora",
    "load_corpus",
]

INFO_FILE = "corpus.json"
TEXTS_FILE = "texts.parquet"
_INDEXES_KEPT = 8


class AnswerUnknown(Problem):
    what = N_("The question “{question}” names {id} as a right answer; {name} has no such id.")
    do = N_("Correct the id, or leave out the question.")


class CorpusDamaged(Problem):
    what = N_("The files of corpus {id} are missing or damaged.")
    do = N_("Delete the corpus and add its table again.")


@dataclass(frozen=True)
class Question:
    """A question that somebody might ask of a corpus, and its right answers' ids, if known."""

    question: str
    relevant: tuple[str, ...] = ()


@dataclass(frozen=True)
class CorpusInfo:
    """What ``corpus.json`` says.

    Attributes:
        name: what people call it; for a bundled sample a message id that screens translate.
        rows: how many texts it has.
        left_out: how many rows of the table had no text.
        content_hash: of the texts, the further fields and the questions; 64 hexadecimal digits.
        created: ISO 8601, UTC.
        text_column: the name that the text column had in the table.
        id_column: the name that the column of ids had; None when rows were numbered, and for
            corpora from before this was kept.
        fields: the further columns, in order.
        sample: which bundled sample it is, if it is one.
        parent: the corpus that it was made from by adding rows; that may have been deleted since.
    """

    id: str
    name: str
    rows: int
    left_out: int
    content_hash: str
    created: str
    text_column: str
    fields: tuple[str, ...]
    sample: str | None
    questions: tuple[Question, ...]
    id_column: str | None = None
    parent: str | None = None

    @property
    def judged(self) -> tuple[Question, ...]:
        """The questions whose right answers are known."""
        return tuple(question for question in self.questions if question.relevant)


@dataclass(frozen=True)
class Corpus:
    """A corpus and the places of its files.  It never changes once it is there."""

    info: CorpusInfo
    folder: Path

    def texts(self) -> list[str]:
        """All texts, in corpus order."""
        return cast("list[str]", self.column(TEXT).to_pylist())

    def ids(self) -> list[str]:
        """All ids, in corpus order."""
        return cast("list[str]", self.column(ID).to_pylist())

    def column(self, name: str) -> pa.ChunkedArray[Any]:
        """One column, in corpus order: ``id``, ``text`` or one of the further fields."""
        with self._readable():
            return self._passages.column(name)

    def frame(self) -> pd.DataFrame:
        """All columns: ``id``, ``text`` and the further fields, as strings."""
        with self._readable():
            return self._passages.table().to_pandas()

    def slices(self) -> Iterator[list[str]]:
        """The texts in corpus order, some ten thousands at a time."""
        with self._readable():
            yield from self._passages.slices()

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """All columns or those named, in corpus order, some thousands of rows at a time."""
        with self._readable():
            yield from self._passages.batches(columns)

    def places(self, ids: Iterable[str]) -> dict[str, int]:
        """At which positions the texts with these ids are, in corpus order; unknown ids are not."""
        column = self.column(ID)
        wanted = pa.array(list(dict.fromkeys(ids)), pa.string())
        at = np.flatnonzero(pc.is_in(column, value_set=wanted).to_numpy())
        found = cast("list[str]", column.take(at).to_pylist())
        return dict(zip(found, at.tolist(), strict=True))

    def rows(self, positions: Sequence[int]) -> list[dict[str, str]]:
        """The rows at ``positions`` in that order, each as column name to value."""
        with self._readable():
            return self._passages.take(positions)

    @property
    def lexical_folder(self) -> Path:
        """Where the lexical index is, once it is built."""
        return self.folder / "lexical"

    def vectors_path(self, name: str) -> Path:
        """Where vectors are, once they are computed.

        Their name is :func:`core.models.roles.vectors_name` of the model and its documents; also
        everywhere below.
        """
        return self.folder / "vectors" / f"{name}.npy"

    def dense_index(self, name: str) -> DenseIndex | None:
        """The exact index over the vectors of one model; None while they are not computed."""
        path = self.vectors_path(name)
        try:
            index = _open_vectors(path, _stamp(path))
        except (OSError, EOFError, ValueError):
            return None
        return index if len(index) == self.info.rows else None

    def index(self, name: str) -> Index | None:
        """The quickest index over the vectors of one model; None while they are not computed.

        That is the approximate one where it was built, else the exact one.
        """
        exact = self.dense_index(name)
        if exact is None or self.graph(name) is None:
            return exact
        path = self.vectors_path(name)
        try:
            return _open_graph(path, _stamp(path))
        except (OSError, ValueError):
            return exact

    def graph(self, name: str) -> GraphInfo | None:
        """What the approximate index over one model's vectors reaches; None when there is none."""
        return graph_info(self.vectors_path(name))

    def lacks_graph(self, name: str) -> bool:
        """Whether an approximate index over one model's vectors is worth building, and can be."""
        return (
            self.info.rows >= HNSW_FROM_ROWS
            and find_spec("faiss") is not None
            and self.dense_index(name) is not None
            and self.graph(name) is None
        )

    @property
    def _passages(self) -> Passages:
        return Passages(self.folder / TEXTS_FILE, self.info.content_hash)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (OSError, pa.ArrowException) as error:
            raise CorpusDamaged(id=self.info.id) from error


def create_corpus(
    workspace: Workspace,
    name: str,
    table: pd.DataFrame | Iterable[pa.RecordBatch],
    *,
    text_column: str,
    id_column: str | None = None,
    questions: Sequence[Question] = (),
    sample: str | None = None,
    parent: CorpusInfo | None = None,
) -> str:
    """Store a table of texts to search in.

    The same texts with the same questions are stored once: the id of the corpus that is already
    there comes back.

    Args:
        workspace: where to.
        name: what people will call it.
        table: the table; a stream of batches is never held as a whole.  Rows whose text is blank
            are left out and counted; missing cells are empty ones.
        text_column: the column with the texts.
        id_column: the column that names each text; rows are numbered from 1 when None.
        questions: example questions, with the ids of their right answers where these are known.
        sample: which bundled sample this is.
        parent: the corpus that it was made from by adding rows, whose columns' names it keeps.

    Returns:
        The corpus id.

    Raises:
        NoSuchColumn: the table has no such column.
        CorpusEmpty: no row has a text.
        IdMissing: a row with a text has no id.
        IdRepeated: two rows have the same id.
        AnswerUnknown: a question's right answer is no row of the corpus.
    """
    batches = batches_of(table) if isinstance(table, pd.DataFrame) else table
    questions = tuple(questions)
    temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=workspace.corpora))
    try:
        path = temporary / TEXTS_FILE
        written = write_passages(path, name, batches, text_column=text_column, id_column=id_column)
        _check_answers(path, name, questions)
        content_hash = _content_hash(path, questions)
        existing = _find(workspace, content_hash)
        if existing is not None:
            return existing
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "corpus"
        info = CorpusInfo(
            id=f"{slug}-{content_hash[:12]}",
            name=name,
            rows=written.rows,
            left_out=written.left_out,
            content_hash=content_hash,
            created=utc_now(),
            text_column=parent.text_column if parent else text_column,
            fields=written.fields,
            sample=sample,
            questions=questions,
            id_column=parent.id_column if parent else id_column,
            parent=parent.id if parent else None,
        )
        write_json(temporary / INFO_FILE, asdict(info))
        _publish(workspace, temporary, info)
        return info.id
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def list_corpora(workspace: Workspace) -> list[CorpusInfo]:
    """Every readable corpus, the newest first."""
    infos = []
    for folder in workspace.corpora.iterdir():
        if folder.name.startswith("."):
            continue
        try:
            infos.append(load_corpus(workspace, folder.name).info)
        except (CorpusDamaged, UnknownItem):
            # A folder that is no corpus, or half deleted by hand, must not hide the others.
            continue
    return sorted(infos, key=lambda info: (info.created, info.id), reverse=True)


def load_corpus(workspace: Workspace, id: str) -> Corpus:
    """The corpus ``id``.

    Raises:
        UnknownItem: there is none.
        CorpusDamaged: its description cannot be read.
    """
    folder = workspace.corpus(id)
    try:
        data = read_json(folder / INFO_FILE)
        questions = tuple(
            Question(one["question"], tuple(one["relevant"])) for one in data.pop("questions")
        )
        fields = tuple(data.pop("fields"))
        return Corpus(CorpusInfo(**data, fields=fields, questions=questions), folder)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CorpusDamaged(id=id) from error


def delete_corpus(workspace: Workspace, id: str) -> None:
    """Delete a corpus and its indexes.

    Raises:
        UnknownItem: there is none.
    """
    folder = workspace.corpus(id)
    # Renamed first, so that nobody meets half a corpus.
    grave = Path(tempfile.mkdtemp(prefix=".deleted-", dir=workspace.corpora))
    os.rename(folder, grave / id)
    # What is held open of its files would keep their space on the disk.
    _open_vectors.cache_clear()
    _open_graph.cache_clear()
    shutil.rmtree(grave, ignore_errors=True)


def _check_answers(path: Path, name: str, questions: tuple[Question, ...]) -> None:
    """Raise AnswerUnknown when a question's right answer is no row of the file at ``path``."""
    wanted = {answer for question in questions for answer in question.relevant}
    if wanted:
        asked = pa.array(list(wanted), pa.string())
        known = pc.is_in(asked, value_set=Passages(path, "").column(ID))
        wanted.difference_update(asked.filter(known).to_pylist())
    for question in questions:
        for answer in question.relevant:
            if answer in wanted:
                raise AnswerUnknown(question=question.question, id=answer, name=name)


def _content_hash(path: Path, questions: tuple[Question, ...]) -> str:
    digest = content_digest(path)
    digest.update(json.dumps([[q.question, q.relevant] for q in questions]).encode())
    return digest.hexdigest()


def _find(workspace: Workspace, content_hash: str) -> str | None:
    for folder in workspace.corpora.glob(f"*-{content_hash[:12]}"):
        try:
            info = load_corpus(workspace, folder.name).info
        except (CorpusDamaged, UnknownItem):
            continue
        if info.content_hash == content_hash:
            return info.id
    return None


def _publish(workspace: Workspace, temporary: Path, info: CorpusInfo) -> None:
    """Make the corpus's folder appear whole or not at all."""
    # mkdtemp's folder is the owner's alone; a corpus is as readable as the rest.
    temporary.chmod(0o755)
    try:
        os.rename(temporary, workspace.corpora / info.id)
    except OSError:
        if _find(workspace, info.content_hash) != info.id:
            raise


def _stamp(path: Path) -> tuple[int, int]:
    """What changes when the file at ``path`` is replaced; raises FileNotFoundError."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


@lru_cache(maxsize=_INDEXES_KEPT)
def _open_vectors(path: Path, stamp: tuple[int, int]) -> DenseIndex:
    """The opened vectors; kept, because what was read of the file need not be mapped again."""
    return DenseIndex.open(path)


@lru_cache(maxsize=_INDEXES_KEPT)
def _open_graph(path: Path, stamp: tuple[int, int]) -> HnswIndex:
    return HnswIndex.open(path, _open_vectors(path, stamp))
