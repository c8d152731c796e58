"""What the screens say about tables and datasets, and the card of a stored one."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.data.findings import Finding, Severity
from core.data.read import Table
from core.data.store import DatasetInfo, delete_dataset, rename_dataset
from core.problems import N_, Problem
from core.workspace import Workspace
from ui import format as fmt
from ui.language import _, ngettext, paragraph, plain, say
from ui.pages import go_to
from ui.selection import select
from ui.tables import paged_frame

_SEPARATORS = {
    ",": N_("commas"),
    ";": N_("semicolons"),
    "\t": N_("tabs"),
    "|": N_("vertical bars"),
}
_ICONS = {Severity.INFO: ":material/info:", Severity.WARNING: ":material/warning:"}


def dataset_name(info: DatasetInfo) -> str:
    """The dataset's name; a bundled sample's in the session's language."""
    return _(info.name) if info.sample else info.name


def table_sentence(table: Table) -> str:
    """How a table was read: rows, columns, encoding, separator."""
    rows, columns = len(table.frame), len(table.frame.columns)
    parts = [
        ngettext("{n} row", "{n} rows", rows).format(n=fmt.number(rows)),
        ngettext("{n} column", "{n} columns", columns).format(n=fmt.number(columns)),
        _("encoding {encoding}").format(encoding=table.encoding),
    ]
    if table.separator:
        separator = _(_SEPARATORS[table.separator])
        parts.append(_("cells separated by {separator}").format(separator=separator))
    return f"**{fmt.verbatim(table.name)}** – " + _(", ").join(parts)


def preview(table: Table) -> None:
    """The table as it was read, page by page, its rows numbered as in a spreadsheet."""
    widths = {name: st.column_config.TextColumn(width="medium") for name in table.frame.columns}
    paged_frame(
        table.frame,
        "preview",
        alt=_("The table as it was read"),
        column_config={"_index": st.column_config.NumberColumn(_("Row"), width="small"), **widths},
    )


def show_quarantine(table: Table) -> None:
    """The rows that could not be read, with their numbers and reasons, if there are any."""
    count = len(table.quarantine)
    if not count:
        return
    label = ngettext(
        "{n} row could not be read and was set aside",
        "{n} rows could not be read and were set aside",
        count,
    )
    with st.expander(label.format(n=fmt.number(count)), icon=":material/warning:"):
        paged_frame(
            pd.DataFrame(
                {
                    _("Row"): [row.row for row in table.quarantine],
                    _("Reason"): [plain(row.reason) for row in table.quarantine],
                    _("Text"): [row.text for row in table.quarantine],
                }
            ),
            "quarantine",
            alt=_("Rows that could not be read"),
            hide_index=True,
        )


def show_findings(left_out: tuple[Finding, ...], findings: tuple[Finding, ...]) -> None:
    """What a check left out and what it noticed, each with the numbers of the rows."""
    if left_out:
        count = sum(finding.count for finding in left_out)
        title = ngettext("{n} row is left out", "{n} rows are left out", count)
        lines = [f"**{title.format(n=fmt.number(count))}**"]
        lines += [f"- {_with_rows(finding)}" for finding in left_out]
        st.markdown("\n".join(lines))
    for finding in findings:
        text = _with_rows(finding)
        if finding.severity is Severity.WARNING:
            st.warning(text, icon=_ICONS[finding.severity])
        else:
            st.info(text, icon=_ICONS[finding.severity])


def dataset_card(workspace: Workspace, info: DatasetInfo) -> None:
    """One stored dataset, with what one can do with it."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap="xxsmall"):
            st.markdown(f"**{fmt.verbatim(dataset_name(info))}**")
            st.caption(f"{say(info.mapping.sentence(info.rows))} · {fmt.moment(info.created)}")
        if st.button(_("Train on this"), key=f"train_{info.id}", icon=":material/model_training:"):
            select("dataset", info.id)
            go_to("train")
        with st.popover("", icon=":material/more_horiz:", key=f"more_{info.id}"):
            _manage(workspace, info)


def _with_rows(finding: Finding) -> str:
    if not finding.rows:
        return say(finding.message)
    numbers = [str(row) for row in finding.rows]
    if finding.count > len(numbers):
        numbers.append("…")
    rows = _("In rows: {rows}.").format(rows=_(", ").join(numbers))
    return paragraph(say(finding.message), rows)


def _manage(workspace: Workspace, info: DatasetInfo) -> None:
    key = f"name_{info.id}"
    name = st.text_input(_("Name of the dataset"), value=dataset_name(info), key=key, max_chars=80)
    if st.button(_("Rename"), key=f"rename_{info.id}", icon=":material/edit:", width="stretch"):
        try:
            rename_dataset(workspace, info.id, name)
        except Problem as problem:
            st.error(say(problem), icon=":material/error:")
            return
        st.rerun()
    if st.button(
        _("Delete for good"), key=f"delete_{info.id}", icon=":material/delete:", width="stretch"
    ):
        delete_dataset(workspace, info.id)
        st.rerun()
    st.caption(_("Runs that were trained on it keep their models."))
