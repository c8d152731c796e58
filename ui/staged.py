"""Reading an upload for a screen: a small file while the page waits, a large one by a job."""

from __future__ import annotations

import streamlit as st

from core.data.reading.rows import ReadOptions
from core.data.staging import INLINE_BYTES, StagedTable, load_staged, read_staged, staged_file
from core.workspace import Workspace
from ui import format as fmt
from ui import jobs
from ui.language import _


def is_large(size: int) -> bool:
    """Whether a file of so many bytes takes longer to read than somebody looks at a page."""
    return size > INLINE_BYTES


def staged_table(
    workspace: Workspace, id: str, place: str, options: ReadOptions | None = None
) -> StagedTable | None:
    """The upload ``id`` as a table; None while a job reads it, whose progress is then shown.

    Args:
        workspace: where it is.
        id: of the upload.
        place: where on the screens it is read: another file there ends the job for this one.
        options: how to read it.

    Raises:
        Problem: a small file is no table; what is wrong with a large one stands in the progress.
    """
    options = options or ReadOptions()
    table = load_staged(workspace, id, options)
    if table is not None:
        return table
    file = staged_file(workspace, id)
    title = _("Reading {file}").format(file=fmt.verbatim(file.name))
    if not is_large(file.bytes):
        with st.spinner(title):
            return read_staged(workspace, id, options)
    params = {"staged": id, "options": options.to_json()}
    wanted = jobs.Wanted("read_table", params, name="read", title=title)
    jobs.replace(workspace, place, wanted)
    jobs.follow(workspace, [wanted])
    return None
