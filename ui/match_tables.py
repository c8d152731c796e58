"""Choosing a table and its columns on Match: datasets, corpora of Search, uploaded files."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.data.samples import add_sample
from core.data.staging import load_staged, read_staged, stage_upload, staged_file, tidy_uploads
from core.data.store import list_datasets
from core.matching.tables import Kind, TableChoice, TableInfo, describe_table
from core.problems import Problem
from core.retrieval.sample_corpora import SAMPLE_CORPORA, add_sample_corpus
from core.retrieval.succession import current_corpora
from core.retrieval.table_columns import ID_NAMES, named_column
from core.workspace import UnknownItem, Workspace
from ui import format as fmt
from ui.corpora import corpus_name
from ui.datasets import column_title, dataset_name
from ui.language import _, ngettext, say
from ui.runs import sample_name
from ui.staged import is_large, staged_table

STATE = st.session_state
UPLOAD = "upload"
_UPLOADS = "match_uploads"
_GUESS_ROWS = 200


def choose_table(workspace: Workspace, place: str, default: int = 0) -> TableChoice | None:
    """A table and its columns; None as long as something is missing or cannot be read.

    Args:
        workspace: where the tables are.
        place: tells this choice from others on the screen.
        default: which of the tables is chosen at first.
    """
    options = table_options(workspace)
    key = f"match_{place}_table"
    if f"{key}_next" in STATE:
        STATE[key] = STATE.pop(f"{key}_next")
    if STATE.get(key) not in (None, UPLOAD, *options):
        del STATE[key]
    chosen = st.selectbox(
        _("Table"),
        [*options, UPLOAD],
        # Where something was chosen already, a default would be one too many.
        index=0 if key in STATE else max(0, min(default, len(options) - 1)),
        format_func=lambda option: options.get(option) or _("Upload a file …"),
        key=key,
        persist_state="session",
    )
    if chosen == UPLOAD:
        _upload(workspace, key)
        return None
    kind, _colon, id = chosen.partition(":")
    try:
        if kind == UPLOAD and staged_table(workspace, id, key) is None:
            # A job reads it, and the screen is drawn again when it has.
            return None
        info = describe_table(workspace, kind, id)
        return _choose_columns(workspace, kind, id, info, f"{key}_{id}", place)
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")
        return None


def table_options(workspace: Workspace) -> dict[str, str]:
    """The tables that can be chosen, and what they are called."""
    options = {}
    for id in _uploads(workspace):
        options[f"upload:{id}"] = _("File · {name}").format(name=staged_file(workspace, id).name)
    for info in list_datasets(workspace):
        options[f"dataset:{info.id}"] = _("Dataset · {name} · {rows}").format(
            name=dataset_name(info), rows=_rows(info.rows)
        )
    for corpus in current_corpora(workspace):
        options[f"corpus:{corpus.id}"] = _("Search texts · {name} · {rows}").format(
            name=corpus_name(corpus), rows=_rows(corpus.rows)
        )
    return options


def column_words(workspace: Workspace, kind: str, id: str, info: TableInfo) -> dict[str, str]:
    """What each column of a table is called on screen."""
    if kind != "dataset":
        return dict(info.titles)
    described = next(one for one in list_datasets(workspace) if one.id == id)
    return {column: column_title(described, column) for column in info.columns}


def table_name(name: str) -> str:
    """A table's name; that of a bundled sample in the session's language."""
    corpora = {sample.name for sample in SAMPLE_CORPORA.values()}
    return _(name) if name in corpora else sample_name(name)


def offer_sample(workspace: Workspace) -> None:
    """A button that adds two small tables, where somebody has none yet."""
    if st.button(
        _("Try it with the sample: questions of shoppers and a product catalogue"),
        key="match_sample",
        icon=":material/play_circle:",
    ):
        try:
            dataset = add_sample(workspace, "products")
            corpus = add_sample_corpus(workspace, "products")
        except Problem as problem:
            st.error(say(problem), icon=":material/error:")
            return
        STATE["match_left_table_next"] = f"dataset:{dataset}"
        STATE["match_right_table_next"] = f"corpus:{corpus}"
        STATE["match_one_table_next"] = f"dataset:{dataset}"
        st.rerun()


def _choose_columns(
    workspace: Workspace, kind: Kind, id: str, info: TableInfo, key: str, place: str
) -> TableChoice:
    _say_quarantine(workspace, kind, id)
    columns = list(info.columns)
    words = column_words(workspace, kind, id, info)
    text = st.selectbox(
        _("Column with the texts"),
        columns,
        index=_first_text(workspace, kind, id, columns, place),
        format_func=words.__getitem__,
        key=f"{key}_text",
        persist_state="session",
    )
    others = [column for column in columns if column != text]
    left, right = st.columns(2)
    label = left.selectbox(
        _("Column that names a row"),
        others,
        index=named_column(others, ID_NAMES),
        format_func=words.__getitem__,
        placeholder=_("the row's number"),
        key=f"{key}_label",
        persist_state="session",
        help=_("An article number or another id. It stands beside the texts in the result."),
    )
    fields = right.multiselect(
        _("Show these columns too"),
        [column for column in others if column != label],
        format_func=words.__getitem__,
        placeholder=_("none"),
        key=f"{key}_fields",
        persist_state="session",
    )
    return TableChoice(kind=kind, id=id, text=text, label=label, fields=tuple(fields))


def _say_quarantine(workspace: Workspace, kind: Kind, id: str) -> None:
    """Say when rows of an upload could not be read."""
    staged = load_staged(workspace, id) if kind == "upload" else None
    count = staged.info.quarantined if staged else 0
    if count:
        sentence = ngettext(
            "{n} row could not be read and was set aside",
            "{n} rows could not be read and were set aside",
            count,
        )
        st.caption(f":material/warning: {sentence.format(n=fmt.number(count))}")


def _first_text(
    workspace: Workspace, kind: Kind, id: str, columns: Sequence[str], place: str
) -> int:
    """The column that most likely holds the texts."""
    if kind == "dataset":
        return 1 if place == "right" and len(columns) > 1 else 0
    staged = load_staged(workspace, id) if kind == "upload" else None
    if staged is None:
        return 0
    head = staged.head(_GUESS_ROWS)
    # The longest texts are most likely those that somebody means.
    lengths = [head[column].str.len().mean() for column in columns]
    return lengths.index(max(lengths))


def _upload(workspace: Workspace, key: str) -> None:
    file = st.file_uploader(
        _("CSV, TSV, Excel, JSON, JSON Lines or Parquet, also as .gz or .zip, up to 1 GB"),
        key=f"{key}_file_{STATE.get(f'{key}_files', 0)}",
    )
    if file is None:
        return
    try:
        with st.spinner(_("Reading {file} …").format(file=fmt.verbatim(file.name))):
            tidy_uploads(workspace)
            id = stage_upload(workspace, file, file.name)
            if not is_large(file.size):
                # What is no table is refused here, and is not among the tables then.
                read_staged(workspace, id)
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")
        return
    STATE[_UPLOADS] = [id, *STATE.get(_UPLOADS, [])]
    STATE[f"{key}_files"] = STATE.get(f"{key}_files", 0) + 1
    STATE[f"{key}_next"] = f"upload:{id}"
    st.rerun()


def _uploads(workspace: Workspace) -> list[str]:
    """The files that this session has brought in and that are still there."""
    kept = []
    for id in STATE.get(_UPLOADS, []):
        try:
            workspace.upload(id)
        except UnknownItem:
            continue
        kept.append(id)
    return kept


def _rows(count: int) -> str:
    return ngettext("{n} row", "{n} rows", count).format(n=fmt.number(count))
