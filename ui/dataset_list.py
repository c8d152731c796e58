"""The list of stored datasets: one entry a family, its newest version first."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.data.findings import Severity
from core.data.store import DatasetInfo, list_datasets, load_dataset
from core.data.usage import count_uses
from core.problems import Problem
from core.workspace import Workspace
from ui import format as fmt
from ui.dataset_manage import manage
from ui.dataset_open import open_dataset
from ui.datasets import dataset_name, made_how
from ui.language import _, ngettext, say
from ui.pages import go_to
from ui.selection import select
from ui.tables import paged


def show_list(workspace: Workspace) -> None:
    """Every family of datasets, its newest version with what one can do with it."""
    families = group_versions(list_datasets(workspace))
    if not families:
        st.caption(_("None yet. Bring in a table or open a sample above, then save it."))
        return
    uses = count_uses(workspace)
    for family in paged(families, "datasets"):
        _show_family(workspace, family, uses)


def group_versions(infos: Sequence[DatasetInfo]) -> list[list[DatasetInfo]]:
    """The datasets by family, each family where its first member stands in ``infos``."""
    families: dict[str, list[DatasetInfo]] = {}
    for info in infos:
        families.setdefault(info.family, []).append(info)
    return list(families.values())


def _show_family(workspace: Workspace, family: list[DatasetInfo], uses: dict[str, int]) -> None:
    newest, *earlier = family
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            with st.container(gap="xxsmall"):
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    st.markdown(f"**{fmt.verbatim(dataset_name(newest))}**", width="content")
                    _show_worst(workspace, newest)
                st.caption(_facts(newest, uses))
            st.button(
                _("Open"),
                key=f"open_{newest.id}",
                icon=":material/folder_open:",
                on_click=open_dataset,
                args=(newest.id,),
            )
            if st.button(
                _("Train on this"), key=f"train_{newest.id}", icon=":material/model_training:"
            ):
                select("dataset", newest.id)
                go_to("train")
            with st.popover("", icon=":material/more_horiz:", key=f"more_{newest.id}"):
                manage(workspace, newest, lambda: None)
        if earlier:
            _show_earlier(earlier, uses)


def _show_worst(workspace: Workspace, info: DatasetInfo) -> None:
    """How bad the worst is that is known about the dataset, as an icon with words."""
    try:
        report = load_dataset(workspace, info.id).report()
    except Problem:
        report = None
    findings = report.findings if report else info.findings
    found = {finding.severity for finding in findings}
    if Severity.PROBLEM in found:
        st.badge(_("has problems"), color="red", icon=":material/error:")
    elif Severity.WARNING in found:
        st.badge(_("has warnings"), color="orange", icon=":material/warning:")
    elif report:
        st.badge(_("nothing stands in the way"), color="green", icon=":material/check_circle:")
    else:
        st.badge(_("no report yet"), color="gray", icon=":material/help:")


def _show_earlier(earlier: list[DatasetInfo], uses: dict[str, int]) -> None:
    label = ngettext("{n} earlier version", "{n} earlier versions", len(earlier))
    with st.expander(label.format(n=fmt.number(len(earlier))), type="compact"):
        for info in earlier:
            with st.container(horizontal=True, vertical_alignment="center"):
                with st.container(gap="xxsmall"):
                    st.markdown(made_how(info))
                    st.caption(_facts(info, uses))
                st.button(
                    _("Open"),
                    key=f"open_{info.id}",
                    type="tertiary",
                    icon=":material/folder_open:",
                    on_click=open_dataset,
                    args=(info.id,),
                )


def _facts(info: DatasetInfo, uses: dict[str, int]) -> str:
    facts = [say(info.sentence), fmt.moment(info.created)]
    count = uses.get(info.id, 0)
    if count:
        runs = ngettext("used by {n} run", "used by {n} runs", count)
        facts.append(runs.format(n=fmt.number(count)))
    return " · ".join(facts)
