"""The stored datasets: which of them the screen shows, the list of all, and one on its own."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.data.store import Dataset, DatasetInfo, load_dataset, versions
from core.problems import N_, Problem
from core.workspace import UnknownItem, Workspace
from ui import format as fmt
from ui.dataset_change import carry_out, show_notice
from ui.dataset_history import show_history
from ui.dataset_list import show_list
from ui.dataset_manage import manage
from ui.dataset_open import close_dataset, open_dataset, opened_dataset, take_section
from ui.dataset_rows import show_rows
from ui.dataset_split import show_held_out
from ui.datasets import dataset_name
from ui.language import _, say
from ui.mining_view import show_negatives
from ui.pages import go_to
from ui.report_view import show_report
from ui.selection import select

__all__ = ["close_dataset", "open_dataset", "opened_dataset", "show_dataset", "show_datasets"]

STATE = st.session_state

_SECTIONS: dict[str, tuple[str, str, Callable[[Workspace, Dataset], None]]] = {
    "rows": (N_("Rows"), ":material/table_rows:", show_rows),
    "report": (N_("Report"), ":material/fact_check:", show_report),
    "held_out": (N_("Held-out rows"), ":material/call_split:", show_held_out),
    "negatives": (N_("Negatives"), ":material/rule:", show_negatives),
    "history": (N_("History and downloads"), ":material/history:", show_history),
}


def show_datasets(workspace: Workspace) -> None:
    """The datasets of the workspace, the newest first, each with what one can do with it."""
    st.subheader(_("Your datasets"), anchor=False)
    show_list(workspace)


def show_dataset(workspace: Workspace, id: str) -> None:
    """One dataset: its name, what can be done with it, and its sections, of which one is open."""
    st.button(
        _("All datasets"),
        key="close_dataset",
        icon=":material/arrow_back:",
        type="tertiary",
        on_click=close_dataset,
    )
    try:
        carry_out(workspace, id)
        dataset = load_dataset(workspace, id)
        family = versions(workspace, id)
    except Problem as problem:
        if isinstance(problem, UnknownItem):
            select("dataset", None)
        st.error(say(problem), icon=":material/error:")
        return
    _show_heading(workspace, dataset.info, family)
    show_notice(dataset.info)
    wanted = take_section()
    if wanted is not None or "dataset_section" not in STATE:
        STATE["dataset_section"] = wanted or "rows"
    section = st.segmented_control(
        _("What to show of the dataset"),
        list(_SECTIONS),
        format_func=lambda name: f"{_SECTIONS[name][1]} {_(_SECTIONS[name][0])}",
        required=True,
        key="dataset_section",
        label_visibility="collapsed",
        persist_state="session",
    )
    try:
        _SECTIONS[section][2](workspace, dataset)
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")


def _show_heading(workspace: Workspace, info: DatasetInfo, family: list[DatasetInfo]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(gap="xxsmall"):
            st.title(fmt.verbatim(dataset_name(info)), anchor=False)
            facts = [say(info.sentence), fmt.moment(info.created)]
            if len(family) > 1:
                place = [one.id for one in family].index(info.id) + 1
                facts.append(_("version {place} of {count}").format(place=place, count=len(family)))
            st.caption(" · ".join(facts))
        if st.button(
            _("Train on this"),
            key="train_opened",
            icon=":material/model_training:",
            type="primary",
        ):
            select("dataset", info.id)
            go_to("train")
        with st.popover("", icon=":material/more_horiz:", key=f"more_{info.id}"):
            manage(workspace, info, close_dataset)
