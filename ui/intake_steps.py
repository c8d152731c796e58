"""What is done to the rows of the open table: conversions to other shapes, and the way back."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.data.convert import conversions_for
from core.data.intake import DraftReport
from core.data.prepare import STEPS
from core.data.shapes import MATCH_SCORE, Shape
from core.data.steps import Step
from core.workspace import Workspace
from ui.intake import Intake, add_step, remove_step
from ui.language import _, say

# Conversions that ask from which score on two texts belong together.
_WITH_THRESHOLD = ("scored_to_pairs", "scored_to_triplets")


def is_conversion(step: Step) -> bool:
    """Whether a step changes what a row holds."""
    kind = STEPS.get(step.kind)
    return kind is not None and kind.makes is not None


def show_steps(
    workspace: Workspace,
    intake: Intake,
    report: DraftReport | None,
    which: Callable[[Step], bool],
) -> None:
    """Those of the steps that ``which`` picks, what each did, and a button that undoes it."""
    applied = report.applied if report else ()
    for place, step in enumerate(intake.draft.steps):
        if not which(step):
            continue
        kind = STEPS.get(step.kind)
        title = _(kind.title) if kind else step.kind
        words = say(applied[place].message) if place < len(applied) else title
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":green[:material/check_circle:] {words}")
            st.button(
                _("Undo"),
                key=f"undo_{place}_{step.kind}",
                icon=":material/undo:",
                type="tertiary",
                on_click=remove_step,
                args=(workspace, intake.id, place),
            )


def offer_conversions(workspace: Workspace, intake: Intake, shape: Shape) -> None:
    """What rows of this shape can be turned into, each with what it is good for."""
    kinds = {kind.name: kind for kind in conversions_for(shape)}
    if not kinds:
        return
    left, right = st.columns([3, 2], vertical_alignment="bottom", gap="medium")
    with left:
        name = st.selectbox(
            _("Make of it"),
            list(kinds),
            index=None,
            format_func=lambda name: _(kinds[name].title),
            placeholder=_("leave it as it is"),
            key=f"convert_{intake.id}_{shape}",
        )
    if name is None:
        return
    kind = kinds[name]
    params = {}
    if name in _WITH_THRESHOLD:
        with right:
            params["threshold"] = st.slider(
                _("From this score on, two texts belong together"),
                0.05,
                1.0,
                MATCH_SCORE,
                0.05,
                key=f"threshold_{name}",
            )
    st.caption(_(kind.help))
    st.button(
        _("Do this"),
        key="convert",
        icon=":material/swap_horiz:",
        on_click=add_step,
        args=(workspace, intake.id, Step(name, params)),
    )
