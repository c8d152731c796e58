"""How the state of a job looks: the same word and colour on every screen."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from core.jobs.status import JobState, JobStatus
from ui.language import _

Colour = Literal["gray", "blue", "orange", "green", "red"]

COLOURS: dict[JobState, Colour] = {
    JobState.QUEUED: "gray",
    JobState.RUNNING: "blue",
    JobState.STOPPING: "orange",
    JobState.SUCCEEDED: "green",
    JobState.FAILED: "red",
    JobState.CANCELLED: "gray",
    JobState.INTERRUPTED: "orange",
}
"""The colour of each state, on badges and in tables."""
_ICONS = {
    JobState.QUEUED: ":material/schedule:",
    JobState.RUNNING: ":material/play_circle:",
    JobState.STOPPING: ":material/hourglass_bottom:",
    JobState.SUCCEEDED: ":material/check_circle:",
    JobState.FAILED: ":material/error:",
    JobState.CANCELLED: ":material/cancel:",
    JobState.INTERRUPTED: ":material/power_off:",
}


def state_badge(status: JobStatus) -> None:
    """The state as a coloured badge."""
    state = status.state
    st.badge(_(state.label), color=COLOURS[state], icon=_ICONS[state])
