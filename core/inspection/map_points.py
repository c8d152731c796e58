"""The texts that a map shows, and what is known about each: held-out, a dataset's, a corpus's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.data.shapes import HELD_OUT, LABEL, SCORE, SPLIT, TEXT, TRAIN, text_roles
from core.data.store import load_dataset
from core.inspection.sheet import role_of
from core.models.roles import Role
from core.problems import N_, Problem
from core.retrieval.corpora import load_corpus
from core.training import artifacts
from core.training.run_models import RunFilesDamaged
from core.training.runs import Run
from core.workspace import Workspace

MOST_POINTS = 50_000
"""How many texts a map shows; of more, a random sample."""
ROLE = "role"
COLUMN = "source_column"
"""The field that says which column of the table a text came from, by the column's own title."""
EXAMPLE = "example"
"""The role of a text that somebody typed into the examples."""
_SEED = 42


class NothingToShow(Problem):
    what = N_("There is no text to put on the map.")
    do = N_("Choose other texts.")


@dataclass(frozen=True)
class MapPoints:
    """The texts of a map; a text's place in the list is its number everywhere else.

    Attributes:
        texts: distinct texts in an order that is random but always the same, so that the first few
            hundred are a fair sample.
        fields: what is known about each, a column a field, in the order of the texts: ``role``,
            ``source_column``, ``label``, ``score``, ``split``, or a corpus's own fields; None where
            it is not known.
        total: how many distinct texts there are in all.
        dataset: the dataset that the texts are from, if they are from one.
        roles: what each text is read as: anchors ask, what answers them and passages are found;
            none at all where that is known of no text.
    """

    texts: tuple[str, ...]
    fields: pd.DataFrame
    total: int
    dataset: str | None = None
    roles: tuple[Role | None, ...] = ()

    def first(self, count: int) -> MapPoints:
        """The first ``count`` texts alone."""
        return replace(
            self,
            texts=self.texts[:count],
            fields=self.fields.iloc[:count],
            roles=self.roles[:count],
        )


def held_out_points(workspace: Workspace, run: Run, extra: Sequence[str] = ()) -> MapPoints:
    """The texts of the rows that a run never trained on.

    Args:
        workspace: where the run's dataset is, which knows the titles of its columns.
        run: a finished run.
        extra: texts that come first, and are added where they are not among them: the examples,
            which can be typed.

    Raises:
        RunFilesDamaged: the held-out rows cannot be read.
        NothingToShow: there are none.
    """
    try:
        rows = pq.read_table(run.folder / artifacts.HELD_OUT).to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise RunFilesDamaged(file=artifacts.HELD_OUT, name=run.name) from error
    try:
        titles = dict(load_dataset(workspace, run.config.dataset.id).info.mapping.columns)
    except Problem:
        # Deleted since: the roles are known without it.
        titles = {}
    table = _distinct(rows.drop(columns=SPLIT, errors="ignore"), titles)
    known = set(table[TEXT])
    added = [text for text in dict.fromkeys(extra) if text not in known]
    if added:
        more = pd.DataFrame({TEXT: added, ROLE: EXAMPLE}, dtype=object)
        table = pd.concat([table, more], ignore_index=True)
    return _with_roles(_points(table, run.config.dataset.id, set(extra)))


def dataset_points(workspace: Workspace, id: str, held_out: Sequence[str] = ()) -> MapPoints:
    """The texts of a dataset.

    Args:
        workspace: where it is.
        id: which dataset.
        held_out: texts that the run on screen never trained on; where the dataset has no split of
            its own, these say which side a text is on.

    Raises:
        UnknownItem, DatasetUnreadable: it cannot be read.
        NothingToShow: it has no text.
    """
    dataset = load_dataset(workspace, id)
    table = _distinct(dataset.frame(), dict(dataset.info.mapping.columns))
    if SPLIT not in table and held_out:
        unseen = table[TEXT].isin(set(held_out))
        table[SPLIT] = np.where(unseen, HELD_OUT, TRAIN)
    return _with_roles(_points(table, id))


def corpus_points(workspace: Workspace, id: str) -> MapPoints:
    """The texts of a corpus with its further fields.

    Raises:
        UnknownItem, CorpusDamaged: it cannot be read.
        NothingToShow: it has no text.
    """
    corpus = load_corpus(workspace, id)
    texts = corpus.column(TEXT)
    # Only the texts are read as a whole: of millions, the fields of the sample alone are.
    first = _first_places(texts)
    if not len(first):
        raise NothingToShow
    chosen = first[_order(len(first))[:MOST_POINTS]]
    rows = {TEXT: texts.take(chosen).to_pylist()}
    for field in corpus.info.fields:
        rows[field] = corpus.column(field).take(chosen).to_pylist()
    table = pd.DataFrame(rows, dtype=object)
    fields = table[list(corpus.info.fields)]
    roles: tuple[Role | None, ...] = tuple("document" for _ in range(len(table)))
    return MapPoints(tuple(table[TEXT]), fields, len(first), roles=roles)


def listed_points(texts: Sequence[str]) -> MapPoints:
    """Texts that somebody wrote down, of which nothing is known; raises NothingToShow."""
    return _points(pd.DataFrame({TEXT: list(dict.fromkeys(texts))}, dtype=object), None)


def _distinct(rows: pd.DataFrame, titles: Mapping[str, str]) -> pd.DataFrame:
    """Each text of a table once, as it is first met, with its role and what its row says.

    ``titles`` are those of the columns that play the roles.
    """
    further = [name for name in (LABEL, SCORE, SPLIT) if name in rows]
    pieces = [
        rows[[role, *further]].rename(columns={role: TEXT}).assign(**{ROLE: role})
        for role in text_roles(rows.columns)
    ]
    table = pd.concat(pieces, ignore_index=True).drop_duplicates(TEXT, ignore_index=True)
    if titles:
        table.insert(1, COLUMN, table[ROLE].map(titles).astype(object))
    return table


def _points(
    table: pd.DataFrame, dataset: str | None, first: Collection[str] = frozenset()
) -> MapPoints:
    if table.empty:
        raise NothingToShow
    order = _order(len(table))
    ahead = table[TEXT].isin(first).to_numpy()[order]
    order = np.concatenate([order[ahead], order[~ahead]])[:MOST_POINTS]
    chosen = table.iloc[order].reset_index(drop=True)
    # The role first: it is what people colour by.
    names = sorted(chosen.columns.drop(TEXT), key=lambda name: name != ROLE)
    return MapPoints(tuple(chosen[TEXT]), chosen[names], len(table), dataset)


def _with_roles(points: MapPoints) -> MapPoints:
    """A dataset's texts, read as the columns say that they stand in."""
    roles = tuple(role_of(str(column)) for column in points.fields[ROLE])
    return replace(points, roles=roles if any(roles) else ())


def _order(count: int) -> NDArray[np.int64]:
    """An order of so many texts that is random but always the same."""
    return np.random.default_rng(_SEED).permutation(count)


def _first_places(texts: pa.ChunkedArray[Any]) -> NDArray[np.int64]:
    """Where each distinct text stands for the first time, in their order."""
    places = pa.chunked_array([np.arange(len(texts))])
    numbered = pa.table([texts, places], names=[TEXT, "place"])
    found = numbered.group_by(TEXT).aggregate([("place", "min")]).column("place_min").to_numpy()
    return np.sort(found)
