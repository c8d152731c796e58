"""What to search in: choosing it, adding samples and own tables, having the models read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from core.problems import Problem
from core.retrieval.answers import Column
from core.retrieval.corpora import (
    Corpus,
    CorpusInfo,
    list_corpora,
    load_corpus,
)
from core.retrieval.encode_job import encode_params, words_missing
from core.retrieval.sample_corpora import SAMPLE_CORPORA
from core.retrieval.succession import current_corpora, successors
from core.training.runs import Run
from core.workspace import Workspace
from ui import format as fmt
from ui import jobs
from ui.language import _, ngettext, say
from ui.selection import choose, select, selected

STATE = st.session_state
_PREVIEW = 20


def corpus_name(info: CorpusInfo) -> str:
    """The corpus's name; that of a bundled sample, also with more rows, in one's own language."""
    samples = {sample.name for sample in SAMPLE_CORPORA.values()}
    return _(info.name) if info.name in samples else info.name


def choose_corpus(workspace: Workspace, run: Run | None) -> Corpus | None:
    """A drop-down of the corpora; None when there is none or it cannot be read.

    What a run was examined on comes up first.
    """
    infos = {info.id: info for info in current_corpora(workspace)}
    wished = selected("corpus")
    if wished is not None and wished not in infos:
        earlier = next((info for info in list_corpora(workspace) if info.id == wished), None)
        if earlier is not None:
            infos[wished] = earlier
            _say_earlier(workspace, earlier)
        elif infos:
            st.warning(
                _("The corpus “{id}” was deleted. Here is another one.").format(
                    id=fmt.verbatim(wished)
                ),
                icon=":material/warning:",
            )
    if wished not in infos and run is not None and run.config.evaluation.exam in infos:
        select("corpus", run.config.evaluation.exam)
    chosen = choose("corpus", _("Search in"), corpus_titles(list(infos.values())))
    if chosen is None:
        return None
    try:
        return load_corpus(workspace, chosen)
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")
        return None


def corpus_titles(infos: Sequence[CorpusInfo]) -> dict[str, str]:
    """What each corpus is called in a list, by its id: those of one name with when they came."""
    titles = {info.id: f"{corpus_name(info)} · {texts_count(info.rows)}" for info in infos}
    named = Counter(corpus_name(info) for info in infos)
    for info in infos:
        if named[corpus_name(info)] > 1:
            titles[info.id] += f" · {fmt.moment(info.created)}"
    return titles


def _say_earlier(workspace: Workspace, info: CorpusInfo) -> None:
    """Say of a corpus that a link leads to that another one took its place, and offer that."""
    later = {one.id: one for one in list_corpora(workspace)}
    replaced = successors(list(later.values()))
    id = info.id
    while id in replaced:
        id = replaced[id]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(
            _("“{name}” has grown since: {then} then, {now} now.").format(
                name=fmt.verbatim(corpus_name(info)),
                then=texts_count(info.rows),
                now=texts_count(later[id].rows),
            ),
            icon=":material/history:",
        )
        st.button(
            _("Search in all of it"),
            key="corpus_later",
            icon=":material/update:",
            on_click=select,
            args=("corpus", id),
        )


def encode_missing(
    workspace: Workspace, corpus: Corpus, columns: Sequence[Column], missing: Sequence[Column]
) -> None:
    """Have the corpus read by the models that have not done it yet, and show how far they are.

    A model whose vectors are there without the quick index that a large corpus gets goes on too.
    """
    slow = [one for one in columns if one.vectors and corpus.lacks_graph(one.vectors)]
    by_model = {column.fingerprint: column for column in (*slow, *missing)}
    wanted = [
        jobs.Wanted(
            "encode_corpus",
            encode_params(corpus.info.id, column.model, column.fingerprint),
            "encode",
            column.name,
        )
        for column in by_model.values()
    ]
    if not wanted and words_missing(corpus, columns):
        params = encode_params(corpus.info.id, None, None)
        wanted.append(jobs.Wanted("encode_corpus", params, "words", _("Word index")))
    if not wanted:
        return
    if missing:
        st.caption(
            _("The models are reading the corpus, once for all questions. BM25 answers meanwhile.")
        )
    jobs.follow(workspace, wanted)


def texts_count(count: int) -> str:
    """How many texts, in words."""
    return ngettext("{n} text", "{n} texts", count).format(n=fmt.number(count))
