"""The best run of each dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.training.run_index import RunRow
from core.training.run_table import Best, best_runs
from ui import format as fmt
from ui.language import _, ngettext
from ui.pages import go_to
from ui.runs import sample_name
from ui.runs_words import base_name, loss_title, metric_label
from ui.selection import select
from ui.tables import paged


def show_best(rows: Sequence[RunRow], names: Mapping[str, str]) -> None:
    """One entry a dataset and way of scoring: its best run, and the way to it."""
    best = best_runs(rows)
    if not best:
        return
    st.subheader(_("The best of each dataset"), anchor=False)
    several = {one.row.dataset for one in best if _ways(best, one) > 1}
    for one in paged(best, "runs_best", size=6):
        _show(one, names, say_rows=one.row.dataset in several)


def _ways(best: Sequence[Best], one: Best) -> int:
    return sum(other.row.dataset == one.row.dataset for other in best)


def _show(best: Best, names: Mapping[str, str], *, say_rows: bool) -> None:
    row = best.row
    assert row.metric is not None and row.after is not None
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap="xxsmall"):
            dataset, name = sample_name(row.dataset_name), sample_name(row.name)
            st.markdown(f"**{fmt.verbatim(dataset)}**: {fmt.verbatim(name)}")
            st.caption(" · ".join(_facts(best, names, say_rows=say_rows)))
        if st.button(_("Open"), key=f"best_{row.id}", icon=":material/monitoring:"):
            select("run", row.id)
            go_to("run")


def _facts(best: Best, names: Mapping[str, str], *, say_rows: bool) -> list[str]:
    row = best.row
    before = "–" if row.before is None else fmt.number(row.before, 3)
    facts = [
        f"{metric_label(row.metric or '')} {before} → {fmt.number(row.after or 0.0, 3)}",
        fmt.verbatim(base_name(row.base_kind, row.base_detail, names)),
        loss_title(row.loss),
        ngettext(
            "the only run scored so far", "the best of {count} runs on the same rows", best.runs
        ).format(count=fmt.number(best.runs)),
    ]
    if say_rows:
        share, _slash, seed = row.held_out.partition("/")
        words = _("held out: {share}, seed {seed}")
        facts.append(words.format(share=fmt.percent(float(share)), seed=seed))
    return facts
