"""Data: bring in a table, say which column is which, store it, and see what is stored."""

from pathlib import Path

import streamlit as st

from core.data.check import CheckedTable, ScoreOnOtherScale, check_mapping
from core.data.columns import guess_mapping
from core.data.read import Table, read_table
from core.data.samples import SAMPLES
from core.data.shapes import Mapping
from core.data.store import list_datasets, load_dataset, store_dataset
from core.problems import Problem
from core.retrieval.sample_corpora import add_sample_corpus
from core.workspace import Workspace
from ui import format as fmt
from ui.datasets import (
    dataset_card,
    dataset_name,
    preview,
    show_findings,
    show_quarantine,
    table_sentence,
)
from ui.forms import map_columns
from ui.language import _, say
from ui.pages import heading
from ui.selection import select
from ui.tables import paged

STATE = st.session_state
workspace = Workspace.open()


def bring_in() -> None:
    """Upload and samples side by side; what is chosen becomes the open table."""
    upload, samples = st.columns([3, 2], gap="large")
    with upload:
        st.subheader(_("Upload a table"), anchor=False)
        file = st.file_uploader(
            _("A CSV file with a header row, up to 1 GB"),
            type=["csv", "tsv", "txt"],
            # A new key empties the control: the open table is what counts from then on, and the
            # server need not keep the upload's bytes.
            key=f"data_upload_{STATE.get('data_uploads', 0)}",
            help=_(
                "Commas, semicolons, tabs and vertical bars are recognised, and so are UTF-8, "
                "UTF-16 and GB18030 (GBK). A file of more than 1 GB is turned away by the browser: "
                "split it, or keep only the columns that you need."
            ),
        )
    if file is not None:
        with upload, st.spinner(_("Reading {file} …").format(file=fmt.verbatim(file.name))):
            open_table(file.getvalue(), file.name)
        STATE["data_uploads"] = STATE.get("data_uploads", 0) + 1
        st.rerun()
    with samples:
        st.subheader(_("Or open a sample"), anchor=False)
        for sample in SAMPLES.values():
            st.button(
                _(sample.title),
                key=f"sample_{sample.id}",
                icon=":material/table_view:",
                help=_(sample.description),
                on_click=open_sample,
                args=(sample.id,),
                width="stretch",
            )


def open_sample(sample_id: str) -> None:
    """Make a bundled table the open one."""
    sample = SAMPLES[sample_id]
    open_table(sample.table, sample.table.name, sample_id)


def open_table(source: Path | bytes, name: str, sample_id: str | None = None) -> None:
    """Read a table and keep it, or the problem with it, in the session."""
    close_table()
    STATE["data_sample"] = sample_id
    try:
        STATE["data_table"] = read_table(source, name)
    except Problem as problem:
        STATE["data_problem"] = problem


def close_table() -> None:
    """Forget the open table and everything said about it."""
    for key in ("table", "problem", "sample", "checked", "saved"):
        STATE.pop(f"data_{key}", None)


def show_table(table: Table) -> None:
    """Preview, columns, findings and the button that stores it."""
    with st.container(border=True):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            st.markdown(table_sentence(table), width="content")
            st.button(_("Close"), icon=":material/close:", type="tertiary", on_click=close_table)
        st.space("small")  # the table's own tools float here
        preview(table)
        show_quarantine(table)
    with st.container(border=True):
        st.subheader(_("Which column is which?"), anchor=False)
        sample = SAMPLES.get(STATE.get("data_sample") or "")
        guess = sample.mapping if sample else guess_mapping(table.frame)
        mapping = map_columns(table.frame.columns, guess, key=f"map_{table.sha256[:12]}")
        if mapping is None:
            st.info(_("Choose the column of the anchors and the column of the positives."))
            return
        checked = check(table, mapping)
        if checked is None:
            return
        st.success(say(mapping.sentence(len(checked.frame))), icon=":material/check_circle:")
        show_findings(checked.left_out, checked.findings)
        save_form(table, mapping, checked)


def check(table: Table, mapping: Mapping) -> CheckedTable | None:
    """The checked table, computed once for each choice; None after saying what is wrong with it."""
    rescale = bool(STATE.get(f"rescale_{table.sha256[:12]}"))
    question = (table.sha256, mapping, rescale)
    if STATE.get("data_checked", (None,))[0] != question:
        try:
            STATE["data_checked"] = (question, check_mapping(table.frame, mapping, rescale=rescale))
        except Problem as problem:
            STATE["data_checked"] = (question, problem)
    result = STATE["data_checked"][1]
    if isinstance(result, Problem):
        st.error(say(result), icon=":material/error:")
    if rescale or isinstance(result, ScoreOnOtherScale):
        st.checkbox(
            _("Divide the scores so that they go from 0 to 1"),
            key=f"rescale_{table.sha256[:12]}",
            persist_state="page",
        )
    return None if isinstance(result, Problem) else result


def save_form(table: Table, mapping: Mapping, checked: CheckedTable) -> None:
    """The dataset's name and the button that stores it."""
    sample = SAMPLES.get(STATE.get("data_sample") or "")
    is_sample = sample is not None and sample.mapping == mapping
    with st.form("save", border=False):
        name = st.text_input(
            _("Name of the dataset"),
            value=_(sample.title) if sample else Path(table.name).stem,
            max_chars=80,
        )
        if not st.form_submit_button(_("Save dataset"), icon=":material/save:", type="primary"):
            return
    if is_sample and name == _(sample.title):
        name = sample.title
    try:
        saved = store_dataset(
            workspace,
            name=name,
            checked=checked,
            mapping=mapping,
            source=table.source,
            sample=sample.id if is_sample else None,
        )
        if sample is not None and is_sample:
            # Its runs are examined on it.
            add_sample_corpus(workspace, sample.corpus)
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")
        return
    close_table()
    STATE["data_saved"] = saved
    select("dataset", saved)
    st.rerun()


def show_stored() -> None:
    """The datasets of the workspace, each with what one can do with it."""
    datasets = list_datasets(workspace)
    st.subheader(_("Your datasets"), anchor=False)
    if not datasets:
        st.caption(_("None yet. Upload a table or open a sample above, then save it."))
    for info in paged(datasets, "datasets"):
        dataset_card(workspace, info)


heading("data")
with st.container(border=True):
    bring_in()
if "data_problem" in STATE:
    st.error(say(STATE["data_problem"]), icon=":material/error:")
if "data_table" in STATE:
    show_table(STATE["data_table"])
if "data_saved" in STATE:
    saved = load_dataset(workspace, STATE["data_saved"]).info
    st.success(
        _("Saved as “{name}”.").format(name=fmt.verbatim(dataset_name(saved))),
        icon=":material/check_circle:",
    )
show_stored()
