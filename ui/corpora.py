"""What to search in: choosing it, adding samples and own tables, having the models read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from core.data.read import Table, read_table
from core.data.reading.formats import SUFFIXES
from core.problems import Problem
from core.retrieval.answers import LEXICAL_AT_ONCE_ROWS, Column, ColumnKind
from core.retrieval.corpora import (
    Corpus,
    CorpusInfo,
    create_corpus,
    delete_corpus,
    list_corpora,
    load_corpus,
)
from core.retrieval.encode_job import encode_params
from core.retrieval.sample_corpora import SAMPLE_CORPORA, add_sample_corpus
from core.training.runs import Run
from core.workspace import Workspace
from ui import format as fmt
from ui import jobs
from ui.datasets import show_quarantine, table_sentence
from ui.language import _, ngettext, say
from ui.selection import choose, select, selected

STATE = st.session_state
_PREVIEW = 20


def corpus_name(info: CorpusInfo) -> str:
    """The corpus's name; a bundled sample's in the session's language."""
    return _(info.name) if info.sample else info.name


def choose_corpus(workspace: Workspace, run: Run | None) -> Corpus | None:
    """A drop-down of the corpora; None when there is none or it cannot be read.

    What a run was examined on comes up first.
    """
    infos = {info.id: info for info in list_corpora(workspace)}
    wished = selected("corpus")
    if wished is not None and wished not in infos and infos:
        st.warning(
            _("The corpus “{id}” was deleted. Here is another one.").format(
                id=fmt.verbatim(wished)
            ),
            icon=":material/warning:",
        )
    if wished not in infos and run is not None and run.config.evaluation.exam in infos:
        select("corpus", run.config.evaluation.exam)
    chosen = choose(
        "corpus",
        _("Search in"),
        {info.id: f"{corpus_name(info)} · {_texts(info.rows)}" for info in infos.values()},
    )
    if chosen is None:
        return None
    try:
        return load_corpus(workspace, chosen)
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")
        return None


def show_texts(workspace: Workspace, corpus: Corpus | None) -> None:
    """The view of what can be searched in: the corpus that is chosen, and adding others."""
    if corpus is not None:
        _describe(workspace, corpus)
    st.subheader(_("Add texts to search in"), anchor=False)
    with st.container(horizontal=True):
        add_samples(workspace)
    add_own(workspace)


def _describe(workspace: Workspace, corpus: Corpus) -> None:
    """The chosen corpus: what it holds, its first rows, and the way to delete it."""
    info = corpus.info
    st.subheader(fmt.verbatim(corpus_name(info)), anchor=False)
    facts = [_texts(info.rows), fmt.moment(info.created)]
    if info.fields:
        facts.append(_("fields: {names}").format(names=fmt.verbatim(", ".join(info.fields))))
    if info.left_out:
        left_out = ngettext("{n} row without a text", "{n} rows without a text", info.left_out)
        facts.append(left_out.format(n=fmt.number(info.left_out)))
    st.caption(" · ".join(facts))
    rows = pd.DataFrame(corpus.rows(range(min(_PREVIEW, info.rows))))
    st.dataframe(rows, hide_index=True, key=f"preview_{info.id}", alt=_("The first texts"))
    with st.popover(_("Delete"), icon=":material/delete:"):
        st.markdown(
            _("The texts, what the models have read of them and your judgements are deleted.")
        )
        if st.button(_("Delete for good"), type="primary", key=f"delete_{info.id}"):
            delete_corpus(workspace, info.id)
            select("corpus", None)
            st.rerun()


def add_samples(workspace: Workspace) -> None:
    """One button for every bundled corpus that has not been added yet."""
    there = {info.sample for info in list_corpora(workspace)}
    missing = [sample for sample in SAMPLE_CORPORA.values() if sample.id not in there]
    for sample in missing:
        if st.button(_(sample.name), key=f"corpus_{sample.id}", icon=":material/library_add:"):
            _keep(lambda id=sample.id: add_sample_corpus(workspace, id))


def add_own(workspace: Workspace) -> None:
    """Upload a table, say which column holds the texts, store it."""
    file = st.file_uploader(
        _("A table with one text to be found in every row, up to 1 GB"),
        type=list(SUFFIXES),
        help=_("CSV, Excel, JSON or Parquet, also in a .gz or .zip archive"),
        # A new key empties the control once the table is stored.
        key=f"corpus_upload_{STATE.get('corpora_added', 0)}",
    )
    if file is None:
        return
    try:
        with st.spinner(_("Reading {file} …").format(file=fmt.verbatim(file.name))):
            table = _read(file.file_id, file.getvalue(), file.name)
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")
        return
    st.markdown(table_sentence(table))
    show_quarantine(table)
    columns = [str(column) for column in table.frame.columns]
    # The longest texts are most likely what somebody wants to find.
    lengths = [table.frame[column].str.len().mean() for column in columns]
    left, right = st.columns(2)
    text_column = left.selectbox(
        _("Column with the texts"), columns, index=lengths.index(max(lengths)), key="corpus_text"
    )
    id_column = right.selectbox(
        _("Column with an id (optional)"),
        [column for column in columns if column != text_column],
        index=None,
        placeholder=_("number the rows"),
        key="corpus_id",
    )
    name = st.text_input(_("Name"), value=Path(file.name).stem, max_chars=80, key="corpus_name")
    if st.button(_("Add"), icon=":material/add:", type="primary", key="corpus_add"):
        _keep(
            lambda: create_corpus(
                workspace,
                name.strip() or Path(file.name).stem,
                table.frame,
                text_column=text_column,
                id_column=id_column,
            )
        )


def missing_of(corpus: Corpus, columns: Sequence[Column]) -> list[Column]:
    """The models that have not read the corpus yet, each once."""
    missing: dict[str, Column] = {}
    for column in columns:
        if column.fingerprint and corpus.dense_index(column.fingerprint) is None:
            missing.setdefault(column.fingerprint, column)
    return list(missing.values())


def encode_missing(
    workspace: Workspace, corpus: Corpus, columns: Sequence[Column], missing: Sequence[Column]
) -> None:
    """Have the corpus read by the models that have not done it yet, and show how far they are."""
    wanted = [
        jobs.Wanted(
            "encode_corpus",
            encode_params(corpus.info.id, column.model, column.fingerprint),
            "encode",
            column.name,
        )
        for column in missing
    ]
    if not wanted and _words_missing(corpus, columns):
        params = encode_params(corpus.info.id, None, None)
        wanted.append(jobs.Wanted("encode_corpus", params, "words", _("Word index")))
    if not wanted:
        return
    if missing:
        st.caption(
            _("The models are reading the corpus, once for all questions. BM25 answers meanwhile.")
        )
    jobs.follow(workspace, wanted)


def _words_missing(corpus: Corpus, columns: Sequence[Column]) -> bool:
    """Whether a column needs the word index of a corpus too large to index it while one waits."""
    return (
        any(column.kind is not ColumnKind.DENSE for column in columns)
        and corpus.info.rows > LEXICAL_AT_ONCE_ROWS
        and not corpus.lexical_folder.is_dir()
    )


def _read(file_id: str, content: bytes, name: str) -> Table:
    """The uploaded table, read once while its columns are being chosen."""
    if STATE.get("corpus_table", (None,))[0] != file_id:
        STATE["corpus_table"] = (file_id, read_table(content, name, minimum_columns=1))
    table: Table = STATE["corpus_table"][1]
    return table


def _keep(create: Callable[[], str]) -> None:
    """Store a corpus and search in it, or say why not."""
    try:
        with st.spinner(_("Storing the texts …")):
            id = create()
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")
        return
    STATE.pop("corpus_table", None)
    STATE["corpora_added"] = STATE.get("corpora_added", 0) + 1
    select("corpus", id)
    st.rerun()


def _texts(count: int) -> str:
    return ngettext("{n} text", "{n} texts", count).format(n=fmt.number(count))
