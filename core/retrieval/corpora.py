"""Search corpora on disk: their texts, their questions, and the indexes made from them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.files import read_json, write_json
from core.problems import N_, Problem
from core.retrieval.dense import DenseIndex
from core.workspace import UnknownItem, Workspace, utc_now

INFO_FILE = "corpus.json"
TEXTS_FILE = "texts.parquet"
ID = "id"
TEXT = "text"
_TABLES_KEPT = 2


class CorpusEmpty(Problem):
    what = N_("The table for {name} has no row with a text in column {column}.")
    do = N_("Choose the column that holds the texts to search in, or another file.")


class NoSuchColumn(Problem):
    what = N_("The table for {name} has no column named {column}; it has: {columns}.")
    do = N_("Choose one of its columns.")


class IdMissing(Problem):
    what = N_("Column {column} should name every text, but row {row} of {name} is empty there.")
    do = N_("Fill it in, or choose no id column: the rows are then numbered.")


class IdRepeated(Problem):
    what = N_("The id {id} stands in rows {first} and {second} of {name}.")
    do = N_("Make the ids in column {column} different, or choose no id column.")


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
        fields: the further columns, in order.
        sample: which bundled sample it is, if it is one.
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
        return cast("list[str]", self._table().column(TEXT).to_pylist())

    def ids(self) -> list[str]:
        """All ids, in corpus order."""
        return cast("list[str]", self._table().column(ID).to_pylist())

    def frame(self) -> pd.DataFrame:
        """All columns: ``id``, ``text`` and the further fields, as strings."""
        return self._table().to_pandas()

    def rows(self, positions: Sequence[int]) -> list[dict[str, str]]:
        """The rows at ``positions`` in that order, each as column name to value."""
        rows = self._table().take(pa.array(positions, pa.int64()))
        return cast("list[dict[str, str]]", rows.to_pylist())

    @property
    def lexical_folder(self) -> Path:
        """Where the lexical index is, once it is built."""
        return self.folder / "lexical"

    def vectors_path(self, fingerprint: str) -> Path:
        """Where the vectors of the model with ``fingerprint`` are, once they are computed."""
        return self.folder / "vectors" / f"{fingerprint}.npy"

    def dense_index(self, fingerprint: str) -> DenseIndex | None:
        """The index over the vectors of one model; None while they have not been computed."""
        try:
            index = DenseIndex.open(self.vectors_path(fingerprint))
        except (OSError, EOFError, ValueError):
            return None
        return index if len(index) == self.info.rows else None

    def _table(self) -> pa.Table:
        path = self.folder / TEXTS_FILE
        try:
            return _read_table(path, self.info.content_hash)
        except (OSError, pa.ArrowException) as error:
            raise CorpusDamaged(id=self.info.id) from error


def create_corpus(
    workspace: Workspace,
    name: str,
    frame: pd.DataFrame,
    *,
    text_column: str,
    id_column: str | None = None,
    questions: Sequence[Question] = (),
    sample: str | None = None,
) -> str:
    """Store a table of texts to search in.

    The same texts with the same questions are stored once: the id of the corpus that is already
    there comes back.

    Args:
        workspace: where to.
        name: what people will call it.
        frame: the table, every cell a string; rows whose text is blank are left out and counted.
        text_column: the column with the texts.
        id_column: the column that names each text; rows are numbered from 1 when None.
        questions: example questions, with the ids of their right answers where these are known.
        sample: which bundled sample this is.

    Returns:
        The corpus id.

    Raises:
        NoSuchColumn: the table has no such column.
        CorpusEmpty: no row has a text.
        IdMissing: a row with a text has no id.
        IdRepeated: two rows have the same id.
        AnswerUnknown: a question's right answer is no row of the corpus.
    """
    kept, fields = _tidy(name, frame, text_column, id_column)
    questions = tuple(questions)
    known = set(kept[ID])
    for question in questions:
        for answer in question.relevant:
            if answer not in known:
                raise AnswerUnknown(question=question.question, id=answer, name=name)
    content_hash = _content_hash(kept, questions)
    existing = _find(workspace, content_hash)
    if existing is not None:
        return existing
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "corpus"
    info = CorpusInfo(
        id=f"{slug}-{content_hash[:12]}",
        name=name,
        rows=len(kept),
        left_out=len(frame) - len(kept),
        content_hash=content_hash,
        created=utc_now(),
        text_column=text_column,
        fields=fields,
        sample=sample,
        questions=questions,
    )
    _write(workspace, info, kept)
    return info.id


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
    shutil.rmtree(grave, ignore_errors=True)


def _tidy(
    name: str, frame: pd.DataFrame, text_column: str, id_column: str | None
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The rows with a text as columns id, text and the further fields; and the fields' names."""
    columns = [str(column) for column in frame.columns]
    for wanted in (text_column, id_column):
        if wanted is not None and wanted not in columns:
            raise NoSuchColumn(name=name, column=wanted, columns=", ".join(columns))
    table = frame.fillna("").astype(str).reset_index(drop=True)
    table = table[table[text_column].str.strip() != ""]
    if table.empty:
        raise CorpusEmpty(name=name, column=text_column)
    numbers = np.asarray(table.index) + 1
    if id_column is None:
        ids = [str(number) for number in numbers]
    else:
        ids = [id.strip() for id in table[id_column]]
        _check_ids(name, id_column, ids, numbers)
    kept = {ID: ids, TEXT: table[text_column].tolist()}
    fields = []
    for column in columns:
        if column not in (text_column, id_column):
            field = column
            while field in kept:
                field += "_"
            kept[field] = table[column].tolist()
            fields.append(field)
    return pd.DataFrame(kept, dtype=object), tuple(fields)


def _check_ids(name: str, column: str, ids: list[str], numbers: NDArray[np.int64]) -> None:
    first: dict[str, int] = {}
    for id, number in zip(ids, numbers.tolist(), strict=True):
        if not id:
            raise IdMissing(column=column, row=number, name=name)
        if id in first:
            raise IdRepeated(id=id, first=first[id], second=number, name=name, column=column)
        first[id] = number


def _content_hash(table: pd.DataFrame, questions: tuple[Question, ...]) -> str:
    digest = hashlib.sha256()
    for column in table.columns:
        values = json.dumps([column, table[column].tolist()], ensure_ascii=False)
        digest.update(values.encode("utf-8", "surrogatepass"))
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


def _write(workspace: Workspace, info: CorpusInfo, table: pd.DataFrame) -> None:
    """Make the corpus's folder appear whole or not at all."""
    temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=workspace.corpora))
    try:
        schema = pa.schema([(str(column), pa.string()) for column in table.columns])
        pq.write_table(
            pa.Table.from_pandas(table, schema, preserve_index=False), temporary / TEXTS_FILE
        )
        write_json(temporary / INFO_FILE, asdict(info))
        # mkdtemp's folder is the owner's alone; a corpus is as readable as the rest.
        temporary.chmod(0o755)
        final = workspace.corpora / info.id
        try:
            os.rename(temporary, final)
        except OSError:
            if _find(workspace, info.content_hash) != info.id:
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@lru_cache(maxsize=_TABLES_KEPT)
def _read_table(path: Path, content_hash: str) -> pa.Table:
    """The table at ``path``; kept, because every question needs a few of its rows."""
    return pq.read_table(path, memory_map=True)
