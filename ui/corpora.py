"""What to search in: choosing it, adding samples and own tables, having the models read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

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
from core.retrieval.reading_time import begin_at_once, reading_seconds
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

    What takes long waits until somebody says so.  A model whose vectors are there without the quick
    index that a large corpus gets goes on too.
    """
    slow = [one for one in columns if one.vectors and corpus.lacks_graph(one.vectors)]
    by_model = {column.fingerprint: column for column in (*slow, *missing)}
    wanted = [
        _reading(corpus, column.name, column.model, column.fingerprint)
        for column in by_model.values()
    ]
    if not wanted and words_missing(corpus, columns):
        wanted.append(_reading(corpus, _("Word index"), None, None))
    new = [one for one in wanted if not jobs.begun(workspace, one)]
    seconds = [_seconds(workspace, corpus, one) for one in new]
    at_once = begin_at_once(seconds)
    asked = [(one, took) for one, took, now in zip(new, seconds, at_once, strict=True) if not now]
    for_long = [one for one, _took in asked]
    wanted = [one for one in wanted if one not in for_long]
    if missing and any(one in new or jobs.at_work(workspace, one) for one in wanted):
        st.caption(
            _("The models are reading the corpus, once for all questions. BM25 answers meanwhile.")
        )
    if wanted:
        jobs.follow(workspace, wanted)
    if asked:
        _offer(workspace, corpus, asked)


def _reading(
    corpus: Corpus, title: str, model: Path | None, fingerprint: str | None
) -> jobs.Wanted:
    """The job by which one model reads the corpus; without a model, the one that indexes words."""
    return jobs.Wanted(
        "encode_corpus",
        encode_params(corpus.info.id, model, fingerprint),
        "encode" if model is not None else "words",
        title,
        stopped=_("{title}: stopped. What was read is kept, and reading goes on there.")
        if model is not None
        else _("{title}: stopped."),
    )


def _seconds(workspace: Workspace, corpus: Corpus, wanted: jobs.Wanted) -> float:
    """How long the job will take; nothing where it will only say what is wrong."""
    model, fingerprint = wanted.params["model"], wanted.params["fingerprint"]
    try:
        folder = Path(model) if model is not None else None
        return reading_seconds(workspace, corpus, folder, fingerprint)
    except Problem:
        return 0.0


def _offer(
    workspace: Workspace, corpus: Corpus, asked: Sequence[tuple[jobs.Wanted, float]]
) -> None:
    """Say how long reading will take, and have it begun by a button."""
    with st.container(border=True, key="reading_offer"):
        st.markdown(
            _("A model has to read all {texts} once before it can answer. On this machine:").format(
                texts=texts_count(corpus.info.rows)
            )
        )
        lines = [
            _("{title}: about {time}").format(
                title=fmt.verbatim(one.title), time=fmt.rough_duration(seconds)
            )
            for one, seconds in asked
        ]
        st.markdown("\n".join(f"- {line}" for line in lines))
        st.button(
            _("Begin reading"),
            key="begin_reading",
            type="primary",
            icon=":material/play_arrow:",
            on_click=jobs.begin,
            args=(workspace, [one for one, _took in asked]),
        )
        st.caption(_("It works in the background and can be stopped; what was read is kept."))


def texts_count(count: int) -> str:
    """How many texts, in words."""
    return ngettext("{n} text", "{n} texts", count).format(n=fmt.number(count))
