"""What is known of the texts that are selected on the map, and what can be made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv
import streamlit as st

from core.data.table_export import escape
from core.inspection.map_selection import review_of, version_of
from core.inspection.neighbours import compare_neighbours
from core.inspection.project_job import NEIGHBOURS, map_folder
from core.inspection.vectors import text_vectors
from core.problems import Problem
from core.workspace import UnknownItem
from ui import format as fmt
from ui.catalogues import current_language
from ui.dataset_open import open_dataset
from ui.downloads import download_url
from ui.language import _, ngettext, say
from ui.map_colours import field_name, group_name, value_name
from ui.map_state import MapView, select_items
from ui.mining_view import open_review
from ui.pages import go_to
from ui.tables import paged_source

_BOM = b"\xef\xbb\xbf"
_LONGEST_SHOWN = 2_000


def show_selected(view: MapView, items: Sequence[int]) -> None:
    """The selected texts, what to do with them, and the neighbours of a single one."""
    if not items:
        st.caption(
            _(
                "Nothing is selected. Draw a line around some points, or click one: the same texts "
                "are marked in both maps and listed here."
            )
        )
        return
    count = ngettext("{n} text selected", "{n} texts selected", len(items))
    st.markdown(f"**{count.format(n=fmt.number(len(items)))}**")
    if len(items) == 1:
        _show_one(view, items[0])
    else:

        def page(start: int, rows: int) -> pd.DataFrame:
            shown = table_of(view, items[start : start + rows])
            return shown.set_axis(range(start + 1, start + 1 + len(shown)))

        paged_source(
            page,
            len(items),
            f"map_selected_{hash(tuple(items))}",
            alt=_("The selected texts"),
            column_config={_("Text"): st.column_config.TextColumn(width="large")},
        )
    _actions(view, items)


def table_of(view: MapView, items: Sequence[int]) -> pd.DataFrame:
    """The texts with these numbers and what is known of each, as the screen names it."""
    places = list(items)
    table = {_("Text"): [view.points.texts[item] for item in places]}
    for field in view.points.fields:
        values = view.points.fields[field].iloc[places]
        table[field_name(str(field))] = [value_name(str(field), value) for value in values]
    clusters, kept = view.saved.clusters, view.saved.overlap()
    if clusters is not None:
        names = {
            group: group_name(clusters, view.points, group)
            for group in set(clusters.labels[places])
        }
        table[_("Group")] = [names[group] for group in clusters.labels[places]]
    if kept is not None:
        table[_("Neighbours kept")] = kept[places].round(3).tolist()
    return pd.DataFrame(table)


def _show_one(view: MapView, item: int) -> None:
    """One text in full, and its neighbours before and after."""
    (row,) = table_of(view, [item]).to_dict("records")
    text = str(row.pop(_("Text")))
    with st.container(border=True, gap="xsmall"):
        shown = text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
        st.markdown(fmt.verbatim(shown))
        st.caption(" · ".join(f"{name}: {fmt.verbatim(str(value))}" for name, value in row.items()))
    found = compare_neighbours(*view.vectors, item, NEIGHBOURS)
    if not found:
        return
    frame = pd.DataFrame(
        {
            _("Neighbour"): [view.points.texts[one.item] for one in found],
            _("Place before"): [one.rank_before for one in found],
            _("Place after"): [one.rank_after for one in found],
            _("Change"): [_change(one.rank_before - one.rank_after) for one in found],
            _("Cosine before"): [one.cosine_before for one in found],
            _("Cosine after"): [one.cosine_after for one in found],
        }
    )
    cosine = st.column_config.NumberColumn(format="%.3f", width="small")
    small = st.column_config.TextColumn(width="small")
    st.dataframe(
        frame,
        hide_index=True,
        key=f"map_neighbours_{item}",
        height=min(390, 40 + 35 * len(frame)),
        column_config={
            _("Neighbour"): st.column_config.TextColumn(width="large"),
            _("Change"): small,
            _("Cosine before"): cosine,
            _("Cosine after"): cosine,
        },
        alt=_("The nearest texts before and after training"),
    )
    st.caption(
        _(
            "The {n} nearest texts before training and after it, among all on the map; "
            "▲ came nearer, ▼ went farther."
        ).format(n=min(NEIGHBOURS, len(view.points.texts) - 1))
    )


def _change(places: int) -> str:
    if places == 0:
        return "="
    return f"▲ {fmt.number(places)}" if places > 0 else f"▼ {fmt.number(-places)}"


def _actions(view: MapView, items: Sequence[int]) -> None:
    """CSV, dataset versions, the review; what fails says why."""
    texts = [view.points.texts[item] for item in items]
    work = None
    with st.container(horizontal=True):
        name = f"{view.run.name}-{len(items)}.csv"
        url = download_url(view.workspace, _csv(view, items), name)
        st.link_button(_("Download as CSV"), url, icon=":material/download:")
        dataset = view.points.dataset
        if dataset is not None and _is_there(view, dataset):
            work = _ask_for_work(view, dataset, texts)
        st.button(
            _("Clear the selection"),
            icon=":material/close:",
            key="map_clear",
            type="tertiary",
            on_click=select_items,
            args=([],),
        )
    if work is None:
        return
    try:
        with st.spinner(_("Making it …")):
            work()
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")
        return
    go_to("data")


def _ask_for_work(view: MapView, dataset: str, texts: Sequence[str]) -> Callable[[], None] | None:
    """The buttons that make something of a dataset; what the one does that was pressed."""

    def version(keep: bool) -> None:
        open_dataset(version_of(view.workspace, dataset, texts, keep=keep), section="rows")

    def review() -> None:
        open_review(dataset, _review(view, dataset, texts))
        open_dataset(dataset, section="negatives")

    work: Callable[[], None] | None = None
    if st.button(
        _("New version with only these"),
        icon=":material/filter_alt:",
        key="map_keep",
        help=_("A version of the dataset with only the rows that hold a selected text."),
    ):
        work = partial(version, True)
    if st.button(
        _("New version without these"),
        icon=":material/filter_alt_off:",
        key="map_drop",
        help=_("A version of the dataset without the rows that hold a selected text."),
    ):
        work = partial(version, False)
    if st.button(
        _("Review as hard negatives"),
        icon=":material/rule:",
        key="map_review",
        help=_(
            "Proposes the selected texts as wrong answers to one another. You say which really are "
            "wrong; these become negatives to train with."
        ),
    ):
        work = review
    return work


def _review(view: MapView, dataset: str, texts: Sequence[str]) -> str:
    tuned = view.comparison.tuned
    return review_of(
        view.workspace,
        view.run,
        dataset,
        texts,
        lambda asked, role: text_vectors(
            view.workspace, tuned.folder, tuned.fingerprint, asked, roles=[role] * len(asked)
        ),
    )


def _is_there(view: MapView, dataset: str) -> bool:
    try:
        view.workspace.dataset(dataset)
    except UnknownItem:
        return False
    return True


def _csv(view: MapView, items: Sequence[int]) -> Path:
    """The selected texts as a file for spreadsheets, of which there is one a map at a time."""
    names = view.saved.clusters.names if view.saved.clusters is not None else ()
    told = (tuple(items), view.points.dataset, view.saved.near is None, names, current_language())
    digest = hashlib.sha256(repr(told).encode()).hexdigest()[:12]
    folder = map_folder(view.workspace, view.key)
    path = folder / f"selected-{digest}.csv"
    if not path.exists():
        frame = table_of(view, items)
        for old in folder.glob("selected-*.csv"):
            old.unlink(missing_ok=True)
        columns = {
            name: escape(pa.chunked_array([pa.array(frame[name].astype(str), pa.large_string())]))
            for name in frame
        }
        with path.open("wb") as file:
            file.write(_BOM)
            arrow_csv.write_csv(pa.table(columns), file)
    return path
