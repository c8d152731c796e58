"""The data report as files to take home: a page to read, and data for programs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import streamlit as st

from core.data.report import DataReport, report_html
from core.data.store import Dataset
from core.data.table_export import EXPORT_FOLDER
from core.export.tokens import LIFETIME_SECONDS
from core.files import write_json, write_text
from core.workspace import Workspace
from ui.datasets import dataset_name
from ui.downloads import download_button
from ui.language import _, current_language


def show_report_files(workspace: Workspace, dataset: Dataset, report: DataReport) -> None:
    """Buttons that download the report as HTML, in the session's language, and as JSON."""
    # Drawn again before the links behind the buttons grow old.
    st.fragment(_show_links, run_every=LIFETIME_SECONDS / 3)(workspace, dataset, report)


def _show_links(workspace: Workspace, dataset: Dataset, report: DataReport) -> None:
    name = dataset_name(dataset.info)
    page, data = write_report_files(dataset, report, name)
    title = f"{name} – " + _("data report")
    page_name, data_name = f"{title}.html", f"{title}.json"
    with st.container(horizontal=True):
        download_button(_("Download the report (HTML)"), workspace, page, page_name)
        download_button(_("Download the report (JSON)"), workspace, data, data_name)


def write_report_files(dataset: Dataset, report: DataReport, name: str) -> tuple[Path, Path]:
    """The report's HTML and JSON in the dataset's export folder, written when they are not there.

    ``name`` is what the page calls the dataset.
    """
    folder = dataset.folder / EXPORT_FOLDER
    folder.mkdir(exist_ok=True)
    content = f"{report.base}|{report.full}|{report.seconds}|{name}|{dataset.info.content_hash}"
    mark = hashlib.sha256(content.encode()).hexdigest()[:8]
    page = folder / f"report-{current_language()}-{mark}.html"
    data = folder / f"report-{mark}.json"
    if not page.exists():
        write_text(page, report_html(report, name, _))
    if not data.exists():
        write_json(data, report.to_json())
    return page, data
