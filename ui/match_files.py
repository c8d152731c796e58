"""Taking a result of Match home: CSV and Excel, made when somebody asks for them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.matching.chosen import Wish
from core.matching.export import (
    AT_ONCE_ROWS,
    WORDS,
    FileWish,
    Made,
    What,
    decided_so_far,
    made_file,
    make_file,
)
from core.matching.export_job import EXPORT_KIND
from core.matching.results import Result
from core.problems import N_, Problem
from core.workspace import Workspace
from ui import format as fmt
from ui import jobs
from ui.downloads import download_button
from ui.language import _, say
from ui.match_tables import table_name

STATE = st.session_state
_LABELS: dict[What, str] = {
    "matches": N_("Files of the matches"),
    "groups": N_("Files of the groups"),
    "kept": N_("Files of the table without what can go"),
}
_NAMES: dict[What, str] = {
    "matches": N_("matches"),
    "groups": N_("duplicates"),
    "kept": N_("without duplicates"),
}


def wants_matched_only(result: Result) -> bool:
    """Whether the files are to leave out rows without a match."""
    return bool(STATE.get(_matched_key(result)))


def _matched_key(result: Result) -> str:
    return f"files_matched_{result.meta.id}"


def offer_files(
    workspace: Workspace,
    result: Result,
    what: What,
    wish: Wish,
    rows: int,
    about: Sequence[tuple[str, str]],
) -> None:
    """A button that makes both files, then a button for each.

    Args:
        workspace: where the result is.
        result: what the files are about.
        what: which table.
        wish: how its candidates are looked at.
        rows: how many lines there will be, roughly: many are written by a job.
        about: what the workbook says about itself.
    """
    matched_only = what == "matches" and st.toggle(
        _("Only matched rows in the files"), key=_matched_key(result)
    )
    wishes = [
        FileWish(
            id=result.meta.id,
            what=what,
            format=format,
            wish=wish,
            matched_only=matched_only,
            words={name: _(word) for name, word in WORDS.items()},
            about=tuple(about),
            decided=decided_so_far(result),
        )
        for format in ("csv", "xlsx")
    ]
    made = [made_file(result, one) for one in wishes]
    asked = STATE.get(f"files_asked_{what}") == wishes[0].file_name
    with st.container(horizontal=True, vertical_alignment="center"):
        if None in made:
            if st.button(
                _(_LABELS[what]),
                key=f"make_{what}",
                icon=":material/table_view:",
                help=_("Makes a CSV and an Excel file to download."),
            ):
                STATE[f"files_asked_{what}"] = wishes[0].file_name
                asked = True
                if rows <= AT_ONCE_ROWS:
                    _make_now(result, wishes)
        else:
            for label, one in zip((_("Download CSV"), _("Download Excel")), made, strict=True):
                assert one is not None
                download_button(label, workspace, one.path, _file_name(result, what, one))
    if None in made and asked:
        wanted = [
            jobs.Wanted(
                EXPORT_KIND,
                one.model_dump(mode="json"),
                "files",
                _("CSV") if one.format == "csv" else _("Excel"),
            )
            for one, there in zip(wishes, made, strict=True)
            if there is None
        ]
        jobs.follow(workspace, wanted)
    if made[1] is not None:
        _say_cut(made[1])


def _make_now(result: Result, wishes: Sequence[FileWish]) -> None:
    try:
        with st.spinner(_("Writing the files …")):
            for one in wishes:
                make_file(result, one)
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")
        return
    st.rerun()


def _file_name(result: Result, what: What, made: Made) -> str:
    tables = result.meta.tables
    names = [
        table_name(table.name).rpartition(".")[0] or table_name(table.name)
        for table in tables.values()
    ]
    return f"{' - '.join(names)} - {_(_NAMES[what])}{made.path.suffix}"


def _say_cut(made: Made) -> None:
    """What a workbook cannot hold."""
    if made.cut.rows:
        st.warning(
            _(
                "A worksheet holds 1,048,576 rows: the last {rows} rows are in the CSV file only."
            ).format(rows=fmt.number(made.cut.rows)),
            icon=":material/warning:",
        )
    if made.cut.cells:
        st.warning(
            _(
                "A cell of a worksheet holds 32,767 characters: {cells} longer texts were cut "
                "there. The CSV file has them whole."
            ).format(cells=fmt.number(made.cut.cells)),
            icon=":material/warning:",
        )
