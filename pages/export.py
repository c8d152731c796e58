"""The Export screen: check a trained model, pack it in the form that is needed, write its card."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from core.cli import commands
from core.export.archive import archive_files
from core.export.building import GRAPH, TABLE
from core.export.card.render import card_file
from core.export.formats import FORMATS, Format, formats_for
from core.export.record import Export
from core.export.snippet import ENCODE_FILE, snippet
from core.problems import N_
from core.training.artifacts import load_examples
from core.training.runs import Run, finished_runs, offered
from core.workspace import Workspace
from ui import format as fmt
from ui.command_line import show_commands
from ui.export_card import show_card
from ui.export_formats import show_format
from ui.language import _
from ui.pages import heading
from ui.runs import run_name
from ui.selection import choose, selected
from ui.tables import paged_frame

_SNIPPET_CHARACTERS = 60
_PURPOSES = {
    "README.md": N_("The model card: what it was trained on, and how to use it"),
    "README.zh.md": N_("The model card in Chinese"),
    "README.en.md": N_("The model card in English"),
    "model.safetensors": N_("The weights: what was learned"),
    "tokenizer.json": N_("How texts are cut into tokens"),
    "modules.json": N_("The parts of the model, in order"),
    "config.json": N_("Kind and sizes of one part of the model"),
    "config_sentence_transformers.json": N_("Settings of sentence-transformers"),
    "sentence_bert_config.json": N_("How long a text may be"),
    "tokenizer_config.json": N_("Settings of the tokenizer"),
    GRAPH: N_("The whole model as a graph, from tokens to vectors"),
    TABLE: N_("The weights: a vector for each piece of a word"),
    ENCODE_FILE: N_("The lines of Python that read it"),
}
VIEWS = {"formats": N_("Take it home"), "card": N_("Model card")}
workspace = Workspace.open()


def choose_view() -> str:
    """Files or card."""
    return st.segmented_control(
        _("View"),
        list(VIEWS),
        format_func=lambda view: _(VIEWS[view]),
        default="formats",
        required=True,
        key="export_view",
        persist_state="session",
        label_visibility="collapsed",
    )


def show_formats(run: Run, model: Path) -> None:
    """Every format that suits the model, then how the packed ones are used."""
    st.markdown(
        _(
            "Each form is loaded by a fresh process that knows nothing of Pairloom and compared "
            "with the trained model on 100 to 200 texts before it is offered: held-out ones, and "
            "where there are fewer, parts of them."
        )
    )
    shown = {format: show_format(workspace, run, format) for format in formats_for(model)}
    packed = {format: export for format, export in shown.items() if export is not None}
    if packed:
        show_use(run, packed)
    else:
        show_contents(model, run.id)


def show_use(run: Run, packed: dict[Format, Export]) -> None:
    """The lines that use a packed model, where it lies, and what is in it."""
    st.subheader(_("Use it from Python"), anchor=False)
    format = next(iter(packed))
    if len(packed) > 1:
        format = st.segmented_control(
            _("Form"),
            list(packed),
            format_func=lambda one: _(FORMATS[one].title),
            default=format,
            required=True,
            label_visibility="collapsed",
        )
    export = packed[format]
    st.markdown(
        _(
            "Unpack the zip file, install what it needs with “pip install {packages}”, and run "
            "this beside the folder:"
        ).format(packages=FORMATS[format].install)
    )
    st.code(program(run, export), language="python")
    st.caption(
        _("Packed {time}. SHA-256, to check that it arrived whole:").format(
            time=fmt.moment(export.created)
        )
    )
    st.code(export.sha256, language=None)
    st.caption(_("The same as a folder, on the computer that runs Pairloom:"))
    st.code(str(export.folder), language=None)
    show_contents(export.folder, f"{run.id}_{format}")


def program(run: Run, export: Export) -> str:
    """The lines that come with the export's card."""
    try:
        example = load_examples(run.folder)[0]
        texts = [example.source, *example.sentences]
    except (OSError, IndexError, ValueError, TypeError, KeyError):
        texts = [_("a question"), _("a text that answers it"), _("another text")]
    shortened = [text[:_SNIPPET_CHARACTERS] for text in texts]
    return snippet(export.folder.name, shortened, export.format, export.prompts)


def show_contents(folder: Path, key: str) -> None:
    """Every file in the folder, what it is for, and how large it is."""
    st.subheader(_("What is in the folder"), anchor=False)
    files = {path.relative_to(folder).as_posix(): path for path in archive_files(folder)}
    purposes = [_PURPOSES.get(path.name) for path in files.values()]
    table = pd.DataFrame(
        {
            _("What it is for"): [_(purpose) if purpose else "–" for purpose in purposes],
            _("Size"): [fmt.size(path.stat().st_size) for path in files.values()],
        },
        index=pd.Index(files, name=_("File")),
    )
    paged_frame(table, f"contents_{key}", alt=_("The files of the model folder"), rows=15)


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
assert run.model is not None
if choose_view() == "card":
    form = show_card(workspace, run)
    files = {language: card_file(form, language) for language in form.cards}
    show_commands(workspace, commands.card(run.id, files))
else:
    show_formats(run, run.model)
    show_commands(workspace, commands.export(run.id, formats_for(run.model)))
