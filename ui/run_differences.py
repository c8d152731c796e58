"""What differs between configurations, as a table for people: a row a setting, a column each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.training import setting_words
from core.training.difference import Difference
from ui import format as fmt
from ui.language import _

LABEL_WIDTH = 230
"""Pixels for the names of settings and scores, the same in tables that stand below each other."""


def show_differences(
    names: Sequence[str], found: Sequence[Difference], named: Mapping[str, str] | None = None
) -> None:
    """The settings that differ, in the order of the form.

    Args:
        names: what each configuration is called; no two alike.
        found: what :func:`core.training.difference.differences` told.
        named: what runs and corpora are called, by their ids.
    """
    if not found:
        st.caption(_("All settings are the same."))
        return
    table = pd.DataFrame(
        [[value_words(one, value, named) for value in one.values] for one in found],
        columns=list(names),
        index=[_(one.label) for one in found],
    )
    st.dataframe(
        table,
        height="content",
        column_config={"_index": st.column_config.TextColumn(_("Setting"), width=LABEL_WIDTH)},
        alt=_("The settings that differ"),
    )


def value_words(difference: Difference, value: Any, named: Mapping[str, str] | None = None) -> str:
    """A value of a setting in the reader's words (:mod:`core.training.setting_words`)."""
    return setting_words.value_words(difference, value, _, fmt.number, fmt.percent, named)
