"""Whom ``search`` and ``evaluate`` ask: words of the command line to columns of answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from core.cli.output import say
from core.cli.work import work
from core.matching.models import OfferedModel, offered_models, use
from core.problems import N_, Problem
from core.retrieval.answers import Column
from core.retrieval.candidates import (
    BUNDLED_KEY,
    WORDS_KEY,
    Candidate,
    Candidates,
    Source,
    column_of,
    default_keys,
    find_candidates,
)
from core.retrieval.corpora import Corpus
from core.retrieval.encode_job import encode_params, missing_models, words_missing
from core.training.runs import Run, finished_runs
from core.workspace import Workspace

MOST = 6
"""As many as the Search screen shows side by side."""
BASE, FUSION = "base", "fusion"
BY_HELP = (
    "whom to ask: a run's id, base, bm25, fusion (a model with BM25), minilm, or a model's folder "
    "or name; several with commas or by giving it again; the others are compared with the first"
)


class AskedUnknown(Problem):
    what = N_("There is nobody named {name} to search with.")
    do = N_("Give the id of a finished run, base, bm25, fusion, minilm, or the folder of a model.")


class TooManyColumns(Problem):
    what = N_("{count} are too many to compare: {most} is the most.")
    do = N_("Name fewer with --by.")


def chosen_columns(workspace: Workspace, by: Sequence[str]) -> list[Column]:
    """Those whom ``--by`` names; without it those of the Search screen for the newest run.

    ``base`` and ``fusion`` belong to the first run that is named, else to the newest one.

    Raises:
        AskedUnknown: a word names nobody.
        TooManyColumns: there are more than six.
        Problem: a model's folder was deleted, or holds another model now.
    """
    words = [word for text in by for word in map(str.strip, text.split(",")) if word]
    runs = finished_runs(workspace)
    by_id = {run.id: run for run in runs}
    named = next((by_id[word] for word in words if word in by_id), None)
    run = named or (runs[0] if runs else None)
    offered = find_candidates(runs, run)
    if not words:
        keys, _gone = offered.settle(default_keys(run))
        columns = [_column(offered, key) for key in keys]
    else:
        columns = [_asked(workspace, offered, word, run) for word in words]
    distinct = {column.key: column for column in reversed(columns)}
    columns = [distinct[key] for key in dict.fromkeys(column.key for column in columns)]
    if len(columns) > MOST:
        raise TooManyColumns(count=len(columns), most=MOST)
    return _told_apart(columns)


def encode_missing(
    workspace: Workspace, corpus: Corpus, columns: Iterable[Column], *, json: bool
) -> bool:
    """Have the corpus read by the models that have not read it yet; whether all of them have."""
    columns = list(columns)
    missing = missing_models(corpus, columns)
    for column in missing:
        say(column.name, error=True)
        params = encode_params(corpus.info.id, column.model, column.fingerprint)
        if not work(workspace, "encode_corpus", params, "encode", json=json):
            return False
    if words_missing(corpus, columns):
        params = encode_params(corpus.info.id, None, None)
        return work(workspace, "encode_corpus", params, "words", json=json)
    return True


def _asked(workspace: Workspace, offered: Candidates, word: str, run: Run | None) -> Column:
    """The column that one word names."""
    first = f"tuned:{run.id}" if run is not None else BUNDLED_KEY
    meant = {
        BASE: f"base:{run.id}" if run is not None else BUNDLED_KEY,
        FUSION: f"fused:{first}",
        WORDS_KEY: WORDS_KEY,
    }.get(word, word)
    for key in (meant, f"tuned:{meant}"):
        known, _gone = offered.settle([key])
        if known:
            return _column(offered, known[0])
    return _of_model(workspace, word)


def _column(offered: Candidates, key: str) -> Column:
    candidate = offered.by_key[key]
    return column_of(candidate, _title(candidate))


def _title(candidate: Candidate) -> str:
    """What a column is called, as above it on Search."""
    if candidate.source is Source.WORDS:
        return "BM25"
    if candidate.source is Source.TUNED and candidate.run is not None:
        name, plain = candidate.run.name, f"Tuned: {candidate.run.name}"
    else:
        name = candidate.model_name.rpartition("/")[2]
        plain = f"Base: {name}"
    return f"{name} with BM25" if candidate.fused else plain


def _of_model(workspace: Workspace, word: str) -> Column:
    """A model that no run knows: a folder, or one from a hub."""
    offer = next(
        (
            offer
            for offer in offered_models(workspace)
            if offer.role != "tuned" and word in (offer.name, offer.name.rpartition("/")[2])
        ),
        None,
    )
    if offer is None and Path(word).is_dir():
        path = Path(word).resolve()
        offer = OfferedModel(f"folder:{path}", "folder", path.name, path)
    if offer is None:
        raise AskedUnknown(name=word)
    model = use(offer)
    return Column.dense(offer.name.rpartition("/")[2], model.folder, model.fingerprint)


def _told_apart(columns: Sequence[Column]) -> list[Column]:
    """Columns of the same name get a number."""
    repeated = Counter(column.name for column in columns)
    met: Counter[str] = Counter()
    named = []
    for column in columns:
        met[column.name] += 1
        again = repeated[column.name] > 1
        name = f"{column.name} ({met[column.name]})" if again else column.name
        named.append(replace(column, name=name))
    return named
