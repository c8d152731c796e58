"""The Export screen: check a trained model in a fresh process, pack its folder, take it home."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.export.archive import archive_files
from core.export.job import Export, export_facts, last_export_job, start_export
from core.export.snippet import snippet
from core.export.tokens import LIFETIME_SECONDS
from core.jobs.engines import LOG_FILE
from core.jobs.status import JobState, JobStatus
from core.problems import N_, Problem
from core.training.artifacts import load_examples
from core.training.runs import Run, finished_runs, offered
from core.workspace import Workspace
from ui import format as fmt
from ui.downloads import download_button
from ui.language import _, say
from ui.pages import heading
from ui.runs import run_name
from ui.selection import choose, selected
from ui.states import state_badge
from ui.tables import paged_frame

_REFRESH_SECONDS = 1.0
_SNIPPET_CHARACTERS = 60
_LOG_LINES = 30
_PURPOSES = {
    "README.md": N_("The model card: what it was trained on, and how to use it"),
    "model.safetensors": N_("The weights: what was learned"),
    "tokenizer.json": N_("How texts are cut into tokens"),
    "modules.json": N_("The parts of the model, in order"),
    "config.json": N_("Kind and sizes of one part of the model"),
    "config_sentence_transformers.json": N_("Settings of sentence-transformers"),
    "sentence_bert_config.json": N_("How long a text may be"),
    "tokenizer_config.json": N_("Settings of the tokenizer"),
}
workspace = Workspace.open()


def show_contents(run: Run) -> None:
    """Every file that will be in the folder, what it is for, and how large it is."""
    st.subheader(_("What is in the folder"), anchor=False)
    assert run.model is not None
    files = {path.relative_to(run.model).as_posix(): path for path in archive_files(run.model)}
    purposes = [_PURPOSES.get(path.name) for path in files.values()]
    table = pd.DataFrame(
        {
            _("What it is for"): [_(purpose) if purpose else "–" for purpose in purposes],
            _("Size"): [fmt.size(path.stat().st_size) for path in files.values()],
        },
        index=pd.Index(files, name=_("File")),
    )
    paged_frame(table, f"contents_{run.id}", alt=_("The files of the model folder"), rows=10)


def show_packing(run: Run) -> None:
    """The button that starts the export; while it works, its progress; how it ended if not well."""
    job = last_export_job(workspace, run.id)
    status = JobStatus.load(workspace.job(job)) if job else None
    if job and status and status.state.active:
        st.session_state["packing"] = job
        st.fragment(watch, run_every=_REFRESH_SECONDS)(job)
        return
    st.markdown(
        _(
            "First a fresh process, with nothing but sentence-transformers, loads the folder and "
            "has to give the same vectors as Pairloom for at least 100 held-out texts. Then "
            "everything goes into one zip file."
        )
    )
    if job and status and status.state is not JobState.SUCCEEDED:
        show_failure(job, status)
    if st.button(_("Check and pack"), icon=":material/package_2:", type="primary", key="pack"):
        try:
            start_export(workspace, run.id)
        except Problem as problem:
            st.error(say(problem), icon=":material/error:")
        else:
            st.rerun()


def watch(job: str) -> None:
    """State and progress of the export; drawn again every second until it ends."""
    status = JobStatus.load(workspace.job(job))
    with st.container(horizontal=True, vertical_alignment="center"):
        state_badge(status)
        st.markdown(say(status.stage_message) or _("Waiting for the worker to start"))
    st.progress(status.done or 0.0)
    if not status.state.active and st.session_state.get("packing") == job:
        # It has just ended: draw the whole page once more, and ask no further.
        st.session_state["packing"] = None
        st.rerun()


def show_failure(job: str, status: JobStatus) -> None:
    """Why the last export gave no zip file."""
    if status.error_messages:
        st.error(say(*status.error_messages), icon=":material/error:")
    else:
        st.warning(_("The last export was stopped before its end."), icon=":material/cancel:")
    log = workspace.job(job) / LOG_FILE
    if log.exists():
        with st.expander(_("Log"), icon=":material/terminal:"):
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            st.code("\n".join(lines[-_LOG_LINES:]), language=None, height=300)


def show_export(run: Run, export: Export) -> None:
    """What the check found, the file itself, and how to use it."""
    difference = f"{export.difference:.0e}" if export.difference else "0"
    st.success(
        _(
            "A fresh process loaded the folder and gave the same vectors for {count} texts; "
            "largest difference {difference}."
        ).format(count=fmt.number(export.texts), difference=difference),
        icon=":material/verified:",
    )
    # Drawn again before the link behind the button grows old.
    st.fragment(show_download, run_every=LIFETIME_SECONDS / 3)(export)
    st.caption(
        _("Packed {time}. SHA-256, to check that it arrived whole:").format(
            time=fmt.moment(export.created)
        )
    )
    st.code(export.sha256, language=None)
    st.subheader(_("Use it from Python"), anchor=False)
    st.markdown(
        _(
            "Unpack the zip file, install sentence-transformers with “pip install "
            "sentence-transformers”, and run this beside the folder:"
        )
    )
    st.code(snippet(export.file.stem, snippet_texts(run)), language="python")


def show_download(export: Export) -> None:
    """The button with a link that has just been made."""
    label = _("Download the zip file ({size})").format(size=fmt.size(export.size_bytes))
    download_button(label, workspace, export.file)


def snippet_texts(run: Run) -> list[str]:
    """A question and other texts of the run's own table."""
    try:
        example = load_examples(run.folder)[0]
        texts = [example.source, *example.sentences]
    except (OSError, IndexError, ValueError, TypeError, KeyError):
        texts = [_("a question"), _("a text that answers it"), _("another text")]
    return [text[:_SNIPPET_CHARACTERS] for text in texts]


heading("export")
runs = {run.id: run for run in offered(finished_runs(workspace), selected("run"))}
if not runs:
    st.info(_("There is no trained model yet. Start a run on the Train screen, or try a sample."))
    st.stop()
chosen = choose(
    "run",
    _("Trained model"),
    {id: f"{run_name(run)} · {fmt.moment(run.status.created)}" for id, run in runs.items()},
)
assert chosen is not None
run = runs[chosen]
export = export_facts(workspace, run.id)
if export is None:
    show_packing(run)
else:
    show_export(run, export)
show_contents(run)
st.caption(_("The same from a terminal, in the folder of Pairloom:"))
st.code(f"python -m core export {run.id}", language="bash")
