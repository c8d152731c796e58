"""Which texts are put on the map: held-out ones, a dataset's or a corpus's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.data.store import list_datasets
from core.inspection.comparison import Comparison
from core.inspection.map_points import MapPoints, corpus_points, dataset_points, held_out_points
from core.inspection.widgets import Example, example_texts
from core.retrieval.succession import current_corpora
from core.training.runs import Run
from core.workspace import Workspace
from ui import format as fmt
from ui.corpora import corpus_name
from ui.datasets import dataset_name
from ui.language import _

STATE = st.session_state

HELD_OUT = "held_out"
_CHOICE = "map_texts"


def choose_points(
    workspace: Workspace, run: Run, comparison: Comparison, examples: Sequence[Example]
) -> MapPoints:
    """A drop-down of everything that has texts; returns the texts of what is chosen.

    Raises:
        Problem: they cannot be read, or there are none.
    """
    options = {HELD_OUT: _("Held-out texts of this run")}
    for dataset in list_datasets(workspace):
        words = _("Dataset: {name} · {rows} rows")
        options[f"dataset:{dataset.id}"] = words.format(
            name=dataset_name(dataset), rows=fmt.number(dataset.rows)
        )
    for corpus in current_corpora(workspace):
        words = _("Corpus: {name} · {rows} texts")
        options[f"corpus:{corpus.id}"] = words.format(
            name=corpus_name(corpus), rows=fmt.number(corpus.rows)
        )
    if STATE.get(_CHOICE) not in options:
        STATE.pop(_CHOICE, None)
    chosen = st.selectbox(
        _("Texts on the map"),
        list(options),
        format_func=options.__getitem__,
        key=_CHOICE,
        persist_state="session",
        width=205,
        help=_(
            "Held-out texts were never trained on, so they show what the model learned. Of more "
            "than 50,000 texts a random sample is drawn."
        ),
    )
    kind, _colon, id = chosen.partition(":")
    extra = tuple(example_texts(examples)) if kind == HELD_OUT else ()

    def read() -> MapPoints:
        if kind == "dataset":
            return dataset_points(workspace, id, comparison.held_out)
        if kind == "corpus":
            return corpus_points(workspace, id)
        return held_out_points(workspace, run, extra)

    return _read(str(workspace.root), run.id, chosen, extra, read)


def chosen_texts() -> str:
    """Which texts are chosen, as :func:`core.cli.commands.inspect` takes them."""
    chosen: str = STATE.get(_CHOICE) or HELD_OUT
    return "" if chosen == HELD_OUT else chosen


def texts_name() -> str:
    """What the legend calls the texts that are chosen."""
    return _("held-out texts") if STATE.get(_CHOICE) == HELD_OUT else _("Texts on the map")


@st.cache_resource(max_entries=3, show_spinner=False)
def _read(
    root: str, run: str, source: str, extra: tuple[str, ...], _points: Callable[[], MapPoints]
) -> MapPoints:
    """The texts of a source: neither a run's nor a dataset's nor a corpus's ever change."""
    return _points()
