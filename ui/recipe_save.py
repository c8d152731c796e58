"""Keeping a run's settings as a recipe, on the Run screen."""

from __future__ import annotations

import streamlit as st

from core.problems import Problem
from core.training.recipes.store import save_run
from core.training.runs import Run
from core.workspace import Workspace
from ui.language import _, say
from ui.runs import run_name


def offer_recipe(workspace: Workspace, run: Run) -> None:
    """A name and a button: the settings become a recipe, to be used with any table on Train."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        name = st.text_input(
            _("Keep these settings as a recipe named"),
            value=run_name(run),
            max_chars=200,
            key=f"recipe_name_{run.id}",
            help=_("Train offers it for every table, under “Start from a model card or a recipe”."),
        )
        kept = st.button(_("Keep as a recipe"), key="recipe_keep", icon=":material/bookmark_add:")
        st.download_button(
            _("Download as YAML"),
            run.config.to_yaml(),
            file_name=f"{run.id}.yaml",
            mime="application/yaml",
            key="config_file",
            icon=":material/download:",
        )
    if not kept:
        return
    try:
        save_run(workspace, run.id, name)
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")
    else:
        st.success(_("Kept. Train offers it for every table."), icon=":material/bookmark_added:")
