"""Warnings before a run is started, each with its ways out as buttons."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.data.findings import Severity
from core.training.advice import Advice, WayOut
from ui.language import say
from ui.pages import go_to
from ui.train_form import fill_in

BADGES = {
    Severity.PROBLEM: ":red-badge[:material/error:]",
    Severity.WARNING: ":orange-badge[:material/warning:]",
    Severity.INFO: ":blue-badge[:material/info:]",
}


def show_warnings(found: Sequence[Advice]) -> None:
    """What should be known before the run is started; nothing when there is nothing to say."""
    for advice in found:
        with st.container(border=True, gap="xsmall", key=f"advice_{advice.kind}"):
            st.markdown(f"{BADGES[advice.severity]} **{say(advice.message)}**")
            st.caption(say(advice.why))
            if advice.ways:
                with st.container(horizontal=True, gap="small"):
                    for place, way in enumerate(advice.ways):
                        _show_way(way, f"way_{advice.kind}_{place}")


def _show_way(way: WayOut, key: str) -> None:
    label = say(way.label)
    if way.config is not None:
        st.button(label, key=key, icon=":material/build:", on_click=fill_in, args=(way.config,))
    elif way.screen is not None and st.button(label, key=key, icon=":material/arrow_forward:"):
        go_to(way.screen)
