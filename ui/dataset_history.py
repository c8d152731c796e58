"""Where a stored dataset comes from, its versions, who uses it, and how to take it home."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core.data.intake import INLINE_ROWS
from core.data.store import Dataset, DatasetInfo, versions
from core.data.table_export import export_csv, export_parquet
from core.data.usage import RunUse, runs_using
from core.export.tokens import LIFETIME_SECONDS
from core.problems import N_
from core.workspace import Workspace
from ui import format as fmt
from ui.dataset_convert import show_conversions
from ui.dataset_open import open_dataset
from ui.datasets import made_how, role_title, separator_name
from ui.downloads import download_button
from ui.language import _, ngettext, say
from ui.pages import go_to
from ui.runs import sample_name
from ui.selection import select
from ui.tables import paged

STATE = st.session_state

_FILES: dict[str, tuple[str, str, Callable[[Workspace, str], Path]]] = {
    "csv": (N_("Make the CSV file"), N_("Download as CSV"), export_csv),
    "parquet": (N_("Make the Parquet file"), N_("Download as Parquet"), export_parquet),
}


def show_history(workspace: Workspace, dataset: Dataset) -> None:
    """Versions and conversions on one side; source, runs and downloads on the other."""
    info = dataset.info
    left, right = st.columns([3, 2], gap="large")
    with left:
        _show_versions(workspace, info)
        show_conversions(workspace, dataset)
    with right:
        _show_downloads(workspace, info)
        _show_runs(runs_using(workspace, info.id))
        _show_source(info)


def _show_versions(workspace: Workspace, shown: DatasetInfo) -> None:
    st.subheader(_("Versions"), anchor=False)
    family = versions(workspace, shown.id)
    numbers = {info.id: number for number, info in enumerate(family, start=1)}
    for info in paged(family[::-1], f"versions_{shown.family}", size=6):
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            with st.container(gap="xxsmall"):
                title = _("Version {number}").format(number=numbers[info.id])
                st.markdown(f"**{title}** · {made_how(info)}")
                st.caption(" · ".join(_facts(info, numbers)))
            if info.id == shown.id:
                st.badge(_("shown here"), color="gray")
            else:
                st.button(
                    _("Open"),
                    key=f"open_version_{info.id}",
                    icon=":material/folder_open:",
                    on_click=open_dataset,
                    args=(info.id,),
                )


def _facts(info: DatasetInfo, numbers: dict[str, int]) -> list[str]:
    facts = [
        ngettext("{n} row", "{n} rows", info.rows).format(n=fmt.number(info.rows)),
        fmt.moment(info.created),
    ]
    if info.parent in numbers:
        facts.insert(0, _("from version {number}").format(number=numbers[info.parent]))
    elif info.parent is not None:
        facts.insert(0, _("from a version that has been deleted"))
    return facts


def _show_downloads(workspace: Workspace, info: DatasetInfo) -> None:
    st.subheader(_("Take it home"), anchor=False)
    # Drawn again before the links behind the buttons grow old.
    st.fragment(_show_links, run_every=LIFETIME_SECONDS / 3)(workspace, info)
    st.caption(
        _(
            "The columns have the names of your table. In the CSV file, texts that a spreadsheet "
            "would run as a formula (they begin with =, +, - or @) get an apostrophe in front; the "
            "Parquet file holds every text as it is."
        )
    )


def _show_links(workspace: Workspace, info: DatasetInfo) -> None:
    with st.container(horizontal=True):
        for kind, (make, label, export) in _FILES.items():
            wanted = f"{kind}_wanted_{info.id}"
            if info.rows > INLINE_ROWS and not STATE.get(wanted):
                # Writing a large table takes a while: only for who wants it.
                st.button(
                    _(make),
                    key=f"make_{kind}",
                    icon=":material/output:",
                    on_click=STATE.__setitem__,
                    args=(wanted, True),
                )
                continue
            with st.spinner(_("Writing the file …")):
                file = export(workspace, info.id)
            download_button(_(label), workspace, file)


def _show_runs(uses: list[RunUse]) -> None:
    st.subheader(_("Runs that used it"), anchor=False)
    if not uses:
        st.caption(_("None yet."))
    for use in paged(uses, "uses", size=5):
        name = sample_name(use.name)
        if st.button(
            f"{fmt.verbatim(name)} · {_(use.state.label)}",
            key=f"use_{use.id}",
            icon=":material/monitoring:",
            type="tertiary",
        ):
            select("run", use.id)
            go_to("run")


def _show_source(info: DatasetInfo) -> None:
    st.subheader(_("Where it comes from"), anchor=False)
    st.table(source_facts(info), border="horizontal", alt=_("Facts about the source"))


def source_facts(info: DatasetInfo) -> dict[str, str]:
    """What is known about the file that a dataset was made from: label to words (Markdown)."""
    source = info.source
    facts = {
        _("File"): fmt.verbatim(source.name),
        _("Format"): _(source.format) if source.format else "",
        _("Encoding"): source.encoding,
        _("Cells separated by"): separator_name(source.separator) if source.separator else "",
        _("Sheet"): fmt.verbatim(source.sheet or ""),
        _("File in the archive"): fmt.verbatim(source.member or ""),
        _("Rows read"): fmt.number(source.rows_read),
        _("Rows in the file"): fmt.number(source.sampled_from) if source.sampled_from else "",
        _("Rows set aside as unreadable"): fmt.number(source.quarantined),
        _("Rows left out by the check"): fmt.number(sum(f.count for f in info.left_out)),
        _("Columns"): _(", ").join(
            f"{role_title(role)}: {fmt.verbatim(name)}" for role, name in info.mapping.columns
        ),
        _("Scores were"): say(info.scale.sentence) if info.scale else "",
        _("Held-out rows from"): fmt.verbatim(
            info.held_out_source.name if info.held_out_source else ""
        ),
        _("Fingerprint of the file (SHA-256)"): f"`{source.sha256[:12]}`",
        _("Fingerprint of the rows"): f"`{info.content_hash[:12]}`",
    }
    return {label: words for label, words in facts.items() if words}
