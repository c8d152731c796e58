"""The data report of a stored dataset: findings with their fixes, lengths, how bases read it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from core.data.report import LANGUAGES, SCRIPTS, BaseCoverage, DataReport, LengthStatistics
from core.data.steps import Step
from core.data.store import Dataset, DatasetInfo
from core.workspace import Workspace
from ui import charts
from ui import format as fmt
from ui.dataset_change import add_step, undo_step
from ui.dataset_charts import length_histograms, score_histogram
from ui.dataset_checking import choose_base, find_report, look_at_everything
from ui.dataset_report_files import show_report_files
from ui.datasets import column_title
from ui.findings import show_findings
from ui.language import _, paragraph, say
from ui.texts import clipped

_UNREADABLE_SHARE = 0.05
_ALIKE_SHARE = 0.02
_CUT_OFF_SHARE = 0.1
_ALIKE_WIDTH = 60
_CHARACTERS_SHOWN = 40


def show_report(workspace: Workspace, dataset: Dataset) -> None:
    """Everything that is known about a dataset before anything is trained on it."""
    info = dataset.info
    _show_steps(info)
    report = find_report(workspace, dataset)
    if report is None:
        return
    st.subheader(_("What was found"), anchor=False)

    def fix(step: Step) -> None:
        add_step(info, step)

    said = {finding.kind for finding in report.findings}
    checked = [one for one in (*info.left_out, *info.findings) if one.kind not in said]
    show_findings([*report.findings, *checked], on_fix=fix, key=f"report_{info.id}")
    _show_lengths(workspace, dataset, report)
    _show_scores_and_classes(report)
    _show_coverage(report)
    _show_languages(info, report)
    _show_limits(dataset, report)
    show_report_files(workspace, dataset, report)


def _show_steps(info: DatasetInfo) -> None:
    """What was done to the table so far, each step with its way back."""
    if not info.steps:
        return
    st.subheader(_("What was done to it"), anchor=False)
    with st.container(border=True, gap="xsmall"):
        for place, applied in enumerate(info.steps):
            with st.container(horizontal=True, vertical_alignment="center"):
                with st.container():
                    st.markdown(f"{place + 1}\\. {say(applied.message)}")
                st.button(
                    _("Undo"),
                    key=f"undo_{place}",
                    icon=":material/undo:",
                    type="tertiary",
                    on_click=undo_step,
                    args=(info, place),
                )


def _show_lengths(workspace: Workspace, dataset: Dataset, report: DataReport) -> None:
    info = dataset.info
    st.subheader(_("How long the texts are"), anchor=False)
    st.caption(
        _(
            "A base cuts every text into tokens, pieces of words or single characters, and reads "
            "only so many of them. The figures are those that a model card prints."
        )
    )
    choose_base(workspace, dataset, report)
    lengths = report.tokens or report.characters
    titles = {role: column_title(info, role) for role in lengths}
    limit = next((one.max_length for one in report.coverage if one.name == report.base), None)
    in_tokens = bool(report.tokens)
    st.table(
        _length_table(lengths, titles, report.distinct, report.rows, limit if in_tokens else None),
        border="horizontal",
        alt=_("Shortest, mean and longest text of each column"),
    )
    title = _("Length of the texts in characters")
    if in_tokens and report.base:
        title = _("Length of the texts in tokens of {base}").format(base=_(report.base))
    charts.show(
        length_histograms(
            lengths,
            titles,
            title=title,
            unit=_("tokens") if in_tokens else _("characters"),
            limit=limit if in_tokens else None,
        ),
        f"lengths_{info.id}_{report.base}",
        alt=_("A histogram of the lengths of the texts for each column"),
    )


def _length_table(
    lengths: Mapping[str, LengthStatistics],
    titles: Mapping[str, str],
    distinct: Mapping[str, int],
    rows: int,
    limit: int | None,
) -> pd.DataFrame:
    columns = {
        _("Different texts"): [fmt.number(distinct[role]) for role in lengths],
        _("Shortest"): [fmt.number(one.minimum) for one in lengths.values()],
        _("Mean"): [fmt.number(one.mean, 1) for one in lengths.values()],
        _("95% are at most"): [fmt.number(round(one.p95)) for one in lengths.values()],
        _("Longest"): [fmt.number(one.maximum) for one in lengths.values()],
    }
    if limit is not None:
        label = _("Cut off after {limit}").format(limit=fmt.number(limit))
        columns[label] = [
            f"{fmt.number(one.cut_off)} ({fmt.percent(one.cut_off / rows, 1)})"
            for one in lengths.values()
        ]
    return pd.DataFrame(columns, index=[fmt.verbatim(titles[role]) for role in lengths])


def _show_scores_and_classes(report: DataReport) -> None:
    if report.scores is not None:
        scores = report.scores
        st.subheader(_("Scores"), anchor=False)
        st.markdown(
            _(
                "From {low} to {high}, {mean} on average. {matches} of {rows} rows count as "
                "matches (0.5 or more)."
            ).format(
                low=fmt.number(scores.minimum, 2),
                high=fmt.number(scores.maximum, 2),
                mean=fmt.number(scores.mean, 2),
                matches=fmt.number(scores.matches),
                rows=fmt.number(report.rows),
            )
        )
        charts.show(
            score_histogram(scores.histogram),
            "scores",
            alt=_("A histogram of the scores"),
        )
    if report.classes is not None:
        classes = report.classes
        st.subheader(_("Classes"), anchor=False)
        largest = _(", ").join(
            f"{fmt.verbatim(name)} ({fmt.number(count)})" for name, count in classes.largest
        )
        st.markdown(
            _(
                "{classes} classes. The largest: {largest}. The smallest has {smallest}; half of "
                "them have {median} or fewer."
            ).format(
                classes=fmt.number(classes.classes),
                largest=largest,
                smallest=fmt.number(classes.smallest),
                median=fmt.number(classes.median),
            )
        )


def _show_coverage(report: DataReport) -> None:
    if not report.coverage:
        return
    st.subheader(_("Which base can read it"), anchor=False)
    table = pd.DataFrame(
        {
            _("Unreadable tokens"): [fmt.percent(one.unknown_share, 1) for one in report.coverage],
            _("Texts with something unreadable"): [
                _part(one.unreadable_texts, one.texts) for one in report.coverage
            ],
            _("Texts that look like another"): [
                _part(one.indistinguishable, one.texts) for one in report.coverage
            ],
            _("Texts that are cut off"): [
                fmt.percent(one.cut_off_share, 1) for one in report.coverage
            ],
        },
        index=[fmt.verbatim(_(one.name)) for one in report.coverage],
    )
    st.table(table, border="horizontal", alt=_("How well each base reads the texts"))
    for one in report.coverage:
        advice = _advice(one)
        if advice:
            st.warning(advice, icon=":material/visibility_off:")
        _show_unreadable(one)
    if not any(map(_advice, report.coverage)):
        st.caption(_("Each of these bases can read this table."))


def _part(count: int, texts: int) -> str:
    return _("{count} of {all}").format(count=fmt.number(count), all=fmt.number(texts))


def _advice(one: BaseCoverage) -> str | None:
    """What to do about a base that does not read the texts well; None when it does."""
    name = fmt.verbatim(_(one.name))
    alike = one.indistinguishable / max(one.texts, 1)
    if one.unknown_share >= _UNREADABLE_SHARE or alike >= _ALIKE_SHARE:
        return _(
            "{base} cannot read much of this table: choose “Static, from your own data” on the "
            "Train screen, or a base that knows its characters."
        ).format(base=name)
    if one.cut_off_share >= _CUT_OFF_SHARE:
        return _(
            "{base} does not see the end of {share} of the texts: shorten them, put what matters "
            "first, or choose a base that reads further."
        ).format(base=name, share=fmt.percent(one.cut_off_share))
    return None


def _show_unreadable(one: BaseCoverage) -> None:
    """Characters that a base cannot read, and texts that are one and the same to it."""
    if not one.characters and not one.alike:
        return
    label = _("What {base} cannot tell apart").format(base=fmt.verbatim(_(one.name)))
    with st.expander(label, icon=":material/visibility_off:"):
        if one.characters:
            shown = fmt.verbatim(" ".join(one.characters[:_CHARACTERS_SHOWN]))
            more = "" if one.different_characters <= len(one.characters) else " …"
            st.markdown(
                paragraph(
                    _("Characters that are one and the same unknown sign to it ({n}):").format(
                        n=fmt.number(one.different_characters)
                    ),
                    f"{shown}{more}",
                )
            )
        for texts in one.alike:
            same = "  =  ".join(fmt.verbatim(clipped(text, _ALIKE_WIDTH)) for text in texts)
            st.markdown(f"- {same}")


def _show_languages(info: DatasetInfo, report: DataReport) -> None:
    parts = (
        (_("Scripts"), report.scripts, SCRIPTS),
        (_("Languages"), report.languages, LANGUAGES),
    )
    if not any(shares for _title, shares, _names in parts):
        return
    st.subheader(_("Scripts and languages"), anchor=False)
    table: dict[str, list[str]] = {}
    roles = [role for role in info.columns if role in report.scripts or role in report.languages]
    for title, shares, names in parts:
        table[title] = [
            _(", ").join(
                f"{_(names.get(key, key))} {fmt.percent(share)}"
                for key, share in sorted(
                    shares.get(role, {}).items(), key=lambda item: item[1], reverse=True
                )
                if share >= 0.005
            )
            for role in roles
        ]
    index = [fmt.verbatim(column_title(info, role)) for role in roles]
    st.table(
        pd.DataFrame(table, index=index),
        border="horizontal",
        alt=_("Scripts and languages of each column"),
    )


def _show_limits(dataset: Dataset, report: DataReport) -> None:
    """What was looked at in full and what in a sample, and the way to look at all of it."""
    st.subheader(_("What was looked at"), anchor=False)
    if report.sampled:
        st.markdown("\n".join(f"- {say(message)}" for message in report.sampled))
        st.caption(_("Everything else was looked at in all rows."))
    else:
        st.markdown(_("All rows, for everything above."))
    if report.sampled and not report.full:
        look_at_everything(dataset)
    st.caption(_("This report took {time}.").format(time=fmt.duration(report.seconds)))
