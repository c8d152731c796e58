"""Reading the open file differently: encoding, separator, header, sheet, archive, sample."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from core.data.reading.encodings import ENCODINGS
from core.data.reading.rows import Facts, ReadOptions
from core.data.staging import StagedTable, staged_file
from core.problems import N_
from core.workspace import Workspace
from ui import format as fmt
from ui.intake import Intake, change
from ui.language import _

SAMPLES = (10_000, 100_000, 1_000_000)
"""How many rows a sample of a large file can have."""

_SEPARATORS = {
    ",": N_("Comma ,"),
    ";": N_("Semicolon ;"),
    "\t": N_("Tab"),
    "|": N_("Vertical bar |"),
    "": N_("Nothing: there is one column"),
}
# From this size on a sample can be asked for.
_SAMPLE_BYTES = 20_000_000


def read_differently(workspace: Workspace, intake: Intake, table: StagedTable | None) -> None:
    """What was found out about the file, to be set by hand; a change reads it again at once."""
    facts = table.info.facts if table else None
    options = intake.draft.options
    large = staged_file(workspace, intake.id).bytes >= _SAMPLE_BYTES
    with st.popover(_("Read it differently"), icon=":material/tune:", key="read_differently"):
        if facts is None or facts.encoding:
            names = [facts.encoding] if facts and facts.encoding not in ENCODINGS else []
            _choice(
                workspace,
                intake,
                "encoding",
                _("Encoding: how letters are written in the file"),
                {name: name for name in (*names, *ENCODINGS)},
                facts.encoding if facts else options.encoding,
            )
        if facts is None or (facts.encoding and not facts.sheets):
            _choice(
                workspace,
                intake,
                "separator",
                _("What stands between two cells"),
                _separators(facts),
                facts.separator if facts else options.separator,
            )
        if facts is not None and len(facts.sheets) > 1:
            sheets = {name: name for name in facts.sheets}
            _choice(workspace, intake, "sheet", _("Sheet"), sheets, facts.sheet)
        if facts is not None and len(facts.members) > 1:
            members = {name: name for name in facts.members}
            _choice(workspace, intake, "member", _("File in the archive"), members, facts.member)
        if facts is None or _has_header_choice(facts):
            _header(workspace, intake, facts)
        if large or options.sample_rows is not None:
            _sample(workspace, intake)
        st.button(
            _("Find everything out again"),
            key="read_afresh",
            icon=":material/restart_alt:",
            type="tertiary",
            disabled=options == ReadOptions(),
            on_click=change,
            args=(workspace, intake.id),
            kwargs={"options": ReadOptions()},
        )


def _choice(
    workspace: Workspace,
    intake: Intake,
    field: str,
    label: str,
    options: dict[str, str],
    current: str | None,
) -> None:
    """A drop-down for one field of the options, showing how the file was read."""
    key = f"read_{intake.id}_{field}"
    # What was found out is the truth; the control follows it.
    st.session_state[key] = current if current in options else None
    st.selectbox(
        label,
        list(options),
        format_func=options.__getitem__,
        placeholder=_("found out"),
        key=key,
        on_change=lambda: set_option(workspace, intake, field, st.session_state[key]),
    )


def _header(workspace: Workspace, intake: Intake, facts: Facts | None) -> None:
    key = f"read_{intake.id}_header"
    current = facts.header if facts else intake.draft.options.header
    st.session_state[key] = True if current is None else current
    st.toggle(
        _("The first row names the columns"),
        key=key,
        on_change=lambda: set_option(workspace, intake, "header", st.session_state[key]),
    )


def _sample(workspace: Workspace, intake: Intake) -> None:
    key = f"read_{intake.id}_sample"
    choices = {0: _("All rows")}
    for rows in SAMPLES:
        choices[rows] = _("A sample of {rows} rows").format(rows=fmt.number(rows))
    current = intake.draft.options.sample_rows or 0
    choices.setdefault(current, _("A sample of {rows} rows").format(rows=fmt.number(current)))
    st.session_state[key] = current
    st.selectbox(
        _("How many rows to read"),
        list(choices),
        format_func=choices.__getitem__,
        key=key,
        help=_("A sample is drawn evenly from the whole file, and is the same one every time."),
        on_change=lambda: set_option(
            workspace, intake, "sample_rows", st.session_state[key] or None
        ),
    )


def set_option(workspace: Workspace, intake: Intake, field: str, value: Any) -> None:
    """Read the open file with another value of one option; for callbacks."""
    change(workspace, intake.id, options=replace(intake.draft.options, **{field: value}))


def _has_header_choice(facts: Facts) -> bool:
    """Text tables and workbooks may or may not name their columns; other formats always do."""
    return bool(facts.encoding or facts.sheets)


def _separators(facts: Facts | None) -> dict[str, str]:
    """The signs to choose from, the one that was found among them."""
    separators = {sign: _(words) for sign, words in _SEPARATORS.items()}
    if facts is not None:
        separators.setdefault(facts.separator, facts.separator)
    return separators
