"""The bases side by side: what each makes of the table, and the one to take."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.models.bases import BaseConfig
from core.models.catalogue import BaseRow, Recommendation, short_name
from core.problems import Term
from core.training.advice.data import UNREADABLE_SHARE
from ui import format as fmt
from ui.language import _, ngettext, say

_WIDTHS = (3.5, 1.2, 1.05, 1.1, 0.95, 1.05, 1.1, 1.1)
_LOOK_AGAIN_SECONDS = 1.0
_UNKNOWN = "…"

Choose = Callable[[BaseConfig], None]


def show_recommendation(
    advice: Recommendation, rows: Sequence[BaseRow], start: Callable[[BaseConfig], None]
) -> None:
    """Which base to take and why, where it ends, and a button that starts a run with it."""
    row = next(row for row in rows if row.config == advice.config)
    with st.container(border=True, gap="xsmall", key="recommended_base"):
        label = _("**Recommended: {base}**").format(base=fmt.verbatim(name_of(row)))
        st.markdown(f":green[:material/thumb_up:] {label}")
        st.markdown(say(advice.why))
        if advice.limits is not None:
            st.caption(f":material/warning: {say(advice.limits)}")
        for other in advice.others:
            words = (other.why,) if other.limits is None else (other.why, other.limits)
            st.caption(f":material/lightbulb: {say(*words)}")
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                _("Start as proposed"),
                type="primary",
                icon=":material/play_arrow:",
                key="start_recommended",
            ):
                start(advice.config)
            st.caption(_takes(row))


def show_table(
    rows: Sequence[BaseRow], advice: Recommendation, chosen: BaseConfig, choose: Choose
) -> None:
    """All bases with their figures for this table, the recommended one first; a button chooses."""
    with st.container(border=True, gap="xsmall", key="base_table"):
        for cell, title in zip(_cells(), _titles(), strict=True):
            cell.caption(title)
        for row in sorted(rows, key=lambda row: row.config != advice.config):
            *cells, last = _cells()
            for cell, value in zip(cells, [_named(row), *_figures(row), *_size(row)], strict=True):
                cell.markdown(value)
            if is_same(row.config, chosen):
                label, icon = _("Chosen"), ":material/check:"
                last.button(f":green[{label}]", icon=icon, type="tertiary", disabled=True)
            else:
                last.button(
                    _("Choose"),
                    key=f"choose_{row.config.model_dump_json()}",
                    on_click=choose,
                    args=(row.config,),
                )
        st.caption(_legend(rows))
    if any(row.figures is None for row in rows):
        _look_again()


def is_same(one: BaseConfig, other: BaseConfig) -> bool:
    """Whether both are the same base; the sizes of a static model to be made do not matter."""
    if one.kind == other.kind == "static":
        return True
    return one == other


def name_of(row: BaseRow) -> str:
    """What the base is called on the screen."""
    name = _(row.name) if isinstance(row.name, Term) else short_name(row.name)
    if row.config.kind == "run":
        name = _("Earlier run: {name}").format(name=row.name)
    if row.config.extend is not None:
        return _("{base} + your characters").format(base=name)
    return name


def _cells() -> list[DeltaGenerator]:
    return st.columns(_WIDTHS, gap="xsmall", vertical_alignment="center")


def _titles() -> tuple[str, ...]:
    return (
        _("Base"),
        _("Cannot read"),
        _("Look-alikes"),
        _("Time here"),
        _("Vectors"),
        _("Parameters"),
        _("Reads"),
        "",
    )


def _legend(rows: Sequence[BaseRow]) -> str:
    texts = next((row.figures.texts for row in rows if row.figures is not None), 0)
    words = ngettext(
        "Cannot read: the share of words and characters that its vocabulary does not know and "
        "takes for one and the same sign, [UNK]. Look-alikes: of {n} text looked at, how many look "
        "exactly like another one to it. Time here: a run as proposed, on this computer. Vectors: "
        "how many numbers stand for a text.",
        "Cannot read: the share of words and characters that its vocabulary does not know and "
        "takes for one and the same sign, [UNK]. Look-alikes: of {n} texts looked at, how many "
        "look exactly like another one to it. Time here: a run as proposed, on this computer. "
        "Vectors: how many numbers stand for a text.",
        texts,
    )
    return words.format(n=fmt.number(texts))


def _named(row: BaseRow) -> str:
    name = f"**{fmt.verbatim(name_of(row))}**"
    if row.gained is None:
        return name
    metric, before, after = row.gained
    gain = _("{metric}: {before} → {after}").format(
        metric=metric, before=fmt.number(before, 2), after=fmt.number(after, 2)
    )
    return f"{name}  \n:small[{gain}]"


def _figures(row: BaseRow) -> tuple[str, str, str]:
    """What is known about the base and this table: unknown share, look-alikes, time."""
    figures = row.figures
    if figures is None:
        return _UNKNOWN, _UNKNOWN, _UNKNOWN
    share = figures.unknown_share
    unknown = fmt.percent(share, 0 if share >= 0.1 or not share else 1)
    if share >= UNREADABLE_SHARE:
        unknown = f":red[**{unknown}**]"
    takes = "–" if figures.seconds is None else fmt.rough_duration(figures.seconds)
    return unknown, fmt.number(figures.indistinguishable), takes


def _size(row: BaseRow) -> tuple[str, str, str]:
    """What is known about the base alone: length of its vectors, parameters, maximum length."""
    millions = fmt.number(row.parameters / 1e6, 1)
    reads = _("any length")
    limit = (row.figures.reads if row.figures is not None else None) or row.max_length
    if limit:
        reads = _("{count} tokens").format(count=fmt.number(limit))
    return fmt.number(row.dimension), f"{millions} M", reads


def _takes(row: BaseRow) -> str:
    """What the button does, with the time that it will take where that is known."""
    if row.figures is None or row.figures.seconds is None:
        return _("Starts a run with everything below as it is proposed for this table.")
    return _(
        "Starts a run with everything below as it is proposed for this table: about {time} here."
    ).format(time=fmt.rough_duration(row.figures.seconds))


def _look_again() -> None:
    """Have the page drawn again in a moment, because figures are still missing."""
    began = time.monotonic()

    def again() -> None:
        # The first time is now, while the rest of the page is still to come.
        if time.monotonic() - began > _LOOK_AGAIN_SECONDS / 2:
            st.rerun()

    st.fragment(again, run_every=_LOOK_AGAIN_SECONDS)()
