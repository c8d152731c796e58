"""How long a run will take, in words."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.training.config import RunConfig
from core.training.estimate import Estimate, estimate
from core.training.speed import speed_path
from core.workspace import Workspace
from ui import format as fmt
from ui.language import _


def show_estimate(workspace: Workspace, config: RunConfig) -> None:
    """The estimate for the settings as they are now."""
    told = _estimate(str(workspace.root), config, _speed_version(workspace))
    st.markdown(
        _("**About {time}** on this machine: {steps} steps over {rows} rows.").format(
            time=fmt.duration(told.seconds),
            steps=fmt.number(told.steps),
            rows=fmt.number(told.train_rows),
        ),
        help=None
        if told.measured
        else _("This machine's speed has not been measured yet; this is a guess."),
    )


def _speed_version(workspace: Workspace) -> float:
    path = speed_path(workspace)
    return path.stat().st_mtime if path.exists() else 0.0


@st.cache_data(
    max_entries=200, show_spinner=False, hash_funcs={RunConfig: RunConfig.model_dump_json}
)
def _estimate(root: str, config: RunConfig, speed_version: float) -> Estimate:
    return estimate(Workspace(Path(root)), config)
