"""Rows that hurt: the training rows that the model still gets most wrong, with the way to them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.data.shapes import is_negative
from core.training.hurting import Hurting
from ui import format as fmt
from ui.language import _, paragraph


def show_hurting(hurting: Hurting, dataset: str | None) -> None:
    """The worst rows as a table, with their numbers in the source table, and a link to Data."""
    if not hurting.rows:
        return
    st.subheader(_("Rows that hurt"), anchor=False)
    st.markdown(
        paragraph(
            _(
                "The training rows that the model still gets most wrong. Often such a row is "
                "mistaken, ambiguous, or has a second right answer in the table: mending or "
                "removing it helps more than training longer."
            ),
            _("{wrong} of the {count} rows looked at are wrong.").format(
                wrong=fmt.number(hurting.wrong), count=fmt.number(hurting.looked_at)
            ),
        )
    )
    st.dataframe(
        _table(hurting),
        hide_index=True,
        key="hurting_rows",
        alt=_("The training rows that the model gets most wrong"),
        column_config={
            _("Row"): st.column_config.NumberColumn(width="small", format="%d"),
            _("How wrong"): st.column_config.NumberColumn(
                width="small",
                format="%.2f",
                help=_(
                    "For rows with a right answer: 1 minus how much closer it is than the best "
                    "wrong one; above 1 the wrong one is closer. For scored pairs: how far the "
                    "pair is from the place that its score asks for, from 0 to 1."
                ),
            ),
        },
    )
    if dataset is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(_("Open on the Data screen:"), width="content")
            for one in hurting.rows:
                st.page_link(
                    "../pages/data.py",
                    label=_("Row {n}").format(n=one.row),
                    icon=":material/table_rows:",
                    query_params={"dataset": dataset, "row": str(one.row)},
                )


def _table(hurting: Hurting) -> pd.DataFrame:
    columns: dict[str, list[object]] = {
        _("Row"): [one.row for one in hurting.rows],
        _("How wrong"): [round(one.cost, 4) for one in hurting.rows],
    }
    for role in hurting.rows[0].texts:
        columns[_title(role)] = [one.texts[role] for one in hurting.rows]
    if hurting.rows[0].instead is not None:
        columns[_("Taken for a better answer")] = [one.instead for one in hurting.rows]
    return pd.DataFrame(columns)


def _title(role: str) -> str:
    if is_negative(role):
        number = role.rpartition("_")[2]
        return _("Wrong answer {n}").format(n=number) if number.isdecimal() else _("Wrong answer")
    return {
        "anchor": _("Question"),
        "positive": _("Right answer"),
        "score": _("Score"),
        "text": _("Text"),
        "label": _("Class"),
    }[role]
