"""What the screens say about tables and datasets: names, columns, how they were made."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.data.read import Table
from core.data.shapes import (
    ANCHOR,
    LABEL,
    NEGATIVE,
    POSITIVE,
    SCORE,
    SPLIT,
    TEXT,
    is_negative,
)
from core.data.store import DatasetInfo
from core.problems import N_
from ui import format as fmt
from ui.language import _, ngettext, plain, say
from ui.tables import paged_frame

_SEPARATORS = {
    ",": N_("commas"),
    ";": N_("semicolons"),
    "\t": N_("tabs"),
    "|": N_("vertical bars"),
}
_ROLES = {
    ANCHOR: N_("Anchor"),
    POSITIVE: N_("Positive"),
    NEGATIVE: N_("Negative"),
    SCORE: N_("Score"),
    TEXT: N_("Text"),
    LABEL: N_("Class"),
    SPLIT: N_("Side"),
}


def dataset_name(info: DatasetInfo) -> str:
    """The dataset's name; a bundled sample's in the session's language."""
    return _(info.name) if info.sample else info.name


def role_title(role: str) -> str:
    """What a role is called: "Anchor", "Negative 2" and so on."""
    if is_negative(role) and role != NEGATIVE:
        return _("Negative {number}").format(number=role.rpartition("_")[2])
    return _(_ROLES[role])


def column_title(info: DatasetInfo, role: str) -> str:
    """A role and the column of the source that plays it, if it has a name of its own."""
    name = info.names.get(role, role)
    if role == SPLIT or name.casefold() in (role, role_title(role).casefold()):
        return role_title(role)
    return f"{role_title(role)} · {name}"


def made_how(info: DatasetInfo) -> str:
    """How a version came to be, in a sentence (Markdown)."""
    if info.origin is not None:
        return say(info.origin)
    return _("As the table was brought in")


def separator_name(separator: str) -> str:
    """What stood between two cells, in words."""
    return _(_SEPARATORS[separator]) if separator in _SEPARATORS else fmt.verbatim(separator)


def table_sentence(table: Table) -> str:
    """How a table was read: rows, columns, encoding, separator."""
    rows, columns = len(table.frame), len(table.frame.columns)
    parts = [
        ngettext("{n} row", "{n} rows", rows).format(n=fmt.number(rows)),
        ngettext("{n} column", "{n} columns", columns).format(n=fmt.number(columns)),
    ]
    if table.encoding:
        parts.append(_("encoding {encoding}").format(encoding=table.encoding))
    if table.separator:
        separator = separator_name(table.separator)
        parts.append(_("cells separated by {separator}").format(separator=separator))
    return f"**{fmt.verbatim(table.name)}** – " + _(", ").join(parts)


def show_quarantine(table: Table) -> None:
    """The rows that could not be read, with their numbers and reasons, if there are any."""
    count = len(table.quarantine)
    if not count:
        return
    label = ngettext(
        "{n} row could not be read and was set aside",
        "{n} rows could not be read and were set aside",
        count,
    )
    with st.expander(label.format(n=fmt.number(count)), icon=":material/warning:"):
        paged_frame(
            pd.DataFrame(
                {
                    _("Row"): [row.row for row in table.quarantine],
                    _("Reason"): [plain(row.reason) for row in table.quarantine],
                    _("Text"): [row.text for row in table.quarantine],
                }
            ),
            "quarantine",
            alt=_("Rows that could not be read"),
            hide_index=True,
        )
