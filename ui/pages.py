"""The list of screens: their files, addresses, titles and icons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import streamlit as st
from streamlit.navigation.page import Page

from core.problems import N_
from ui.catalogues import _


@dataclass(frozen=True)
class Screen:
    """One screen; ``name`` is its file in pages/ and its address, the same in every language."""

    name: str
    title: str
    purpose: str
    icon: str

    @property
    def path(self) -> str:
        """The screen's script, as seen from ui/main.py."""
        return f"../pages/{self.name}.py"


SCREENS = (
    Screen(
        "home",
        N_("Home"),
        N_("Fine-tune a text-matching model on your own table, step by step."),
        ":material/home:",
    ),
    Screen(
        "data",
        N_("Data"),
        N_(
            "Bring in a table, see what is wrong with it, and make it a dataset that you can trust."
        ),
        ":material/table_view:",
    ),
    Screen(
        "train",
        N_("Train"),
        N_("Choose a dataset, a base model and a loss, then start a run."),
        ":material/model_training:",
    ),
    Screen(
        "run",
        N_("Run"),
        N_("Watch a run while it trains, and read what it achieved."),
        ":material/monitoring:",
    ),
    Screen(
        "runs",
        N_("Runs"),
        N_("Find, compare, tag and tidy up everything that was trained."),
        ":material/table_chart:",
    ),
    Screen(
        "inspect",
        N_("Inspect"),
        N_("See what training changed: similarities and a map, before and after."),
        ":material/hub:",
    ),
    Screen(
        "search",
        N_("Search"),
        N_("Ask real questions and compare base, tuned model and keyword search."),
        ":material/search:",
    ),
    Screen(
        "match",
        N_("Match"),
        N_("Find, for each row of a table, the rows of another that fit, or what stands twice."),
        ":material/join_inner:",
    ),
    Screen(
        "export",
        N_("Export"),
        N_("Check the tuned model and take its folder home."),
        ":material/download:",
    ),
)


def page_list() -> list[Page]:
    """The screens for ``st.navigation``, titled in the session's language; Home comes up first."""
    return [
        st.Page(
            screen.path,
            title=_(screen.title),
            icon=screen.icon,
            url_path=screen.name,
            default=screen.name == "home",
            help=_(screen.purpose),
        )
        for screen in SCREENS
    ]


def heading(name: str) -> None:
    """The heading of screen ``name`` with the one sentence that says what it is for."""
    screen = next(screen for screen in SCREENS if screen.name == name)
    st.title(_(screen.title), anchor=False)
    st.caption(_(screen.purpose))


def go_to(name: str) -> NoReturn:
    """Leave for screen ``name``."""
    st.switch_page(f"../pages/{name}.py")
