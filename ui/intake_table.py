"""Reading the open file, how it was read in a sentence, and its rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from core.data.mojibake import repair
from core.data.staging import (
    StagedTable,
    load_staged,
    peek_staged,
    staged_file,
)
from core.problems import Message, Problem
from core.workspace import Workspace
from ui import format as fmt
from ui.datasets import separator_name
from ui.intake import Intake, close_table
from ui.intake_options import SAMPLES, set_option
from ui.language import _, ngettext, plain, say
from ui.staged import staged_table
from ui.tables import paged_source

# From this size on nothing is read before a person has said whether a sample will do.
_ASK_BYTES = 100_000_000
_PEEK_ROWS = 8
_WHOLE = "read_as_a_whole"


def file_name(workspace: Workspace, intake: Intake) -> str:
    """The name of the open file."""
    return staged_file(workspace, intake.id).name


def read(workspace: Workspace, intake: Intake) -> StagedTable | None:
    """The open file as a table; None while a job reads it, or after saying why it is none."""
    options = intake.draft.options
    table = load_staged(workspace, intake.id, options)
    if table is not None:
        return table
    size = staged_file(workspace, intake.id).bytes
    whole: set[str] = st.session_state.setdefault(_WHOLE, set())
    if size >= _ASK_BYTES and options.sample_rows is None and intake.id not in whole:
        _ask_how_much(workspace, intake, size)
    else:
        try:
            table = staged_table(workspace, intake.id, "intake_read", options)
        except Problem as problem:
            show_refusal(problem)
            return None
    if table is None:
        _show_beginning(workspace, intake)
    return table


def _ask_how_much(workspace: Workspace, intake: Intake, size: int) -> None:
    """Whether a very large file is to be read as a whole."""
    st.info(
        _(
            "This file is very large ({size}). A sample, drawn evenly from all of it, is read "
            "sooner and is often enough; the whole takes longer and makes a larger dataset."
        ).format(size=fmt.size(size)),
        icon=":material/database:",
    )
    with st.container(horizontal=True):
        for rows in SAMPLES[1:]:
            st.button(
                _("Read a sample of {rows} rows").format(rows=fmt.number(rows)),
                key=f"read_{rows}",
                icon=":material/filter_alt:",
                on_click=set_option,
                args=(workspace, intake, "sample_rows", rows),
            )
        st.button(
            _("Read all of it"),
            key="read_all",
            icon=":material/database:",
            on_click=st.session_state[_WHOLE].add,
            args=(intake.id,),
        )


def _show_beginning(workspace: Workspace, intake: Intake) -> None:
    """The first rows of a file that is still to be read."""
    try:
        rows = peek_staged(workspace, intake.id, intake.draft.options, _PEEK_ROWS)
    except Problem:
        # The job will say what is wrong.
        return
    st.caption(_("How it begins"))
    _rows_table(lambda start, count: rows, list(rows.columns), len(rows), f"peek_{intake.id}")


def show_refusal(problem: Problem) -> None:
    """Why the open file is no table, and the way to another one."""
    st.error(say(problem), icon=":material/error:")
    st.button(
        _("Choose another file"),
        key="choose_another",
        icon=":material/upload_file:",
        on_click=close_table,
    )


def table_sentence(table: StagedTable) -> str:
    """How the file was read: format, rows, columns, encoding, separator, header."""
    info, facts = table.info, table.info.facts
    parts = [
        _(facts.format),
        ngettext("{n} row", "{n} rows", info.rows).format(n=fmt.number(info.rows)),
        ngettext("{n} column", "{n} columns", len(info.columns)).format(
            n=fmt.number(len(info.columns))
        ),
    ]
    if facts.encoding:
        parts.append(_("encoding {encoding}").format(encoding=facts.encoding))
    if facts.separator:
        separator = separator_name(facts.separator)
        parts.append(_("cells separated by {separator}").format(separator=separator))
    if facts.sheet:
        parts.append(_("sheet {sheet}").format(sheet=fmt.verbatim(facts.sheet)))
    if facts.member:
        parts.append(_("from {file} in the archive").format(file=fmt.verbatim(facts.member)))
    if not facts.header:
        parts.append(_("no header row"))
    if facts.sampled_from is not None:
        rows = fmt.number(facts.sampled_from)
        parts.append(_("a sample of the {rows} rows in the file").format(rows=rows))
    return _(", ").join(parts)


def preview(intake: Intake, table: StagedTable, *, repaired: bool) -> None:
    """The table as it was read, page by page, its rows numbered as in a spreadsheet.

    With ``repaired``, broken characters are shown as they will be.
    """

    def page(start: int, rows: int) -> pd.DataFrame:
        cells = table.page(start, rows)
        return cells.map(repair) if repaired else cells

    _rows_table(page, table.info.columns, table.info.rows, f"preview_{_reading_key(intake)}")


def _rows_table(
    page: Callable[[int, int], pd.DataFrame], names: Sequence[str], length: int, key: str
) -> None:
    columns = {name: st.column_config.TextColumn(width="medium") for name in names}
    paged_source(
        page,
        length,
        key,
        alt=_("The table as it was read"),
        jump=True,
        column_config={"_index": st.column_config.NumberColumn(_("Row"), width="small"), **columns},
    )


def show_quarantine(intake: Intake, table: StagedTable) -> None:
    """The rows that could not be read, with their numbers and reasons, if there are any."""
    count = table.info.quarantined
    if not count:
        return
    label = ngettext(
        "{n} row could not be read and was set aside",
        "{n} rows could not be read and were set aside",
        count,
    )
    key = f"quarantine_{_reading_key(intake)}"
    aside = st.expander(
        label.format(n=fmt.number(count)), icon=":material/warning:", key=key, on_change="rerun"
    )
    if aside.open:
        with aside:
            paged_source(
                lambda start, rows: _in_words(table.quarantine_page(start, rows)),
                count,
                f"{key}_rows",
                alt=_("Rows that could not be read"),
                hide_index=True,
                column_config={
                    _("Row"): st.column_config.NumberColumn(width="small"),
                    _("Reason"): st.column_config.TextColumn(width="medium"),
                    _("Text"): st.column_config.TextColumn(width="large"),
                },
            )


def _in_words(quarantined: pd.DataFrame) -> pd.DataFrame:
    reasons = [plain(Message.from_json(json.loads(reason))) for reason in quarantined["reason"]]
    return pd.DataFrame(
        {
            _("Row"): quarantined["row"].to_numpy(),
            _("Reason"): reasons,
            _("Text"): quarantined["text"].to_numpy(),
        }
    )


def _reading_key(intake: Intake) -> str:
    """Another one for every file and every way to read it: a new table starts on its first page."""
    options = json.dumps(intake.draft.options.to_json())
    return f"{intake.id}_{hashlib.sha256(options.encode()).hexdigest()[:8]}"
