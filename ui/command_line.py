"""The command that does the same as a screen, folded away at its end."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from core.cli.commands import CONFIG_FILE
from core.cli.lines import Line
from core.training.config import RunConfig
from core.workspace import PROJECT_ROOT, Workspace
from ui import format as fmt
from ui.language import _, say

_YAML_HEIGHT = 300


def show_commands(
    workspace: Workspace, lines: Iterable[Line], config: RunConfig | None = None
) -> None:
    """The lines of :mod:`core.cli.commands`, each with what it does.

    Args:
        workspace: which one they are about.
        lines: what to show.
        config: what ``config.yaml`` in them holds, where the screen has it.
    """
    with st.expander(
        _("The same on the command line"),
        icon=":material/terminal:",
        type="compact",
        key="command_line",
    ):
        st.caption(
            _("In a terminal, in the folder {folder}, with its Python environment:").format(
                folder=fmt.verbatim(str(PROJECT_ROOT))
            )
        )
        show_lines(workspace, lines)
        if config is not None:
            _show_config(config)


def show_lines(workspace: Workspace, lines: Iterable[Line]) -> None:
    """Each line with what it does."""
    for line in lines:
        st.caption(say(line.does))
        st.code(line.text(workspace), language="bash", wrap_lines=True)


def _show_config(config: RunConfig) -> None:
    """The configuration as it stands, to be kept as a file first."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_("{file} with the settings as they stand:").format(file=CONFIG_FILE))
        text = config.to_yaml()
        st.download_button(
            CONFIG_FILE,
            text,
            CONFIG_FILE,
            "application/yaml",
            key="config_yaml",
            icon=":material/download:",
            on_click="ignore",
        )
    st.code(text, language="yaml", height=_YAML_HEIGHT)
