"""Held-out rows of a stored dataset: what a split would give, keeping one, and its own."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.data.shapes import ANCHOR, LABEL, POSITIVE, SCORE, SPLIT, TEXT
from core.data.split import SplitBy, split_rows
from core.data.split_draw import SCORE_BANDS
from core.data.split_steps import FIX_SPLIT, with_fixed_split, without_split
from core.data.steps import Step
from core.data.store import Dataset, DatasetInfo, load_dataset
from core.problems import Message
from core.workspace import Workspace
from ui import charts
from ui import format as fmt
from ui.dataset_change import set_steps
from ui.language import _, ngettext, say
from ui.texts import clipped

_LIVE_ROWS = 1_000_000
_LEAK_WIDTH = 100
_SPLIT_BY = (ANCHOR, POSITIVE, SCORE, TEXT, LABEL, SPLIT)


def show_held_out(workspace: Workspace, dataset: Dataset) -> None:
    """The dataset's own split, or the form that shows and keeps one."""
    st.markdown(
        _(
            "A model is scored on rows that it has not learned from: the held-out rows. Texts that "
            "belong together stay on one side, or the model could know the answers by heart."
        )
    )
    if SPLIT in dataset.info.columns:
        _show_own(workspace, dataset.info)
    else:
        _show_choice(workspace, dataset.info)


def _show_own(workspace: Workspace, info: DatasetInfo) -> None:
    with st.spinner(_("Counting both sides …")):
        split = _split(workspace.root, info.id, info.content_hash, 0.5, 0)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(_("Which rows are held out is fixed"), anchor=False)
            st.button(
                _("Let Pairloom choose"),
                key="drop_split",
                icon=":material/shuffle:",
                help=_("Takes the split away; every run then draws its held-out rows by itself."),
                on_click=_drop,
                args=(info,),
            )
        fixed = next((one for one in info.steps[::-1] if one.step.kind == FIX_SPLIT), None)
        if fixed is not None:
            words = _("Drawn by Pairloom with the seed {seed} for a share of {share}.")
            share = fmt.percent(float(fixed.step.params["share"]))
            st.caption(words.format(seed=fixed.step.params["seed"], share=share))
        elif info.held_out_source is not None:
            name = fmt.verbatim(info.held_out_source.name)
            st.caption(_("The held-out rows are those of {file}.").format(file=name))
        elif SPLIT in dict(info.mapping.columns):
            st.caption(_("A column of the table says it."))
        else:
            st.caption(_("An earlier version says it."))
        _show_sides(info, split)


def _show_choice(workspace: Workspace, info: DatasetInfo) -> None:
    with st.container(border=True):
        share_place, seed_place = st.columns([3, 1], gap="large")
        percent = share_place.slider(
            _("Share of the rows to hold out"),
            1,
            50,
            10,
            format="%d %%",
            key=f"share_{info.id}",
            help=_("A tenth is usual. Small tables need more, so that the score means something."),
            persist_state="page",
        )
        seed = seed_place.number_input(
            _("Seed"),
            min_value=0,
            max_value=2**31 - 1,
            value=42,
            key=f"seed_{info.id}",
            help=_("Another number draws other rows; the same number draws the same ones."),
            persist_state="page",
        )
        share = percent / 100
        asked = f"split_shown_{info.id}"
        question = (percent, seed)
        if info.rows > _LIVE_ROWS and st.session_state.get(asked) != question:
            st.button(
                _("Show what that gives"),
                key="show_split",
                icon=":material/visibility:",
                on_click=st.session_state.__setitem__,
                args=(asked, question),
            )
            return
        with st.spinner(_("Drawing the held-out rows …"), show_time=True):
            split = _split(workspace.root, info.id, info.content_hash, share, seed)
        _show_sides(info, split)
        st.button(
            _("Keep this split"),
            key="keep_split",
            icon=":material/push_pin:",
            type="primary",
            on_click=set_steps,
            args=(info, with_fixed_split(_steps(info), share, int(seed))),
        )
        st.caption(
            _(
                "Makes a new version in which every row says on which side it is, so that all runs "
                "are scored on the same rows. Without it each run draws its own, with the share "
                "and seed that its form says."
            )
        )


def _steps(info: DatasetInfo) -> list[Step]:
    return [applied.step for applied in info.steps]


def _drop(info: DatasetInfo) -> None:
    """Have the dataset made without a split column; for the button's callback."""
    fixed = next((one for one in info.steps[::-1] if one.step.kind == FIX_SPLIT), None)
    undoes = fixed.message if fixed is not None and not info.says_split else None
    set_steps(info, without_split(_steps(info), own=info.says_split), undoes)


@st.cache_data(max_entries=30, show_spinner=False)
def _split(root: Path, id: str, content_hash: str, share: float, seed: int) -> dict[str, Any]:
    """What a split gives, without the rows; the hash belongs to the question."""
    dataset = load_dataset(Workspace(root), id)
    columns = [column for column in dataset.info.columns if column in _SPLIT_BY]
    frame = dataset.frame([*columns, "row"])
    return split_rows(frame, dataset.info.shape, share, seed).describe()


def _show_sides(info: DatasetInfo, split: dict[str, Any]) -> None:
    train, held_out = split["train"], split["held_out"]
    rows = train["rows"] + held_out["rows"]
    words = say(Message.from_json(split["message"]))
    if split["by"] == SplitBy.OWN:
        # Who says so stands above: the table, a second file, or Pairloom itself.
        words = _("{held_out} of {rows} rows are held out. Texts on both sides: {leaked}.").format(
            held_out=fmt.number(held_out["rows"]),
            rows=fmt.number(rows),
            leaked=fmt.number(split["leaked"]),
        )
    if split["leaked"]:
        st.warning(words, icon=":material/water_drop:")
    else:
        st.success(words, icon=":material/check_circle:")
    texts_only = "anchor" not in info.columns
    facts = {
        _("Rows"): "rows",
        _("Different texts") if texts_only else _("Different anchors"): "anchors",
    }
    if SCORE in info.columns:
        facts[_("Matches (score 0.5 or more)")] = "matches"
    if LABEL in info.columns:
        facts[_("Classes")] = "classes"
    table = pd.DataFrame(
        {
            _("For training"): [fmt.number(train[key]) for key in facts.values()],
            _("Held out"): [fmt.number(held_out[key]) for key in facts.values()],
        },
        index=list(facts),
    )
    share = fmt.percent(held_out["rows"] / rows, 1)
    left, right = st.columns(2, gap="large")
    with left:
        st.table(table, border="horizontal", alt=_("What is on each side of the split"))
        st.caption(_("Share of the rows that is held out: {share}").format(share=share))
        _show_leaks(split)
    with right:
        if train["score_bands"]:
            charts.show(
                _score_chart(train["score_bands"], held_out["score_bands"]),
                "split_scores",
                alt=_("How the scores are spread on both sides of the split"),
            )


def _show_leaks(split: dict[str, Any]) -> None:
    if not split["leaks"]:
        return
    count = split["leaked"]
    label = ngettext("{n} text is on both sides", "{n} texts are on both sides", count)
    with st.expander(label.format(n=fmt.number(count)), icon=":material/water_drop:"):
        lines = [
            _("“{text}”: training rows {train}; held-out rows {held_out}").format(
                text=fmt.verbatim(clipped(leak["text"], _LEAK_WIDTH)),
                train=_(", ").join(map(str, leak["train_rows"])),
                held_out=_(", ").join(map(str, leak["held_out_rows"])),
            )
            for leak in split["leaks"]
        ]
        if count > len(lines):
            lines.append("…")
        st.markdown("\n".join(f"- {line}" for line in lines))
        if split["by"] == SplitBy.OWN:
            st.caption(
                _("The model is scored on texts that it learned from, so it looks too good.")
            )


def _score_chart(train: list[int], held_out: list[int]) -> go.Figure:
    """The share of each side's rows in each tenth of the scores."""
    figure = go.Figure()
    edges = [n / SCORE_BANDS for n in range(SCORE_BANDS + 1)]
    bands = [f"{low:.1f} – {high:.1f}" for low, high in pairwise(edges)]
    for name, counts, colour in (
        (_("For training"), train, charts.BASE),
        (_("Held out"), held_out, charts.TUNED),
    ):
        total = max(sum(counts), 1)
        figure.add_bar(
            x=[low + 0.5 / SCORE_BANDS for low in edges[:-1]],
            y=[100 * count / total for count in counts],
            name=name,
            marker={"color": colour},
            customdata=[
                [band, fmt.number(count)] for band, count in zip(bands, counts, strict=True)
            ],
            hovertemplate="%{customdata[0]}<br>"
            + _("{count} rows").format(count="<b>%{customdata[1]}</b>")
            + " (%{y:.1f} %)<extra></extra>",
        )
    figure.update_layout(
        charts.layout(
            _("Scores on both sides"),
            x=_("score"),
            y=_("share of the side, %"),
            height=300,
            margin={"l": 56, "r": 8, "t": 64, "b": 48},
        )
    )
    figure.update_xaxes(range=[0, 1], dtick=0.2, tickformat=".1f")
    return figure
