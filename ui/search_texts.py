"""The view of what can be searched in: the chosen corpus, and ways to add texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.data.read import Table, read_table
from core.data.reading.formats import SUFFIXES
from core.data.shapes import text_roles
from core.data.staging import peek_staged, stage_upload
from core.data.store import list_datasets
from core.jobs import queue
from core.jobs.status import JobState, JobStatus
from core.problems import Problem
from core.retrieval.corpora import (
    Corpus,
    create_corpus,
    list_corpora,
)
from core.retrieval.corpus_job import store_params, stored_corpus
from core.retrieval.growth import Added, add_rows, corpus_from_dataset
from core.retrieval.sample_corpora import SAMPLE_CORPORA, add_sample_corpus
from core.retrieval.succession import delete_with_earlier
from core.retrieval.table_columns import ID_NAMES, likely_text_column, named_column
from core.workspace import UnknownItem, Workspace
from ui import format as fmt
from ui import jobs
from ui.corpora import corpus_name, texts_count
from ui.datasets import column_title, dataset_name, show_quarantine, table_sentence
from ui.language import _, ngettext, paragraph, say
from ui.search_columns import Asked
from ui.search_index import say_index
from ui.selection import select
from ui.staged import is_large

STATE = st.session_state
_PREVIEW = 20
_PEEKED = 200
_TABLE, _COUNT, _JOB, _ADDED = "corpus_table", "corpora_added", "corpus_job", "corpus_rows_added"


def show_texts(workspace: Workspace, corpus: Corpus | None, asked: Sequence[Asked]) -> None:
    """What the chosen corpus holds, and adding others.

    Args:
        workspace: where the corpora are.
        corpus: the chosen one; None while there is none.
        asked: the models that are compared, for what is known of their indexes.
    """
    _follow_job(workspace)
    if corpus is not None:
        _describe(workspace, corpus, asked)
    st.subheader(_("Add texts to search in"), anchor=False)
    with st.container(horizontal=True):
        _add_samples(workspace)
    _add_own(workspace, corpus)
    _add_from_dataset(workspace)


def _describe(workspace: Workspace, corpus: Corpus, asked: Sequence[Asked]) -> None:
    """The chosen corpus: what it holds, its first rows, and the way to delete it."""
    info = corpus.info
    st.subheader(fmt.verbatim(corpus_name(info)), anchor=False)
    added: Added | None = STATE.get(_ADDED)
    if added is not None and added.corpus == info.id:
        st.success(_what_was_added(added), icon=":material/check:")
    facts = [texts_count(info.rows), fmt.moment(info.created)]
    if info.fields:
        facts.append(_("fields: {names}").format(names=fmt.verbatim(", ".join(info.fields))))
    if info.left_out:
        left_out = ngettext("{n} row without a text", "{n} rows without a text", info.left_out)
        facts.append(left_out.format(n=fmt.number(info.left_out)))
    st.caption(" · ".join(facts))
    for one in asked:
        say_index(corpus, one)
    rows = pd.DataFrame(corpus.rows(range(min(_PREVIEW, info.rows))))
    st.dataframe(rows, hide_index=True, key=f"preview_{info.id}", alt=_("The first texts"))
    with st.popover(_("Delete"), icon=":material/delete:"):
        st.markdown(
            _("The texts, what the models have read of them and your judgements are deleted.")
        )
        if st.button(_("Delete for good"), type="primary", key=f"delete_{info.id}"):
            delete_with_earlier(workspace, info.id)
            select("corpus", None)
            st.rerun()


def _add_samples(workspace: Workspace) -> None:
    """One button for every bundled corpus that has not been added yet."""
    there = {info.sample for info in list_corpora(workspace)}
    for sample in SAMPLE_CORPORA.values():
        if sample.id not in there and st.button(
            _(sample.name), key=f"corpus_{sample.id}", icon=":material/library_add:"
        ):
            _keep(lambda id=sample.id: add_sample_corpus(workspace, id))


def _add_own(workspace: Workspace, corpus: Corpus | None) -> None:
    """Upload a table, say which column holds the texts, store it."""
    file = st.file_uploader(
        _("A table with one text to be found in every row, up to 1 GB"),
        type=list(SUFFIXES),
        help=_("CSV, Excel, JSON or Parquet, also in a .gz or .zip archive"),
        # A new key empties the control once the table is stored.
        key=f"corpus_upload_{STATE.get(_COUNT, 0)}",
    )
    if file is None:
        return
    large = is_large(file.size)
    try:
        with st.spinner(_("Reading {file} …").format(file=fmt.verbatim(file.name))):
            upload = _staged(workspace, file) if large else None
            table = None if large else _read(file.file_id, file.getvalue(), file.name)
            frame = _first_rows(workspace, upload, table)
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")
        return
    if table is not None:
        st.markdown(table_sentence(table))
        show_quarantine(table)
    text, id, name, add_to = _choose_columns(frame, Path(file.name).stem, corpus)
    if not st.button(_("Add"), icon=":material/add:", type="primary", key="corpus_add"):
        return
    if upload is not None:
        _start_job(workspace, upload, name, text, id, add_to)
    elif add_to is not None:
        _keep(lambda: _grow(workspace, add_to, frame, text, id))
    else:
        _keep(lambda: create_corpus(workspace, name, frame, text_column=text, id_column=id))


def _choose_columns(
    frame: pd.DataFrame, stem: str, corpus: Corpus | None
) -> tuple[str, str | None, str, Corpus | None]:
    """Text column, id column, name, and the corpus that the rows are added to, if they are."""
    columns = [str(column) for column in frame.columns]
    add_to = None
    if corpus is not None and st.checkbox(
        _("Add these rows to “{name}”").format(name=fmt.verbatim(corpus_name(corpus.info))),
        key="corpus_add_to",
        help=_("Only the new rows are read by the models; your judgements are kept."),
    ):
        add_to = corpus
    likely = likely_text_column(frame)
    if add_to is not None and add_to.info.text_column in columns:
        likely = columns.index(add_to.info.text_column)
    # Other keys, so that other columns are proposed.
    key = "_added" if add_to is not None else ""
    left, right = st.columns(2)
    text = left.selectbox(
        _("Column with the texts"), columns, index=likely, key=f"corpus_text{key}"
    )
    others = [column for column in columns if column != text]
    known = add_to.info.id_column if add_to is not None else None
    id = right.selectbox(
        _("Column with an id (optional)"),
        others,
        index=others.index(known) if known in others else _likely_id(frame, others, add_to),
        placeholder=_("number the rows"),
        key=f"corpus_id{key}",
    )
    if add_to is not None:
        return text, id, add_to.info.name, add_to
    name = st.text_input(_("Name"), value=stem, max_chars=80, key="corpus_name")
    return text, id, name.strip() or stem, None


def _likely_id(frame: pd.DataFrame, others: Sequence[str], add_to: Corpus | None) -> int | None:
    """The place of a column that calls itself an id and is one, for a new corpus."""
    place = named_column(others, ID_NAMES) if add_to is None else None
    if place is None:
        return None
    cells = frame[others[place]]
    return place if cells.is_unique and (cells.str.strip() != "").all() else None


def _grow(workspace: Workspace, old: Corpus, frame: pd.DataFrame, text: str, id: str | None) -> str:
    """Add rows to a corpus."""
    added = add_rows(workspace, old.info.id, frame, text_column=text, id_column=id)
    STATE[_ADDED] = added
    return added.corpus


def _what_was_added(added: Added) -> str:
    """What became of rows that were added."""
    sentence = ngettext("{n} row was added.", "{n} rows were added.", added.rows)
    words = [sentence.format(n=fmt.number(added.rows))]
    if added.already:
        sentence = ngettext("{n} was there already.", "{n} were there already.", added.already)
        words.append(sentence.format(n=fmt.number(added.already)))
    if added.rows:
        words.append(
            _(
                "These texts take the place of the earlier ones, with your judgements; a link to "
                "the earlier ones still opens them."
            )
        )
    return paragraph(*words)


def _add_from_dataset(workspace: Workspace) -> None:
    """Search in the texts of a dataset."""
    datasets = {info.id: info for info in list_datasets(workspace)}
    if not datasets:
        return
    with st.expander(_("From a dataset"), icon=":material/table_view:"):
        chosen = st.selectbox(
            _("Dataset"),
            list(datasets),
            format_func=lambda id: dataset_name(datasets[id]),
            key="corpus_dataset",
        )
        info = datasets[chosen]
        roles = text_roles(info.columns)
        columns = st.multiselect(
            _("Columns whose texts are searched"),
            roles,
            default=[role for role in roles if role != "anchor"] or roles,
            format_func=lambda role: column_title(info, role),
            key=f"corpus_roles_{chosen}",
        )
        if st.button(
            _("Add its texts"),
            icon=":material/add:",
            key="corpus_from_dataset",
            disabled=not columns,
        ):
            _keep(lambda: corpus_from_dataset(workspace, chosen, columns, dataset_name(info)))


def _start_job(
    workspace: Workspace,
    upload: str,
    name: str,
    text: str,
    id: str | None,
    add_to: Corpus | None,
) -> None:
    """Have a large table stored by a job."""
    old = add_to.info.id if add_to is not None else None
    params = store_params(upload, name, text_column=text, id_column=id, add_to=old)
    wanted = jobs.Wanted("store_corpus", params, "texts", name)
    job = queue.submit_once(workspace, wanted.kind, wanted.params, name=wanted.name)
    STATE[_JOB] = (wanted, job, old is not None)
    STATE[_COUNT] = STATE.get(_COUNT, 0) + 1
    st.rerun()


def _follow_job(workspace: Workspace) -> None:
    """How far the job with a large table is; its corpus is chosen when it is done."""
    if _JOB not in STATE:
        return
    wanted, job, add_to = STATE[_JOB]
    try:
        folder = workspace.job(job)
        done = JobStatus.load(folder).state is JobState.SUCCEEDED
        added = stored_corpus(folder) if done else None
    except UnknownItem:
        STATE.pop(_JOB)
        return
    if added is None:
        jobs.follow(workspace, [wanted])
        return
    STATE.pop(_JOB)
    if add_to:
        STATE[_ADDED] = added
    select("corpus", added.corpus)
    st.rerun()


def _staged(workspace: Workspace, file: UploadedFile) -> str:
    """The upload on disk, copied once."""
    if STATE.get(_TABLE, (None,))[0] != file.file_id:
        STATE[_TABLE] = (file.file_id, stage_upload(workspace, file, file.name))
    id: str = STATE[_TABLE][1]
    return id


def _first_rows(workspace: Workspace, upload: str | None, table: Table | None) -> pd.DataFrame:
    """The whole table, or of a large one so much that its columns can be chosen."""
    if table is not None:
        return table.frame
    assert upload is not None
    return peek_staged(workspace, upload, rows=_PEEKED)


def _read(file_id: str, content: bytes, name: str) -> Table:
    """The uploaded table, read once while its columns are being chosen."""
    if STATE.get(_TABLE, (None,))[0] != file_id:
        STATE[_TABLE] = (file_id, read_table(content, name, minimum_columns=1))
    table: Table = STATE[_TABLE][1]
    return table


def _keep(create: Callable[[], str]) -> None:
    """Store a corpus and search in it, or say why not."""
    try:
        with st.spinner(_("Storing the texts …")):
            id = create()
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")
        return
    STATE.pop(_TABLE, None)
    STATE[_COUNT] = STATE.get(_COUNT, 0) + 1
    select("corpus", id)
    st.rerun()
