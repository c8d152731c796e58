"""Finished near-duplicates: groups of texts that are alike, exact copies, and what could go."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.cli import match_commands
from core.matching.chosen import Wish
from core.matching.groups import Found, Groups, copies, make_groups
from core.matching.params import DuplicateParams
from core.matching.results import Result, open_result
from core.problems import N_, Problem
from core.workspace import Workspace
from ui import format as fmt
from ui.command_line import show_commands
from ui.language import _, ngettext
from ui.match_files import offer_files
from ui.match_form import model_words, say_unread
from ui.match_tables import table_name
from ui.tables import paged_frame, paged_source

STATE = st.session_state
_CHAIN = 0.1
"""So far below the threshold a group's lowest score is a sign of a chain."""
_GROUPS_ROWS, _MEMBER_ROWS = 8, 10
_KINDS = {"near": N_("Nearly equal"), "copies": N_("Exact copies")}


def show_duplicates(workspace: Workspace, result: Result) -> None:
    """Everything about one search for near-duplicates."""
    meta = result.meta
    assert meta.duplicates is not None
    found = _found(result.folder, meta.created)
    say_unread(meta)
    threshold = _threshold(result)
    groups = _groups(result.folder, meta.created, threshold)
    rows = len(found.keys)
    alone = rows - meta.distinct
    near = int((groups.texts - 1).sum())
    for place, label, count in zip(
        st.columns(4),
        (
            _("Rows"),
            _("Exact copies that could go"),
            _("Nearly equal that could go"),
            _("Rows that would stay"),
        ),
        (rows, alone, near, rows - alone - near),
        strict=True,
    ):
        place.metric(label, fmt.number(count), border=True)
    _remarks(result, groups, threshold)
    kind = st.segmented_control(
        _("Groups"),
        list(_KINDS),
        format_func=lambda name: _(_KINDS[name]),
        default="near",
        required=True,
        key=f"duplicates_kind_{meta.id}",
        persist_state="session",
        label_visibility="collapsed",
    )
    if kind == "near":
        _show_near(result, found, groups, threshold)
    else:
        _show_copies(result, _copies(result.folder, meta.created))
    st.subheader(_("Take it with you"), anchor=False)
    wish = Wish(threshold=threshold)
    about = _about(result, threshold)
    offer_files(workspace, result, "groups", wish, len(groups.in_order) + 2 * alone, about)
    offer_files(workspace, result, "kept", wish, rows, about)
    _show_command(workspace, meta.duplicates, threshold)


def _show_command(workspace: Workspace, params: DuplicateParams, threshold: float) -> None:
    try:
        lines = match_commands.duplicates(
            workspace, params.table, model=params.model, threshold=threshold
        )
    except Problem:
        # The table was deleted since: nothing could do it again.
        return
    show_commands(workspace, lines)


@lru_cache(maxsize=2)
def _found(folder: Path, created: str) -> Found:
    """Kept, because every move of the threshold needs it."""
    return Found.load(open_result(folder))


@lru_cache(maxsize=8)
def _groups(folder: Path, created: str, threshold: float) -> Groups:
    return make_groups(_found(folder, created), threshold)


@lru_cache(maxsize=2)
def _copies(folder: Path, created: str) -> list[NDArray[np.int64]]:
    return copies(_found(folder, created))


def _threshold(result: Result) -> float:
    """How alike two texts must be; not lower than was searched for."""
    floor = min(result.meta.floor, 1.0)
    with st.container(border=True):
        if floor > 0.999:
            threshold = floor
        else:
            threshold = st.slider(
                _("Nearly equal from this score on"),
                floor,
                1.0,
                floor,
                step=0.005,
                format="%.3f",
                key=f"duplicates_threshold_{result.meta.id}",
                persist_state="session",
            )
        st.caption(_("It can be raised here at once; a lower one needs another search."))
    return threshold


def _remarks(result: Result, groups: Groups, threshold: float) -> None:
    params, table = result.meta.duplicates, result.meta.tables["table"]
    assert params is not None
    if table.blank:
        st.caption(
            ngettext(
                "{n} row was left out because its text is blank.",
                "{n} rows were left out because their text is blank.",
                table.blank,
            ).format(n=fmt.number(table.blank))
        )
    if result.meta.floor > params.floor + 1e-4:
        st.warning(
            _(
                "There were more pairs than can be kept. Only the most alike are here: from a "
                "score of {score} on all of them, below that none. Either the texts hardly differ, "
                "or this model cannot tell them apart."
            ).format(score=fmt.number(result.meta.floor, 3)),
            icon=":material/warning:",
        )
    chained = int((groups.lowest < threshold - _CHAIN).sum())
    if chained:
        st.warning(
            ngettext(
                "In {n} group some texts are linked through others only and may not be alike: its "
                "lowest score is far below the threshold. Look through it before rows go, or raise "
                "the threshold.",
                "In {n} groups some texts are linked through others only and may not be alike: "
                "their lowest scores are far below the threshold. Look through them before rows "
                "go, or raise the threshold.",
                chained,
            ).format(n=fmt.number(chained)),
            icon=":material/link:",
        )


def _show_near(result: Result, found: Found, groups: Groups, threshold: float) -> None:
    """The groups, largest first, and the rows of the one that is ticked."""
    if not len(groups):
        st.info(_("No two different texts are as alike as that."), icon=":material/check_circle:")
        return
    first = groups.in_order[groups.starts]
    shown = 0

    def page(start: int, count: int) -> pd.DataFrame:
        nonlocal shown
        shown = start
        part = slice(start, start + count)
        texts = result.rows("table", first[part])["text"].to_pylist()
        return pd.DataFrame(
            {
                "group": np.arange(start + 1, start + 1 + len(texts)),
                "text": texts,
                "rows": groups.rows[part],
                "texts": groups.texts[part],
                "lowest": groups.lowest[part],
            }
        )

    number = st.column_config.NumberColumn
    key = f"duplicate_groups_{result.meta.id}_{threshold}"
    paged_source(
        page,
        len(groups),
        key,
        alt=_("Groups of nearly equal texts"),
        rows=_GROUPS_ROWS,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "group": number(_("Group"), width=60),
            "text": st.column_config.TextColumn(_("The text that stays"), width=430),
            "rows": number(_("Rows"), width=65),
            "texts": number(_("Different texts"), width=110),
            "lowest": number(
                _("Lowest score inside"),
                format="%.3f",
                width=140,
                help=_("Between any two texts of the group, linked or not."),
            ),
        },
    )
    ticked = STATE[f"{key}_table"]["selection"]["rows"]
    chosen = min(shown + (ticked[0] if ticked else 0), len(groups) - 1)
    _show_members(result, found, groups, chosen)


def _show_members(result: Result, found: Found, groups: Groups, number: int) -> None:
    st.markdown("**" + _("Group {number}").format(number=number + 1) + "**")
    members = groups.members(number)
    keys = found.keys[members]
    frame = _table(result, members)
    stays = np.zeros(len(members), dtype=bool)
    stays[0] = True
    frame.insert(0, "keep", [_("stays") if one else _("could go") for one in stays])
    frame.insert(1, "score", groups.to_kept[keys])
    paged_frame(
        frame,
        f"members_{result.meta.id}_{number}",
        alt=_("The rows of the group"),
        rows=_MEMBER_ROWS,
        hide_index=True,
        placeholder="",
        column_config={
            "keep": st.column_config.TextColumn("", width=80),
            "score": st.column_config.NumberColumn(
                _("Score with the one that stays"), format="%.3f", width=180
            ),
            **_columns(result),
        },
    )
    if groups.sampled[number]:
        st.caption(
            _("This group is so large that its lowest score was looked for among 4,000 texts.")
        )


def _show_copies(result: Result, groups: list[NDArray[np.int64]]) -> None:
    """Rows whose texts are the same letter by letter."""
    st.caption(_("Width of letters and white space do not count, everything else does."))
    if not groups:
        st.info(_("No text stands in the table twice."), icon=":material/check_circle:")
        return
    rows = np.concatenate(groups)
    number = np.repeat(np.arange(1, len(groups) + 1), [len(one) for one in groups])
    frame_key = f"copies_{result.meta.id}"

    def page(start: int, count: int) -> pd.DataFrame:
        part = slice(start, start + count)
        frame = _table(result, rows[part])
        frame.insert(0, "group", number[part])
        return frame

    paged_source(
        page,
        len(rows),
        frame_key,
        alt=_("Exact copies"),
        rows=_MEMBER_ROWS,
        hide_index=True,
        column_config={
            "group": st.column_config.NumberColumn(_("Group"), width=70),
            **_columns(result),
        },
    )


def _table(result: Result, rows: NDArray[np.int64]) -> pd.DataFrame:
    names = ["label", "text", *(f"f{at}" for at in range(len(result.meta.tables["table"].fields)))]
    return result.rows("table", rows).select(names).to_pandas()


def _columns(result: Result) -> dict[str, object]:
    table, text = result.meta.tables["table"], st.column_config.TextColumn
    config: dict[str, object] = {
        "label": text(table.label or _("Row"), width=90),
        "text": text(table.text, width=560),
    }
    for at, name in enumerate(table.fields):
        config[f"f{at}"] = text(name, width=120)
    return config


def _about(result: Result, threshold: float) -> list[tuple[str, str]]:
    params = result.meta.duplicates
    assert params is not None
    return [
        (_("Table"), table_name(result.meta.tables["table"].name)),
        (_("Model"), model_words(params.model.role, params.model.name)),
        (_("Nearly equal from this score on"), fmt.number(threshold, 3)),
        (_("Made"), fmt.moment(result.meta.created)),
    ]
