"""Findings on a screen: how bad, how many rows, examples, what it does to training, the way out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import streamlit as st

from core.data.findings import Finding, Severity
from core.data.steps import Step
from ui import format as fmt
from ui.language import _, ngettext, paragraph, plain, say
from ui.texts import clipped

_LOOKS: dict[Severity, tuple[Literal["red", "orange", "blue"], str]] = {
    Severity.PROBLEM: ("red", ":material/error:"),
    Severity.WARNING: ("orange", ":material/warning:"),
    Severity.INFO: ("blue", ":material/info:"),
}
_ORDER = list(_LOOKS)
_ROWS_NAMED = 8
_EXAMPLE_WIDTH = 160


def show_findings(
    findings: Sequence[Finding], *, on_fix: Callable[[Step], None] | None, key: str
) -> None:
    """All findings, the worst first; those that are only good to know are folded away.

    Args:
        findings: from a check or a data report.
        on_fix: called with the step of the finding whose fix button was clicked, before the script
            runs again; None shows no buttons.
        key: tells these findings' controls from others on the screen.
    """
    ordered = sorted(findings, key=lambda finding: _ORDER.index(finding.severity))
    serious = [one for one in ordered if one.severity is not Severity.INFO]
    notes = ordered[len(serious) :]
    _show_tally(serious)
    keys: dict[str, int] = {}

    def show(finding: Finding) -> None:
        place = keys[finding.kind] = keys.get(finding.kind, 0) + 1
        _show_finding(finding, on_fix, f"{key}_{finding.kind}_{place}")

    for finding in serious:
        show(finding)
    if not serious:
        st.success(_("Nothing was found that stands in the way."), icon=":material/check_circle:")
    if notes:
        label = ngettext(
            "{n} thing that is good to know", "{n} things that are good to know", len(notes)
        )
        with st.expander(label.format(n=fmt.number(len(notes))), icon=_LOOKS[Severity.INFO][1]):
            for finding in notes:
                show(finding)


def _show_tally(findings: Sequence[Finding]) -> None:
    """How many there are of each severity that matters."""
    counts = {one: sum(finding.severity is one for finding in findings) for one in _ORDER[:2]}
    words = {
        Severity.PROBLEM: ngettext("{n} problem", "{n} problems", counts[Severity.PROBLEM]),
        Severity.WARNING: ngettext("{n} warning", "{n} warnings", counts[Severity.WARNING]),
    }
    with st.container(horizontal=True, gap="xsmall"):
        for severity, count in counts.items():
            if count:
                colour, icon = _LOOKS[severity]
                st.badge(words[severity].format(n=fmt.number(count)), color=colour, icon=icon)


def _show_finding(finding: Finding, on_fix: Callable[[Step], None] | None, key: str) -> None:
    colour, icon = _LOOKS[finding.severity]
    # The count in the badge is what one scans for; the sentence says what it counts.
    counted = f"{icon} {fmt.number(finding.count)}" if finding.count else icon
    badge = f":{colour}-badge[{counted}]"
    with st.container(border=True, gap="xsmall", key=f"finding_{key}"):
        with st.container(horizontal=True, vertical_alignment="top"):
            with st.container(gap="xxsmall"):
                st.markdown(f"{badge} {say(finding.message)}")
                if finding.effects:
                    st.caption(paragraph(*(say(effect) for effect in finding.effects)))
                elif finding.rows and not finding.examples:
                    st.caption(_rows(finding))
            if finding.fix is not None and on_fix is not None:
                st.button(
                    plain(finding.fix.label),
                    key=f"fix_{key}",
                    icon=":material/build:",
                    on_click=on_fix,
                    args=(finding.fix.step,),
                )
        if finding.examples:
            with st.expander(_rows(finding), key=f"examples_{key}", type="compact"):
                st.markdown("\n".join(f"- {line}" for line in _examples(finding)))
        elif finding.effects and finding.rows:
            st.caption(_rows(finding))


def _rows(finding: Finding) -> str:
    """The numbers of the first rows that it concerns, as a spreadsheet shows them."""
    numbers = [str(row) for row in sorted(finding.rows)[:_ROWS_NAMED]]
    if finding.count > len(numbers):
        numbers.append("…")
    if not numbers:
        return _("Examples")
    return _("In rows: {rows}").format(rows=_(", ").join(numbers))


def _examples(finding: Finding) -> list[str]:
    blank = _("(blank)")
    lines = []
    for example in finding.examples:
        texts = "  ⟷  ".join(fmt.verbatim(clipped(text, _EXAMPLE_WIDTH)) for text in example.texts)
        row = _("Row {row}:").format(row=example.row)
        lines.append(f"**{row}** {texts or blank}")
    return lines
