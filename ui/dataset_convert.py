"""Turning a stored dataset into another shape, which opens other losses."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.data.convert import conversions_for
from core.data.shapes import MATCH_SCORE
from core.data.step_kinds import StepKind
from core.data.steps import Step
from core.data.store import Dataset, DatasetInfo
from core.workspace import Workspace
from ui.dataset_change import add_step
from ui.language import _

_WITH_THRESHOLD = {"scored_to_pairs", "scored_to_triplets"}


def show_conversions(workspace: Workspace, dataset: Dataset) -> None:
    """The conversions that the dataset can take; choosing one makes a new version."""
    info = dataset.info
    kinds = {kind.name: kind for kind in conversions_for(info.shape)}
    if not kinds:
        return
    st.subheader(_("Turn it into another shape"), anchor=False)
    with st.container(border=True):
        st.caption(
            _(
                "Rows here are {shape}. Another shape opens other losses; this version stays."
            ).format(shape=_(info.shape.label))
        )
        name = st.selectbox(
            _("Make of it"),
            list(kinds),
            format_func=lambda name: _(kinds[name].title),
            key=f"convert_{info.id}",
        )
        kind = kinds[name]
        st.caption(_(kind.help))
        params = _params(kind, info)
        st.button(
            _("Make a new version"),
            key="convert",
            icon=":material/swap_horiz:",
            on_click=add_step,
            args=(info, Step(kind.name, params)),
        )


def _params(kind: StepKind, info: DatasetInfo) -> dict[str, Any]:
    if kind.name not in _WITH_THRESHOLD:
        return {}
    threshold = st.slider(
        _("From this score on, two texts belong together"),
        0.0,
        1.0,
        MATCH_SCORE,
        0.05,
        key=f"threshold_{kind.name}_{info.id}",
    )
    return {"threshold": threshold}
