"""The data report of the open table: what was found, with fixes, and the mojibake box."""

from __future__ import annotations

import json

import streamlit as st

from core.data.findings import Finding
from core.data.intake import INLINE_ROWS, Draft, DraftReport, check_draft, load_draft_report
from core.data.mojibake import Mojibake, find_mojibake
from core.data.report import DataReport
from core.data.staging import INLINE_BYTES, StagedTable, staged_file
from core.data.steps import Step
from core.problems import Problem
from core.workspace import Workspace
from ui import format as fmt
from ui import jobs
from ui.findings import show_findings
from ui.intake import Intake, add_step, remove_steps
from ui.intake_steps import is_conversion, show_steps
from ui.language import _, ngettext, paragraph, say
from ui.texts import clipped

_REPAIR = "repair_text"
_KNOWN = "mojibake"
_LOOKED_AT = 2000
_SHOWN = 3
_WIDTH = 60


def check(workspace: Workspace, draft: Draft, rows: int) -> DraftReport | None:
    """What is known about the draft; None while a job finds out, or after saying what is wrong."""
    report = load_draft_report(workspace, draft)
    if report is not None:
        return report
    second = draft.held_out and staged_file(workspace, draft.held_out.staged)
    if rows <= INLINE_ROWS and (second is None or second.bytes <= INLINE_BYTES):
        try:
            with st.spinner(_("Checking the rows …"), show_time=True):
                return check_draft(workspace, draft)
        except Problem as problem:
            st.error(say(problem), icon=":material/error:")
            return None
    wanted = jobs.Wanted(
        "check_table", {"draft": draft.to_json()}, name="check", title=_("Checking the rows")
    )
    jobs.replace(workspace, "intake_check", wanted)
    jobs.follow(workspace, [wanted])
    return None


def show_report(workspace: Workspace, intake: Intake, report: DraftReport) -> None:
    """Rows left out, and what was found."""
    _show_left_out(report)
    show_findings(
        report.all_findings,
        on_fix=lambda step: add_step(workspace, intake.id, step),
        key=f"found_{intake.id}",
    )
    _show_lengths(report.report)
    for sentence in report.report.sampled:
        st.caption(say(sentence))


def show_fixes(workspace: Workspace, intake: Intake, report: DraftReport | None) -> None:
    """The fixes that were applied, each with a button that undoes it."""
    # The repair of characters is undone where it is offered.
    show_steps(
        workspace,
        intake,
        report,
        lambda step: step.kind != _REPAIR and not is_conversion(step),
    )


def is_repaired(intake: Intake) -> bool:
    """Whether broken characters are repaired in the draft."""
    return any(step.kind == _REPAIR for step in intake.draft.steps)


def show_mojibake(workspace: Workspace, intake: Intake, table: StagedTable) -> None:
    """Characters that went through a wrong encoding: before, after, and a button that repairs."""
    if is_repaired(intake):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                ":green[:material/check_circle:] "
                + _("Broken characters are repaired, here and in the dataset.")
            )
            st.button(
                _("Undo"),
                key="undo_repair",
                icon=":material/undo:",
                type="tertiary",
                on_click=remove_steps,
                args=(workspace, intake.id, _REPAIR),
            )
        return
    found = _find(intake, table)
    if found is None:
        return
    column, mojibake = found
    with st.container(border=True, key="mojibake"):
        st.markdown(
            ":orange[:material/warning:] **"
            + _("Some characters in “{column}” look broken").format(column=fmt.verbatim(column))
            + "** – "
            + _(mojibake.kind.label).format(encoding=mojibake.encoding)
        )
        before, after = _("As it is"), _("Repaired")
        lines = [f"| {before} | {after} |", "|---|---|"]
        for _position, repair in mojibake.examples[:_SHOWN]:
            lines.append(f"| {_cell(repair.before)} | {_cell(repair.after)} |")
        st.markdown("\n".join(lines))
        if mojibake.unrecoverable:
            st.caption(_("Characters that were lost for good are shown as � and stay unreadable."))
        st.button(
            _("Repair"),
            key=_REPAIR,
            icon=":material/healing:",
            type="primary",
            on_click=add_step,
            args=(workspace, intake.id, Step(_REPAIR)),
        )


def _show_left_out(report: DraftReport) -> None:
    """The rows that will not be stored, and why."""
    if not report.left_out:
        return
    count = sum(finding.count for finding in report.left_out)
    label = ngettext("{n} row is left out", "{n} rows are left out", count)
    with st.expander(label.format(n=fmt.number(count)), icon=":material/filter_alt:"):
        for finding in report.left_out:
            st.markdown(f"- {_with_rows(finding)}")


def _show_lengths(report: DataReport) -> None:
    """How long the texts of each column are for the base that the report was made with."""
    if report.base is None or not report.tokens:
        return
    lengths = [
        _("{column} {minimum} to {maximum}, {mean} on average").format(
            column=fmt.verbatim(report.names.get(role, role)),
            minimum=fmt.number(tokens.minimum),
            maximum=fmt.number(tokens.maximum),
            mean=fmt.number(tokens.mean, 1),
        )
        for role, tokens in report.tokens.items()
    ]
    title = _("Length in tokens (words or pieces of words) as {base} counts them:").format(
        base=fmt.verbatim(report.base)
    )
    st.caption(f"{title} {' · '.join(lengths)}")


def _with_rows(finding: Finding) -> str:
    if not finding.rows:
        return say(finding.message)
    numbers = [str(row) for row in finding.rows]
    if finding.count > len(numbers):
        numbers.append("…")
    rows = _("In rows: {rows}.").format(rows=_(", ").join(numbers))
    return paragraph(say(finding.message), rows)


def _find(intake: Intake, table: StagedTable) -> tuple[str, Mojibake] | None:
    """The first column with such characters near its beginning; looked for once."""
    known: dict[tuple[str, str], tuple[str, Mojibake] | None]
    known = st.session_state.setdefault(_KNOWN, {})
    key = (intake.id, json.dumps(intake.draft.options.to_json()))
    if key not in known:
        head = table.head(_LOOKED_AT)
        found = ((column, find_mojibake(head[column])) for column in head.columns)
        known[key] = next(((column, one) for column, one in found if one is not None), None)
    return known[key]


def _cell(text: str) -> str:
    """A text for a cell of a Markdown table."""
    return fmt.verbatim(clipped(text, _WIDTH)).replace("|", r"\|")
